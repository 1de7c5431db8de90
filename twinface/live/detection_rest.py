"""Which frames of a camera nobody looks for faces in, because it is clear where they will be."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from twinface.types import Clock

_LONGEST_MS = 200.0
"""Between two looks of a resting camera; twelve frames a second rest, five do not."""


@dataclass(frozen=True, slots=True)
class Rest:
    """The frames after the one of `index` and `media_ms` that may pass unseen: `frames` at most, all before `until_ms`.

    In each of them `faces` are foreseen.
    However few frames a second there are, the next look is no later than `longest_ms` after this one, or 200 ms, as far
    as the frames so far tell when the next one comes. It is a value, so that the thread that reads frames may ask it.
    """

    index: int = 0
    media_ms: float = 0.0
    frames: int = 0
    faces: int = 0
    until_ms: float = -math.inf
    longest_ms: float = _LONGEST_MS

    def covers(self, index: int, media_ms: float) -> bool:
        """Whether a frame of the source may pass unseen."""
        passed, passed_ms = index - self.index, media_ms - self.media_ms
        if not 0 < passed <= self.frames or passed_ms < 0.0 or media_ms >= self.until_ms:
            return False
        return passed_ms + passed_ms / passed <= min(self.longest_ms, _LONGEST_MS)


class UnseenFrames:
    """Says to a source which frames nobody looks at, and counts them: those that rest, while no preview is due.

    A source calls it in the thread that reads. `rest` is the stage's, and `due_at_s` when a preview is due, by `clock`.
    """

    def __init__(self, rest: Callable[[], Rest], due_at_s: Callable[[], float], clock: Clock) -> None:
        self._rest = rest
        self._due_at_s = due_at_s
        self._clock = clock
        self._passed = {"frames": 0, "boxes": 0}
        self._reported = self._passed

    def __call__(self, index: int, media_ms: float, after: int) -> bool:
        """See PassesOver. What follows a frame that the stage has yet to see is for the stage to judge."""
        rest = self._rest()
        if rest.index != after or not rest.covers(index, media_ms) or self._clock() >= self._due_at_s():
            return False
        self._passed = {"frames": self._passed["frames"] + 1, "boxes": self._passed["boxes"] + rest.faces}
        return True

    def report(self, count: Callable[[str, int], None]) -> None:
        """Call `count` with how many `frames` were passed over since the last call, and with how many `boxes`.

        In one other thread.
        """
        passed, before = self._passed, self._reported
        self._reported = passed
        for name, number in passed.items():
            count(name, number - before[name])
