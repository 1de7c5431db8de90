"""Media time out of a file's time stamps, which are believed only as far as they make sense."""

import math

_PLAUSIBLE_FPS = (0.1, 300.0)
_USUAL_MS = 40.0
_LONGEST_WAIT_MS = 2000.0
_BACK_MS = 200.0
"""B-frames in a wrong order step back by less than this."""


class MediaClock:
    """Turns time stamps into media time that begins at 0 and only grows, at most `longest_ms` at a time.

    A gap, a jump forward or back and a wrap are played on at once, as a jump. Where the stamps stand still, or a frame
    rate says what no film has, frames follow each other at the nominal rate, 25 a second where there is none.
    """

    def __init__(self, fps: float) -> None:
        low, high = _PLAUSIBLE_FPS
        self.duration_ms = 1000.0 / fps if low <= fps <= high else _USUAL_MS
        self._longest_ms = max(_LONGEST_WAIT_MS, 1.5 * self.duration_ms)
        self._media_ms: float | None = None
        self._offset_ms = 0.0
        self._stamp_ms = 0.0

    def take(self, stamp_ms: float) -> tuple[float, bool]:
        """Media time of the next frame by its stamp, in ms, and whether it does not continue the one before."""
        if not math.isfinite(stamp_ms):
            stamp_ms = self._stamp_ms
        before_ms, moved_ms = self._media_ms, stamp_ms - self._stamp_ms
        self._stamp_ms = stamp_ms
        if before_ms is None:
            self._media_ms, self._offset_ms = 0.0, -stamp_ms
            return 0.0, True
        step_ms = stamp_ms + self._offset_ms - before_ms
        jump = moved_ms < -_BACK_MS or step_ms > self._longest_ms
        if jump or step_ms < 1000.0 / _PLAUSIBLE_FPS[1]:
            step_ms = self.duration_ms
        self._media_ms = before_ms + step_ms
        if jump:
            self._offset_ms = self._media_ms - stamp_ms
        return self._media_ms, jump
