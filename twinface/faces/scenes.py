"""Hard cuts inside a video, so that no track lives across one."""

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.types import Image

_THUMBNAIL_PX = (32, 18)

_QUIET, _CALMS_DOWN = 4.0, 0.9
"""Grey levels a frame, and what is left of the largest change a frame later. A crowded street changes by 3 to 7, a
camera that swings by 5 to 12, with frames in between that are the same twice.
"""


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
