"""The network that learns, and what it is asked to do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from twinface.training.distillation.residual import FULL_DEPTH, build_resnet50, run_resnet50
from twinface.training.tensorflow_setup import import_keras


@dataclass(frozen=True, slots=True)
class Hint:
    """A teacher's map to be learnt beside its vectors: `channels` numbers at each place of the grid of a `stage`."""

    stage: int
    channels: int


def build_student(
    dimension: int, hints: Sequence[Hint] = (), depth: tuple[int, ...] = FULL_DEPTH, hint_weight: float = 1.0
) -> Any:
    """A keras.Model of pictures (n, s, s, 3), BGR less ImageNet's means.

    It gives vectors (n, 2048), answers (n, dimension) and the hints' maps. The vectors are the pooled maps of ResNet50,
    standardised by running statistics; answers, a linear map of them, are what the teacher, less its mean, is expected
    to say. `fit` takes the teacher's unit vectors, (n, dimension), and its maps, (n, h, w, channels) of any grid.
    """
    keras = import_keras()
    base: Any = keras.Model
    ops, layers = keras.ops, keras.layers

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
            self.agreement = keras.metrics.Mean("agreement")
            self.hint_error = keras.metrics.Mean("hint_error")

        def call(self, pictures: Any, training: bool = False) -> tuple[Any, ...]:
            stages = run_resnet50(self.resnet, pictures, depth, training)
            vectors = self.standardise(self.pool(stages[5]), training=training)
            maps = [
                adapter(stages[hint.stage], training=training)
                for hint, adapter in zip(hints, self.adapters, strict=True)
            ]
            return vectors, self.project(vectors), *maps

        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
        ) -> Any:
            """1 - cosine to the teacher, plus the errors of both similarity matrices of the batch and of the hints."""
            del x, sample_weight, training
            teacher, *wanted_maps = y
            vectors, answers = (_unit(ops, part) for part in y_pred[:2])
            agreement = ops.mean(ops.sum(answers * teacher, axis=-1))
            similarities = _similarities(ops, teacher)
            geometry = sum(ops.mean(ops.square(_similarities(ops, part) - similarities)) for part in (vectors, answers))
            pairs = zip(y_pred[2:], wanted_maps, strict=True)
            hint_error = sum((_map_error(ops, found, wanted) for found, wanted in pairs), start=0.0)
            self.agreement.update_state(agreement)
            self.hint_error.update_state(hint_error)
            return 1.0 - agreement + geometry + hint_weight * hint_error

    student = Student()
    student(ops.zeros((1, 32, 32, 3)))
    return student


_MOMENTUM = 0.9
"""Of batch norms of our own: few steps between two looks at the held-out people, so a short memory."""


def _unit(ops: Any, vectors: Any) -> Any:
    return vectors / ops.sqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True) + 1e-6)


def _similarities(ops: Any, vectors: Any) -> Any:
    return ops.matmul(vectors, ops.transpose(vectors))


def _map_error(ops: Any, found: Any, wanted: Any) -> Any:
    """The mean over places of the squared distance, the teacher's map brought to the student's grid."""
    found = ops.cast(found, "float32")
    if found.shape[1:3] != wanted.shape[1:3]:
        wanted = ops.image.resize(wanted, found.shape[1:3], antialias=True, data_format="channels_last")
    return ops.mean(ops.sum(ops.square(found - wanted), axis=-1))
