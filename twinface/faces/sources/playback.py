"""Plays files: in real time by their own clock, or every frame as fast as it is asked for."""

import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, replace

from twinface.faces.sources.source import PassesOver, SourceKind, SourceState, SourceWord, looks_at_all
from twinface.types import Captured, Frame, Image

_MOST_SKIPPED_AT_ONCE = 25
"""Also when decoding alone is slower than real time, something is delivered."""

_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.5, 10.0


@dataclass(frozen=True, slots=True)
class Playable:
    """A frame that is not decoded yet; `decode` works until the next one is asked for."""

    media_ms: float
    duration_ms: float
    cut: bool
    decode: Callable[[], Image | None]


Pass = Generator[Playable, None, None]
"""A file played once, from its beginning to its end."""


class PlayedSource:
    """A file source; see Source. With `loop` media time goes on growing, and each start is a cut."""

    def __init__(
        self,
        kind: SourceKind,
        play: Callable[[], Pass],
        *,
        loop: bool,
        paced: bool,
        passes_over: PassesOver = looks_at_all,
    ) -> None:
        self.kind = kind
        self.finite = not loop
        self.state = SourceState(SourceWord.STARTING)
        self.skipped = 0
        self._passes_over = passes_over
        self._play = play
        self._paced = paced
        self._closing = threading.Event()
        self._started_s: float | None = None
        self._skipped_at_once = 0
        self._delivered_in_pass = False

    def close(self) -> None:
        """See Source.close."""
        self._closing.set()

    def __iter__(self) -> Generator[Frame, None, None]:
        """See Source.__iter__."""
        cut, delivered = False, -1
        try:
            with closing(self._passes()) as playables:
                for index, playable in enumerate(playables):
                    cut |= playable.cut
                    in_time = self._is_in_time(playable)
                    if in_time and not cut and self._passes_over(index, playable.media_ms, delivered):
                        continue
                    frame = self._deliver(playable, index, cut=cut) if in_time else None
                    if frame is None:
                        self.skipped += 1
                    else:
                        cut, delivered = False, index
                        yield frame
        finally:
            self.state = SourceState(SourceWord.ENDED, "the source has ended")

    def _is_in_time(self, playable: Playable) -> bool:
        """Wait for the frame's time; false when the next one's has come already, or when the source is closed."""
        if not self._paced:
            return True
        if self._started_s is None:
            self._started_s = time.monotonic()
        ahead_s = self._started_s + playable.media_ms / 1000.0 - time.monotonic()
        late = ahead_s <= -playable.duration_ms / 1000.0 and self._skipped_at_once < _MOST_SKIPPED_AT_ONCE
        self._skipped_at_once = self._skipped_at_once + 1 if late else 0
        return not late and not self._closing.wait(ahead_s)

    def _deliver(self, playable: Playable, index: int, *, cut: bool) -> Frame | None:
        captured = Captured(time.time_ns(), time.monotonic_ns(), playable.media_ms)
        image = playable.decode()
        if image is None:
            return None
        self._delivered_in_pass = True
        self.state = SourceState(SourceWord.RUNNING)
        return Frame(image, index, captured, cut)

    def _passes(self) -> Pass:
        """One pass, or with `loop` one after the other; where nothing can be read now, it is tried again and again."""
        end_ms, pause_s = 0.0, _FIRST_PAUSE_S
        while not self._closing.is_set():
            start_ms, self._delivered_in_pass = end_ms, False
            with closing(self._play()) as playables:
                for one in playables:
                    if self._closing.is_set():
                        return
                    end_ms = start_ms + one.media_ms + one.duration_ms
                    yield replace(one, media_ms=start_ms + one.media_ms)
            if self.finite:
                return
            if self._delivered_in_pass:
                pause_s = _FIRST_PAUSE_S
            else:
                self.state = SourceState(SourceWord.WAITING, "nothing of the source can be read now")
                self._closing.wait(pause_s)
                self._started_s = None if self._started_s is None else self._started_s + pause_s
                pause_s = min(2.0 * pause_s, _LONGEST_PAUSE_S)
