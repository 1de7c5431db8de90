"""Whether anything has moved, for a fraction of what it costs to look for faces."""

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.types import Image

_CELL_PX = 8
"""Side of a cell. The smallest faces that a detector finds are as large, or twice that."""

_MOVED = 5
"""Levels, of 256, by which a colour of a cell has to change. The mean of a cell averages noise away: a deviation of 10
levels in each pixel of 720p, shrunk to 640, changes it by 4 at most."""


class MotionGate:
    """Says when faces are to be looked for again: when the picture has changed since they were, or after `longest_ms`.

    A picture has changed when one colour of one cell of 8 pixels has, in the mean of its pixels, against the picture in
    which faces were looked for last, so that slow changes add up.
    """

    def __init__(self, longest_ms: float) -> None:
        self._longest_ms = longest_ms
        self._seen: NDArray[np.uint8] | None = None
        self._seen_at_ms = 0.0

    def is_due(self, image: Image, time_ms: float, *, always: bool) -> bool:
        """Whether to look for faces in the next picture, shrunk for the detector; `always` says yes. Takes 0.2 ms."""
        cells = _average(image)
        recent = 0.0 <= time_ms - self._seen_at_ms < self._longest_ms
        if recent and not always and self._is_as_seen(cells):
            return False
        self._seen, self._seen_at_ms = cells, time_ms
        return True

    def _is_as_seen(self, cells: NDArray[np.uint8]) -> bool:
        seen = self._seen
        return seen is not None and seen.shape == cells.shape and int(cv2.absdiff(cells, seen).max()) < _MOVED


def _average(image: Image) -> NDArray[np.uint8]:
    size = [max(1, round(side / _CELL_PX)) for side in image.shape[1::-1]]
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
