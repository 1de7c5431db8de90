"""The teacher: its vectors and, where its insides are known, maps from between its layers.

Maps are hints (Romero et al., FitNets, 2015): a student that also learns what its teacher sees where, at a layer of the
same grid, needs far fewer pictures to find its vectors.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface import assets
from twinface.matching.heads import normalised
from twinface.networks import Network, load_network
from twinface.networks.onnx_inputs import keep_inputs
from twinface.training.distillation.onnx_outputs import add_output
from twinface.training.distillation.views import resize
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
        self._look_inside = _open_with_maps(self.places) if self.places else None

    def ask(self, crops: NDArray[np.uint8]) -> tuple[Vectors, list[Maps]]:
        """Unit vectors (n, d) of crops, uint8 (n, s, s, 3) BGR, and the maps at each of `places`."""
        crops = resize(crops, self._network.recipe.input_size_px)
        if self._look_inside is None:
            return normalised(self._network.embed(crops)), []
        outputs = [self._look_inside(crop) for crop in crops]
        vectors, *maps = (np.concatenate(part) for part in zip(*outputs, strict=True))
        return normalised(vectors), [part.transpose(0, 2, 3, 1) for part in maps]


def _open_with_maps(places: tuple[HintPlace, ...]) -> Callable[[NDArray[np.uint8]], list[NDArray[np.float32]]]:
    """SFace from one crop to its vector, (1, 128), and its maps at these places, (1, channels, side, side)."""
    model = keep_inputs(assets.fetch("sface").read_bytes(), {"data"})
    for place in places:
        model = add_output(model, place.layer, (1, place.channels, place.side, place.side))
    net = cv2.dnn.readNetFromONNX(np.frombuffer(model, np.uint8))
    outputs = net.getUnconnectedOutLayersNames()

    def look(crop: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        net.setInput(cv2.dnn.blobFromImage(crop, swapRB=True))
        return [np.asarray(output, np.float32) for output in net.forward(outputs)]

    return look


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
