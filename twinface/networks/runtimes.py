"""What can run a network file: OpenCV for ONNX, LiteRT for .tflite. TensorFlow is not needed.

Only the runtime that is used is imported: a process does not carry the other one's memory, 16 MB for OpenCV.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from twinface.litert import open_interpreter

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""One preprocessed crop, float32 (s, s, 3), to its vector, float32 of any shape."""


def start_opencv(model: bytes, threads: int) -> Run:
    """An ONNX file in OpenCV's own runtime; `threads` holds for all of OpenCV in this process.

    Raises ValueError with the reason when OpenCV refuses the model; what it gives does so with RuntimeError.
    """
    import cv2

    cv2.setNumThreads(threads)
    try:
        net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
    except cv2.error as error:
        raise ValueError(f"OpenCV cannot load it: {_first_line(error)}") from error

    def run(crop: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            net.setInput(np.ascontiguousarray(crop.transpose(2, 0, 1))[np.newaxis])
            return np.asarray(net.forward(), np.float32)
        except cv2.error as error:
            raise RuntimeError(_first_line(error)) from error

    return run


def start_litert(model: bytes, threads: int) -> Run:
    """A .tflite file in LiteRT, float in and out, whatever is inside.

    Raises ValueError with the reason when LiteRT refuses the model.
    """
    interpreter = open_interpreter(model, threads)
    source = interpreter.get_input_details()[0]["index"]
    target = interpreter.get_output_details()[0]["index"]

    def run(crop: NDArray[np.float32]) -> NDArray[np.float32]:
        interpreter.set_tensor(source, crop[np.newaxis])
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(target), np.float32)

    return run


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
