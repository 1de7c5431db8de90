"""The network that learns."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twinface.distillation.residual import FULL_DEPTH, build_resnet50, run_resnet50
from twinface.training.tensorflow_setup import import_keras


@dataclass(frozen=True, slots=True)
class Hint:
    """A teacher's map to be learnt beside its vectors: `channels` numbers at each place of the grid of a `stage`."""

    stage: int
    channels: int


def build_student(dimension: int, hints: Sequence[Hint] = (), depth: tuple[int, ...] = FULL_DEPTH) -> Any:
    """A keras.Model of pictures (n, s, s, 3), BGR less ImageNet's means.

    It gives vectors (n, 2048), answers (n, dimension) and the hints' maps. The vectors are the pooled maps of ResNet50,
    standardised by running statistics; answers, a linear map of them, are what the teacher, less its mean, is expected
    to say.
    """
    keras = import_keras()
    base: Any = keras.Model
    layers = keras.layers

    class Student(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name="student")
            self.resnet = build_resnet50(keras, depth)
            self.pool = layers.GlobalAveragePooling2D(dtype="float32")
            self.standardise = layers.BatchNormalization(
                center=False, scale=False, momentum=_MOMENTUM, dtype="float32", name="standardise"
            )
            self.project = layers.Dense(dimension, dtype="float32", name="project")
            self.adapters = [
                keras.Sequential(
                    [
                        layers.BatchNormalization(momentum=_MOMENTUM, name="norm"),
                        layers.Conv2D(hint.channels, 1, kernel_initializer="zeros", name="map"),
                    ],
                    name=f"hint_conv{hint.stage}",
                )
                for hint in hints
            ]

        def call(self, pictures: Any, training: bool = False) -> tuple[Any, ...]:
            stages = run_resnet50(self.resnet, pictures, depth, training)
            vectors = self.standardise(self.pool(stages[5]), training=training)
            maps = [
                adapter(stages[hint.stage], training=training)
                for hint, adapter in zip(hints, self.adapters, strict=True)
            ]
            return vectors, self.project(vectors), *maps

    student = Student()
    student(keras.ops.zeros((1, 32, 32, 3)))
    return student


_MOMENTUM = 0.9
"""Of batch norms of our own: few steps between two looks at the held-out people, so a short memory."""
