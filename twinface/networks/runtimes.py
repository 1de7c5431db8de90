"""The runtimes behind the one interface. Crops go through one by one: on a CPU a batch is no quicker a face, and so a
vector does not depend, not even in its last bit, on the faces it shared a batch with.
"""

from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError
from twinface.networks.preprocessing import postprocess, preprocess
from twinface.networks.recipe import NetworkRecipe
from twinface.types import Vectors


class Network(Protocol):
    """Crops in, vectors out."""

    @property
    def recipe(self) -> NetworkRecipe:
        """How this network is fed, and its fingerprint."""

    def embed(self, crops: NDArray[np.uint8]) -> Vectors:
        """Crops, uint8 (n, s, s, 3) BGR with s = recipe.input_size_px, to C-contiguous float32 (n, recipe.dimension).

        Raises ValueError for another shape or dtype.
        """


class OpenCvNetwork:
    """An ONNX file in OpenCV's own runtime. `threads` holds for all of OpenCV in this process."""

    def __init__(self, recipe: NetworkRecipe, model: bytes, threads: int) -> None:
        self.recipe = recipe
        cv2.setNumThreads(threads)
        try:
            self._net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
        except cv2.error as error:
            raise ArtefactError(f"network {recipe.name!r}: OpenCV cannot load it ({error.err})") from error

    def embed(self, crops: NDArray[np.uint8]) -> Vectors:
        """See Network.embed."""
        vectors = np.empty((len(crops), self.recipe.dimension), np.float32)
        for row, crop in enumerate(preprocess(crops, self.recipe)):
            self._net.setInput(np.ascontiguousarray(crop.transpose(2, 0, 1))[np.newaxis])
            vectors[row] = self._net.forward().reshape(-1)
        return postprocess(vectors, self.recipe)


class LiteRtNetwork:
    """A .tflite file in LiteRT, float in and out, whatever is inside."""

    def __init__(self, recipe: NetworkRecipe, model: bytes, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self.recipe = recipe
        try:
            self._interpreter = Interpreter(model_content=model, num_threads=threads)
            self._interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise ArtefactError(f"network {recipe.name!r}: LiteRT cannot load it ({reason})") from error
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def embed(self, crops: NDArray[np.uint8]) -> Vectors:
        """See Network.embed."""
        vectors = np.empty((len(crops), self.recipe.dimension), np.float32)
        for row, crop in enumerate(preprocess(crops, self.recipe)):
            self._interpreter.set_tensor(self._input, crop[np.newaxis])
            self._interpreter.invoke()
            vectors[row] = self._interpreter.get_tensor(self._output).reshape(-1)
        return postprocess(vectors, self.recipe)


def start_runtime(recipe: NetworkRecipe, network_file: bytes, threads: int) -> Network:
    """Load a network that has been verified. Raises ArtefactError when the runtime refuses it."""
    if recipe.runtime == "litert":
        return LiteRtNetwork(recipe, network_file, threads)
    return OpenCvNetwork(recipe, network_file, threads)
