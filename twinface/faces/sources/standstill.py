"""A camera that sends the same picture for ever: its sensor or its encoder hangs, and nobody would be seen."""

import numpy as np

from twinface.types import Image

_LOOK_EVERY_S = 1.0


class Standstill:
    """For how long the pictures of a camera have been exactly equal. Noise makes two pictures of a sensor differ."""

    def __init__(self) -> None:
        self.lasts_s = 0.0
        self._picture: Image | None = None
        self._since_s = 0.0
        self._looked_s = 0.0

    def is_due(self, at_s: float) -> bool:
        """Whether the picture of a moment is compared, in seconds of any steady clock: one a second is."""
        return self._picture is None or at_s - self._looked_s >= _LOOK_EVERY_S

    def look(self, image: Image, at_s: float) -> None:
        """Look at the picture of a moment; see is_due."""
        if not self.is_due(at_s):
            return
        self._looked_s = at_s
        if self._picture is not None and np.array_equal(image, self._picture):
            self.lasts_s = at_s - self._since_s
            return
        self._picture, self._since_s, self.lasts_s = image, at_s, 0.0
