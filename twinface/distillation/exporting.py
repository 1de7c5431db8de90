"""The network that a run has taught, as one that can be converted: rebuilt in float32, without what was scaffold."""

from pathlib import Path
from typing import Any

import numpy as np

from twinface.distillation.checkpoints import find_checkpoint, read_progress, read_weights
from twinface.errors import ArtefactError
from twinface.training.tensorflow_setup import import_keras


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


_EPSILON = 1e-3
"""Of keras.layers.BatchNormalization."""
