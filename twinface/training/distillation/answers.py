"""What the teacher says to every view, asked once and kept on disk."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.networks import Network
from twinface.training.distillation.verification import unit
from twinface.training.distillation.views import Views, cut_view, draw_views, resize
from twinface.types import Vectors


class Answers:
    """The teacher's unit vectors of a pack of crops, uint8 (n, 128, 128, 3), in as many views as `views`.

    Kept as float16 in one file a view under `folder`; what is not known yet is NaN there, and asked when it is wanted.
    The folder belongs to one teacher, one pack and one seed.
    """

    def __init__(self, folder: Path, teacher: Network, crops: NDArray[np.uint8], views: int, seed: int) -> None:
        self._folder, self._teacher, self._crops = folder, teacher, crops
        self._views = [draw_views(number, len(crops), seed) for number in range(views)]
        self._files: dict[int, NDArray[np.float16]] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def look(self, number: int, rows: NDArray[np.int64]) -> tuple[NDArray[np.uint8], Vectors]:
        """Some crops in a view, uint8 (k, 112, 112, 3), and the teacher's unit vectors, float32 (k, d).

        `number` counts on without end, the views are taken in turn.
        """
        number %= len(self._views)
        known, view = self._open(number), self._views[number]
        pictures = np.stack([self._cut(view, row) for row in rows])
        answers = np.asarray(known[rows], np.float32)
        missing = np.flatnonzero(np.isnan(answers[:, 0]))
        if missing.size:
            size = self._teacher.recipe.input_size_px
            answers[missing] = unit(self._teacher.embed(resize(pictures[missing], size)))
            known[rows[missing]] = answers[missing]
        return pictures, unit(answers)

    def _cut(self, view: Views, row: np.int64) -> NDArray[np.uint8]:
        return cut_view(self._crops[row], view.shift_px[row], bool(view.flip[row]))

    def _open(self, number: int) -> NDArray[np.float16]:
        if number not in self._files:
            path, shape = self._folder / f"view-{number:03}.npy", (len(self._crops), self._teacher.recipe.dimension)
            if not path.exists():
                np.save(path, np.full(shape, np.nan, np.float16))
            self._files[number] = np.load(path, mmap_mode="r+")
        return self._files[number]
