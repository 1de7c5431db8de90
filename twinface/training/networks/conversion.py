"""Keras to LiteRT."""

import contextlib
import io
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.quiet import quiet
from twinface.training.tensorflow_setup import import_tensorflow

QUANTIZATIONS = ("none", "float16", "int8")


def convert(model: Any, quantization: str, representative: NDArray[np.float32] | None = None) -> bytes:
    """A Keras model as a LiteRT file, float32 in and out whatever is inside; `quantization` is one of QUANTIZATIONS.

    "int8" is full-integer arithmetic, scaled by `representative`, network input float32 (n, s, s, 3). The model must
    have been built in float32: one built under a mixed policy does not convert.
    """
    tensorflow = import_tensorflow()
    converter = tensorflow.lite.TFLiteConverter.from_keras_model(model)
    if quantization != "none":
        converter.optimizations = [tensorflow.lite.Optimize.DEFAULT]
    if quantization == "float16":
        converter.target_spec.supported_types = [tensorflow.float16]
    if quantization == "int8":
        if representative is None:
            raise ValueError("representative: int8 needs pictures to find its scales with")
        converter.representative_dataset = lambda: ([picture[np.newaxis]] for picture in representative)
        converter.target_spec.supported_ops = [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]
    with quiet(), contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings(action="ignore"):
        return bytes(converter.convert())
