"""Whether anything has moved, for a fraction of what it costs to look for faces; and cuts, where tracks end."""

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.types import Image

_CELL_PX = 8
"""Side of a cell. The smallest faces that a detector finds are as large, or twice that."""

_MOVED = 5
"""Levels, of 256, by which a colour of a cell has to change. The mean of a cell averages noise away: a deviation of 10
levels in each pixel of 720p, shrunk to 640, changes it by 4 at most."""

_THUMBNAIL_PX = (32, 18)

_QUIET, _CALMS_DOWN = 4.0, 0.9
"""Grey levels a frame, and what is left of the largest change a frame later. A crowded street changes by 3 to 7, a
camera that swings by 5 to 12, with frames in between that are the same twice.
"""


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


class SceneCuts:
    """Says whether a picture belongs to another scene than the one before.

    A picture is shrunk to a grey thumbnail. The mean of absolute differences to the one before, in grey levels, has to
    be over `threshold`, and to stand out from the differences just before, so that a shaking camera or somebody who
    walks through the picture is no cut.
    """

    def __init__(self, threshold: float = 18.0) -> None:
        self._threshold = threshold
        self._before: NDArray[np.float32] | None = None
        self._usual = self._lively = 0.0

    @property
    def is_quiet(self) -> bool:
        """Whether the picture changes so little of late that a pan over two unseen frames would not look like a cut."""
        return self._lively <= _QUIET

    def is_cut(self, image: Image, frames: int = 1) -> bool:
        """Look at the next picture, which is so many frames after the one before; the first one is no cut."""
        step = max(1, image.shape[1] // (4 * _THUMBNAIL_PX[0]))
        small = cv2.resize(image[::step, ::step], _THUMBNAIL_PX, interpolation=cv2.INTER_AREA)
        thumbnail = np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), np.float32)
        before, self._before = self._before, thumbnail
        if before is None:
            return False
        difference = float(np.abs(thumbnail - before).mean())
        cut = difference > max(self._threshold, 3.0 * self._usual)
        change = difference / frames
        self._usual = 0.0 if cut else 0.8 * self._usual + 0.2 * change
        self._lively = 0.0 if cut else max(change, _CALMS_DOWN * self._lively)
        return cut
