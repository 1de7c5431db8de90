"""A feature network: crops in, vectors out, by OpenCV for ONNX and by LiteRT for .tflite. TensorFlow is not needed.

Only the runtime that is used is imported: a process does not carry the other one's memory, 16 MB for OpenCV.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError
from twinface.native_libraries import open_interpreter
from twinface.networks.recipe import NetworkRecipe
from twinface.types import Vectors

_SCALE_AND_OFFSET_RGB: dict[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = {
    "none": ((1.0, 1.0, 1.0), (0.0, 0.0, 0.0)),
    "tf": ((1 / 127.5, 1 / 127.5, 1 / 127.5), (-1.0, -1.0, -1.0)),
    "torch": (
        (1 / (255 * 0.229), 1 / (255 * 0.224), 1 / (255 * 0.225)),
        (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225),
    ),
    "caffe": ((1.0, 1.0, 1.0), (-123.68, -116.779, -103.939)),
}

Run = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""One preprocessed crop, float32 (s, s, 3), to its vector, float32 of any shape."""

_SHORTEST = np.float32(1e-12)


def preprocess(crops: NDArray[np.uint8], recipe: NetworkRecipe) -> NDArray[np.float32]:
    """Crops, uint8 (n, s, s, 3) BGR, as float32 (n, s, s, 3) in the recipe's colour order and scaling.

    The modes are those of keras.applications.imagenet_utils.preprocess_input. Raises ValueError for another size.
    """
    size = recipe.input_size_px
    if crops.dtype != np.uint8 or crops.ndim != 4 or crops.shape[1:] != (size, size, 3):
        raise ValueError(f"crops: expected uint8 (n, {size}, {size}, 3), got {crops.dtype} {crops.shape}")
    scale, offset = (np.array(row, np.float32) for row in _SCALE_AND_OFFSET_RGB[recipe.scaling])
    if recipe.color_order == "bgr":
        return crops * scale[::-1] + offset[::-1]
    return crops[..., ::-1] * scale + offset


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


class Network:
    """Crops in, vectors out, as `recipe` says. One network serves one thread.

    Crops go through one by one: on a CPU a batch is no quicker a face, and so a vector does not depend, not even in
    its last bit, on the faces it shared a batch with.
    Raises ArtefactError when the runtime refuses the model, or it is not what the recipe says.
    """

    def __init__(self, recipe: NetworkRecipe, model: bytes, *, threads: int) -> None:
        self.recipe = recipe
        size_px = recipe.input_size_px
        try:
            self._run = (start_litert if recipe.runtime == "litert" else start_opencv)(model, threads)
            numbers = self._run(np.zeros((size_px, size_px, 3), np.float32)).size
        except (ValueError, RuntimeError) as error:
            reason = " ".join(str(error).split())
            raise ArtefactError(f"network {recipe.name!r}: {reason}; make it again with `twinface network`") from error
        if numbers != recipe.dimension:
            raise ArtefactError(
                f"network {recipe.name!r}: gives {numbers} numbers, its recipe says {recipe.dimension};"
                " make it again with `twinface network`"
            )

    def embed(self, crops: NDArray[np.uint8]) -> Vectors:
        """Crops, uint8 (n, s, s, 3) BGR with s = recipe.input_size_px, to C-contiguous float32 (n, recipe.dimension).

        Raises ValueError for crops of another shape or dtype.
        """
        vectors = np.empty((len(crops), self.recipe.dimension), np.float32)
        for row, crop in enumerate(preprocess(crops, self.recipe)):
            vectors[row] = self._run(crop).reshape(-1)
        if self.recipe.normalisation == "l2":
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), _SHORTEST)
        return vectors
