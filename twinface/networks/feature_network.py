"""The one interface behind which the runtimes stand."""

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError
from twinface.networks.preprocessing import preprocess
from twinface.networks.recipe import NetworkRecipe
from twinface.networks.runtimes import start_litert, start_opencv
from twinface.types import Vectors

_SHORTEST = np.float32(1e-12)


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
