"""Keras, imported late: everything of twinface that only runs does without it."""

import contextlib
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterator
from typing import Any

from twinface.errors import UserError

_INSTALL = "pip install 'twinface[train]'"


class MissingExtraError(UserError):
    """The train extra is not installed."""


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


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what TensorFlow's own libraries write to stderr, past Python, from the user while the block runs."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a file
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


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
