"""The teacher: its vectors and, where its insides are known, maps from between its layers.

Maps are hints (Romero et al., FitNets, 2015): a student that also learns what its teacher sees where, at a layer of the
same grid, needs far fewer pictures to find its vectors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface import assets
from twinface.distillation.crop_views import resize
from twinface.distillation.onnx_layers import read_chain, run_chain
from twinface.errors import InputError
from twinface.matching.vectors import normalised
from twinface.networks.feature_network import Network
from twinface.networks.registry import load_network
from twinface.training.tensorflow_setup import import_keras
from twinface.types import Vectors

Maps = NDArray[np.float32]
"""Maps, float32 (n, h, w, channels)."""


@dataclass(frozen=True, slots=True)
class HintPlace:
    """A layer of the teacher, its `channels` and `side` of its map, and the stage of ResNet50 that has the same grid.

    Of its channels `kept` principal components are learnt.
    """

    layer: str
    channels: int
    side: int
    stage: int
    kept: int


_PLACES = {
    "sface": (HintPlace("bn1", 1024, 7, stage=4, kept=256), HintPlace("conv_12_relu", 512, 14, stage=3, kept=96))
}


class Teacher:
    """A network to learn from; `places` says which maps it gives beside its vectors, none for most networks."""

    def __init__(self, name: str) -> None:
        self._network: Network = load_network(name)
        self.places = _PLACES.get(name, ())
        self.fingerprint = self._network.recipe.fingerprint
        self.dimension = self._network.recipe.dimension
        self._chain = read_chain(assets.fetch(name)) if self.places else ()
        self._compiled: Any = None

    def ask(self, crops: NDArray[np.uint8]) -> tuple[Vectors, list[Maps]]:
        """Unit vectors (n, d) of crops, uint8 (n, s, s, 3) BGR, and the maps at each of `places`."""
        crops = resize(crops, self._network.recipe.input_size_px)
        if not self.places:
            return normalised(self._network.embed(crops)), []
        if self._compiled is None:
            self._compiled = _compile(self.on_device())
        vectors, maps = self._compiled.predict_on_batch(crops)
        return normalised(vectors), maps

    def on_device(self) -> Callable[[Any, str], tuple[Any, list[Any]]]:
        """A function by Keras operations from crops (n, 112, 112, 3) BGR, 0…255, and the type to compute in, to the
        vectors (n, d) and the maps at each of `places`, NHWC.

        Raises InputError for a teacher whose layers are not known.
        """
        if not self.places:
            raise InputError("--views 0 asks the teacher on the device, which only sface can; give --views 8, or that")
        ops = import_keras().ops
        layers = [place.layer for place in self.places]

        def ask(crops: Any, dtype: str) -> tuple[Any, list[Any]]:
            rgb = ops.flip(ops.cast(crops, dtype), axis=-1)
            vectors, maps = run_chain(ops, self._chain, rgb, layers, dtype)
            return ops.cast(vectors, "float32"), [maps[layer] for layer in layers]

        return ask


def _compile(ask: Callable[[Any, str], tuple[Any, list[Any]]]) -> Any:
    """A model that asks in float32: twice as fast on a processor as one operation after the other."""
    base: Any = import_keras().Model

    class Asking(base):  # type: ignore[misc]
        def call(self, crops: Any) -> tuple[Any, list[Any]]:
            return ask(crops, "float32")

    return Asking()


@dataclass(frozen=True, slots=True, eq=False)
class HintBasis:
    """Principal components of a map's channels: `mean` (channels,), `components` (channels, kept).

    Scaled so that what is kept has variance 1 in all: a loss of 1 is to know nothing.
    """

    mean: NDArray[np.float32]
    components: NDArray[np.float32]

    def project(self, maps: Maps) -> Maps:
        """Maps (n, h, w, channels) as (n, h, w, kept)."""
        return np.asarray((maps - self.mean) @ self.components, np.float32)


def find_basis(maps: Maps, kept: int) -> HintBasis:
    """The first principal components of the channels of some maps, over all places."""
    places = maps.reshape(-1, maps.shape[-1]).astype(np.float64)
    mean = places.mean(axis=0)
    variances, directions = np.linalg.eigh(np.cov(places - mean, rowvar=False))
    components = directions[:, -kept:] / np.sqrt(variances[-kept:].sum())
    return HintBasis(mean.astype(np.float32), components.astype(np.float32))


def load_or_find_bases(path: Path, teacher: Teacher, crops: NDArray[np.uint8]) -> list[HintBasis]:
    """The bases kept in a file, one a place; if it is not there, found with the teacher's maps of `crops` and kept."""
    if not path.exists():
        found = [
            find_basis(maps, place.kept) for place, maps in zip(teacher.places, teacher.ask(crops)[1], strict=True)
        ]
        arrays: dict[str, Any] = {f"mean{number}": basis.mean for number, basis in enumerate(found)}
        arrays |= {f"components{number}": basis.components for number, basis in enumerate(found)}
        np.savez(path, **arrays)
    with np.load(path, allow_pickle=False) as kept:
        return [HintBasis(kept[f"mean{number}"], kept[f"components{number}"]) for number in range(len(teacher.places))]
