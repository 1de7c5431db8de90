"""Keras, imported late, and its models converted to LiteRT: everything of twinface that only runs does without it."""

import contextlib
import importlib
import importlib.util
import io
import os
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.errors import MissingExtraError
from twinface.native_libraries import quiet

_INSTALL = "pip install 'twinface[train]'"

QUANTIZATIONS = ("none", "float16", "int8")


def import_keras() -> Any:
    """The module keras, on the backend that is installed or that $KERAS_BACKEND names.

    Raises MissingExtraError, in one line, when there is none.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    backend = os.environ.get("KERAS_BACKEND", "tensorflow")
    for module in ("keras", backend):
        if importlib.util.find_spec(module) is None:
            raise MissingExtraError(f"this needs {module}, which is not installed; {_INSTALL}")
    with quiet():
        return importlib.import_module("keras")


def import_tensorflow() -> Any:
    """The module tensorflow, which exporting to LiteRT needs. Raises MissingExtraError."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if importlib.util.find_spec("tensorflow") is None:
        raise MissingExtraError(f"this needs tensorflow, which is not installed; {_INSTALL}")
    with quiet():
        return importlib.import_module("tensorflow")


def limit_threads(threads: int) -> None:
    """Let TensorFlow, if it is the backend, compute on so many threads; to be called before anything is computed."""
    if import_keras().backend.backend() != "tensorflow":
        return
    tensorflow = import_tensorflow()
    try:
        tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:  # already running: the first caller's choice stands
        return


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
