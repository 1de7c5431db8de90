"""Native libraries as every room uses them: kept from the terminal, refusals as one line, freed memory given back."""

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what libraries write to stderr, past Python, from the user while the block runs."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, not a file
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def open_interpreter(model: bytes, threads: int) -> Any:
    """An `ai_edge_litert.interpreter.Interpreter` for a .tflite file. Raises ValueError when LiteRT refuses it."""
    from ai_edge_litert.interpreter import Interpreter

    try:
        with quiet():
            interpreter = Interpreter(model_content=model, num_threads=threads)
            interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"LiteRT cannot load it: {reason}") from error
    return interpreter


def hush_opencv() -> None:
    """Keep OpenCV and its FFmpeg from writing to the terminal; to be called before the first video is opened."""
    import cv2

    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


def trim_heap() -> None:
    """Give back what was freed, where the C library can: glibc keeps 22 MB after loading SFace."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
