"""The network that learns; and what a run has taught it, in float32 and without scaffolding, to be converted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from twinface.distillation.checkpoints import find_checkpoint, read_progress, read_weights
from twinface.errors import ArtefactError
from twinface.training.tensorflow_setup import import_keras

BLOCKS = (3, 4, 6, 2)
"""Of ResNet50's stages conv2 … conv5, up to `conv5_block2_out`, where vectors are taken."""

_EPSILON = 1e-3
"""Of keras.layers.BatchNormalization."""

_MOMENTUM = 0.9
"""Of batch norms of our own: few steps between two looks at the held-out people, so a short memory."""


@dataclass(frozen=True, slots=True)
class Hint:
    """A teacher's map to be learnt beside its vectors: `channels` numbers at each place of the grid of a `stage`."""

    stage: int
    channels: int


def build_student(dimension: int, hints: Sequence[Hint] = ()) -> Any:
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
            self.resnet = keras.applications.ResNet50(weights=None, include_top=False, input_shape=(None, None, 3))
            ends = [f"conv{stage}_block{blocks}_out" for stage, blocks in enumerate(BLOCKS, start=2)]
            self.stages = keras.Model(self.resnet.inputs[0], [self.resnet.get_layer(end).output for end in ends])
            used = set(self.stages.layers)
            for layer in self.resnet.layers:
                layer.trainable = layer in used
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
            maps = dict(enumerate(self.stages(pictures, training=training), start=2))
            vectors = self.standardise(self.pool(maps[5]), training=training)
            adapted = [
                adapter(maps[hint.stage], training=training) for hint, adapter in zip(hints, self.adapters, strict=True)
            ]
            return vectors, self.project(vectors), *adapted

    student = Student()
    student(keras.ops.zeros((1, 32, 32, 3)))
    return student


def freeze_stages(resnet: Any, last: int) -> None:
    """Let only the `last` stages learn (1: conv5); batch norms of the others keep their statistics too."""
    for layer in resnet.layers:
        stage = int(layer.name[len("conv")]) if layer.name.startswith("conv") else 1
        layer.trainable = layer.trainable and stage > 5 - last


def block_names() -> Iterator[str]:
    """The blocks that vectors rest on, as Keras calls them."""
    for stage, blocks in enumerate(BLOCKS, start=2):
        for block in range(1, blocks + 1):
            yield f"conv{stage}_block{block}"


def build_taught(run: Path, pooling: str) -> tuple[Any, int]:
    """A float32 keras.Model from pictures (n, s, s, 3), BGR less ImageNet's means, to vectors; and its input size s.

    `pooling`: "standardised" for the 2048 pooled numbers, each less its mean and divided by its deviation over the
    pictures trained on, or "projected" for the linear map of these that learnt to output what the teacher outputs.
    Raises ArtefactError when `run` has no checkpoint, or a damaged one.
    """
    checkpoint = find_checkpoint(run)
    if checkpoint is None:
        raise ArtefactError(f"{run}: no checkpoint in it; name the folder of a run of `twinface distill`")
    size_px = read_progress(checkpoint).size_px
    learnt = read_weights(checkpoint)
    keras = import_keras()
    resnet = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(size_px, size_px, 3))
    features = keras.Model(resnet.inputs[0], resnet.get_layer("conv5_block2_out").output)
    for variable in features.weights:
        variable.assign(learnt[variable.path])
    pooled = keras.layers.GlobalAveragePooling2D()(features.output)
    mean, variance = learnt["student/standardise/moving_mean"], learnt["student/standardise/moving_variance"]
    deviation = np.sqrt(variance + _EPSILON)
    if pooling == "standardised":
        last = keras.layers.Rescaling(1 / deviation, -mean / deviation, name=pooling)
        return keras.Model(features.inputs[0], last(pooled), name="features"), size_px
    kernel, bias = learnt["student/project/kernel"], learnt["student/project/bias"]
    last = keras.layers.Dense(len(bias), name=pooling)
    model = keras.Model(features.inputs[0], last(pooled), name="features")
    last.set_weights([kernel / deviation[:, np.newaxis], bias - (mean / deviation) @ kernel])
    return model, size_px
