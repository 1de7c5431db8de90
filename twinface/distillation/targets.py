"""The targets of a student: what the teacher outputs for every view, asked once and kept on disk."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.distillation.crop_views import Views, cut_view, draw_views
from twinface.distillation.teacher import HintBasis, Maps, Teacher
from twinface.files import make_folder
from twinface.matching.vectors import normalised
from twinface.types import Vectors


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
