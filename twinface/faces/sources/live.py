"""Webcams, streams and cameras that serve pictures: read while they last, and opened again when they broke off.

One that sends the same picture for ever counts as broken off: its sensor or encoder hangs, and nobody would be seen.
"""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing

import numpy as np

from twinface.errors import SourceError
from twinface.faces.sources.source import PassesOver, SourceKind, SourceState, SourceWord, looks_at_all
from twinface.types import Captured, Frame, Image

_LOOK_EVERY_S = 1.0

Decode = Callable[[], Image | None]
"""Gives a picture that has come, until the next one is asked for; None where it cannot be decoded."""

Pictures = Generator[Decode, None, None]
"""The pictures of a camera until it breaks off; SourceError says why it cannot be read."""

Reader = Callable[[threading.Event], Pictures]
"""Opens a camera and reads it; ends early when the event is set."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0
_PATIENT_PAUSE_S = 60.0
_LONGEST_GAP_S = 5.0
_STANDS_STILL_AFTER_S = 60.0


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


class LiveSource:
    """A camera; see Source. It never ends, and media time is the time since its first frame.

    A camera that breaks off and is opened again goes on as the same film: whether tracks live on is a matter of how
    long that took. It is opened at most twice a second, after failures less and less often. Without a picture for
    `longest_gap_s`, or five seconds, it counts as waiting; it is degraded while its picture does not change.
    """

    finite = False
    skipped = 0

    def __init__(
        self,
        kind: SourceKind,
        read: Reader,
        *,
        longest_gap_s: float = 0.0,
        passes_over: PassesOver = looks_at_all,
    ) -> None:
        self.kind = kind
        self._read = read
        self._passes_over = passes_over
        self._longest_gap_s = max(longest_gap_s, _LONGEST_GAP_S)
        self._delivered = -1
        self._closing = threading.Event()
        self._standstill = Standstill()
        self._trouble = ""
        self._first_mono_ns: int | None = None
        self._latest_s = 0.0
        self._ended = False

    @property
    def state(self) -> SourceState:
        """See Source.state."""
        if self._ended:
            return SourceState(SourceWord.ENDED)
        if self._trouble:
            return SourceState(SourceWord.WAITING, self._trouble)
        if self._first_mono_ns is None:
            return SourceState(SourceWord.STARTING, "the camera is being opened")
        if time.monotonic() - self._latest_s > self._longest_gap_s:
            return SourceState(SourceWord.WAITING, f"no picture for {self._longest_gap_s:g} s")
        if self._standstill.lasts_s >= _STANDS_STILL_AFTER_S:
            return SourceState(SourceWord.DEGRADED, f"the picture has not changed for {_STANDS_STILL_AFTER_S:g} s")
        return SourceState(SourceWord.RUNNING)

    def close(self) -> None:
        """See Source.close; a device that gives nothing lets go after its time-out."""
        self._closing.set()

    def __iter__(self) -> Generator[Frame, None, None]:
        """See Source.__iter__."""
        index, pause_s = 0, _FIRST_PAUSE_S
        try:
            while not self._closing.is_set():
                try:
                    with closing(self._read(self._closing)) as pictures:
                        for decode in pictures:
                            if self._closing.is_set():
                                return
                            if (frame := self._frame(decode, index)) is not None:
                                yield frame
                            index, pause_s = index + 1, _FIRST_PAUSE_S
                except SourceError as error:
                    self._trouble = str(error)
                    pause_s = _PATIENT_PAUSE_S if error.patient else min(pause_s, _LONGEST_PAUSE_S)
                self._closing.wait(pause_s)
                pause_s = 2.0 * pause_s
        finally:
            self._ended = True

    def _frame(self, decode: Decode, index: int) -> Frame | None:
        """The frame that has come now; None where nobody looks at it, or where it cannot be decoded."""
        now_ns, mono_ns = time.time_ns(), time.monotonic_ns()
        since_ns = self._first_mono_ns if self._first_mono_ns is not None else mono_ns
        at_s, media_ms = mono_ns / 1e9, (mono_ns - since_ns) / 1e6
        looked_for = self._delivered < 0 or self._standstill.is_due(at_s)
        if not looked_for and self._passes_over(index, media_ms, self._delivered):
            self._latest_s, self._trouble = at_s, ""
            return None
        image = decode()
        if image is None:
            return None
        self._first_mono_ns, self._latest_s, self._trouble = since_ns, at_s, ""
        self._standstill.look(image, at_s)
        first, self._delivered = self._delivered < 0, index
        return Frame(image, index, Captured(now_ns, mono_ns, media_ms), cut=first)
