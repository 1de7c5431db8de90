"""Keras, imported late: everything of twinface that only runs does without it."""

import importlib
import importlib.util
import os
from typing import Any

from twinface.errors import MissingExtraError
from twinface.quiet import quiet

_INSTALL = "pip install 'twinface[train]'"


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
