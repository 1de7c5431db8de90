"""The teacher: its vectors and, where its insides are known, maps from between its layers, asked once and kept on disk.

Maps are hints (Romero et al., FitNets, 2015): a student that also learns what its teacher sees where, at a layer of the
same grid, needs far fewer pictures to find its vectors.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface import assets
from twinface.distillation.crop_views import Views, cut_view, draw_views, resize
from twinface.distillation.onnx_layers import read_chain, run_chain
from twinface.errors import InputError
from twinface.files import make_folder
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


@dataclass(frozen=True, slots=True, eq=False)
class TargetBatch:
    """Crops in a view, uint8 (k, 112, 112, 3), the teacher's unit vectors, float32 (k, d), and its projected maps."""

    pictures: NDArray[np.uint8]
    vectors: Vectors
    maps: list[Maps]


class Targets:
    """The teacher's outputs for a pack of crops, uint8 (n, 128, 128, 3), in as many views as `views`.

    Kept as float16 under `folder`, a file for the vectors and one for each kind of map a view; where a vector is NaN
    the teacher has not been asked yet, and is when it is wanted. The folder belongs to one teacher, pack and seed.
    """

    def __init__(
        self,
        folder: Path,
        teacher: Teacher,
        crops: NDArray[np.uint8],
        *,
        views: int,
        seed: int,
        bases: Sequence[HintBasis] = (),
    ) -> None:
        self._folder, self._teacher, self._crops, self._bases = folder, teacher, crops, bases
        self._views = [draw_views(number, len(crops), seed) for number in range(views)]
        self._files: dict[int, list[NDArray[np.float16]]] = {}
        make_folder(folder)

    def batch(self, number: int, rows: NDArray[np.int64]) -> TargetBatch:
        """Some crops in a view; `number` counts on without end, the views are taken in turn."""
        number %= len(self._views)
        vectors, *maps = self._open(number)
        pictures = np.stack([self._cut(self._views[number], row) for row in rows])
        missing = np.flatnonzero(np.isnan(vectors[rows, 0]))
        if missing.size:
            said, seen = self._teacher.ask(pictures[missing])
            for kept, basis, part in zip(maps, self._bases, seen, strict=False):
                kept[rows[missing]] = basis.project(part)
            vectors[rows[missing]] = said
        return TargetBatch(
            pictures,
            normalised(np.asarray(vectors[rows], np.float32)),
            [kept[rows].astype(np.float32) for kept in maps],
        )

    def _cut(self, view: Views, row: np.int64) -> NDArray[np.uint8]:
        return cut_view(self._crops[row], view.shift_px[row], bool(view.flip[row]))

    def _open(self, number: int) -> list[NDArray[np.float16]]:
        """The arrays of a view on disk, vectors first."""
        if number not in self._files:
            count, name = len(self._crops), f"view-{number:03}"
            maps = [
                _open_array(
                    self._folder / f"{name}-{place.layer}.npy",
                    (count, place.side, place.side, basis.components.shape[1]),
                    fill=0.0,
                )
                for place, basis in zip(self._teacher.places, self._bases, strict=False)
            ]
            vectors = _open_array(self._folder / f"{name}.npy", (count, self._teacher.dimension), fill=np.nan)
            self._files[number] = [vectors, *maps]
        return self._files[number]


def _open_array(path: Path, shape: tuple[int, ...], fill: float) -> Any:
    """An array on disk, made if it is not there; zeros take no room until they are written over."""
    if not path.exists():
        unfinished = path.with_suffix(".new")
        array = np.lib.format.open_memmap(unfinished, "w+", np.float16, shape)
        if fill != 0:
            array[...] = fill
        array.flush()
        unfinished.rename(path)
    return np.load(path, mmap_mode="r+")
