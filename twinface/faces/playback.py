"""Plays files: in real time by their own clock, or every frame as fast as it is asked for."""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from twinface.errors import InputError
from twinface.faces.pictures import read_image
from twinface.types import Frame, Image

_log = logging.getLogger(__name__)

_MOST_SKIPPED_AT_ONCE = 25
"""Also when decoding alone is slower than real time, something is delivered."""


@dataclass(frozen=True, slots=True)
class Playable:
    """A frame that is not decoded yet; `decode` works until the next one is asked for."""

    media_ms: float
    duration_ms: float
    cut: bool
    decode: Callable[[], Image | None]


Pass = Iterator[Playable]
"""A file played once, from its beginning to its end."""


class PlayedSource:
    """A file source; see Source. With `loop` media time goes on growing, and each start is a cut."""

    def __init__(self, kind: str, play: Callable[[], Pass], *, loop: bool, paced: bool) -> None:
        self.kind = kind
        self.finite = not loop
        self.state = "open"
        self.skipped = 0
        self._play = play
        self._paced = paced
        self._pass: Pass = play()
        self._waiting: Playable | None = None
        self._delivered_in_pass = False
        self._index = -1
        self._media_offset_ms = 0.0
        self._media_end_ms = 0.0
        self._started_s: float | None = None
        self._cut = False
        self._closing = False

    def next_frame(self, timeout_s: float) -> Frame | None:
        """See Source.next_frame."""
        if self._closing:
            self._release()
        deadline_s = time.monotonic() + timeout_s
        for late in range(_MOST_SKIPPED_AT_ONCE + 1):
            playable = self._take()
            if playable is None:
                return None
            self._cut |= playable.cut
            if not self._is_due(playable, deadline_s):
                self._waiting = playable
                return None
            if self._is_late(playable) and late < _MOST_SKIPPED_AT_ONCE:
                self.skipped += 1
                continue
            if (frame := self._deliver(playable)) is not None:
                return frame
        return None

    def __iter__(self) -> Iterator[Frame]:
        """See Source.__iter__."""
        try:
            while self.state == "open":
                if (frame := self.next_frame(timeout_s=0.5)) is not None:
                    yield frame
        finally:
            self._release()

    def close(self) -> None:
        """See Source.close."""
        self._closing = True

    def _release(self) -> None:
        self.state = "ended"
        self._pass = iter(())
        self._waiting = None

    def _take(self) -> Playable | None:
        """The frame whose turn it is, of the next pass after the end of one."""
        if self.state != "open":
            return None
        if (waiting := self._waiting) is not None:
            self._waiting = None
            return waiting
        playable = next(self._pass, None)
        if playable is None and not self.finite and self._delivered_in_pass:
            self._media_offset_ms = self._media_end_ms
            self._delivered_in_pass = False
            self._pass = self._play()
            playable = next(self._pass, None)
        if playable is None:
            self._release()
            return None
        self._index += 1
        return playable

    def _is_due(self, playable: Playable, deadline_s: float) -> bool:
        """Wait, at most until the deadline, for the frame's time to come."""
        if not self._paced:
            return True
        if self._started_s is None:
            self._started_s = time.monotonic()
        due_s = self._started_s + (self._media_offset_ms + playable.media_ms) / 1000
        time.sleep(max(0.0, min(due_s, deadline_s) - time.monotonic()))
        return time.monotonic() >= due_s

    def _is_late(self, playable: Playable) -> bool:
        """Whether the next frame's time has come already."""
        if self._started_s is None:
            return False
        over_ms = self._media_offset_ms + playable.media_ms + playable.duration_ms
        return (time.monotonic() - self._started_s) * 1000 >= over_ms

    def _deliver(self, playable: Playable) -> Frame | None:
        captured_at_ns, captured_mono_ns = time.time_ns(), time.monotonic_ns()
        image = playable.decode()
        if image is None:
            self.skipped += 1
            return None
        cut, self._cut = self._cut, False
        self._delivered_in_pass = True
        media_ms = self._media_offset_ms + playable.media_ms
        self._media_end_ms = media_ms + playable.duration_ms
        return Frame(image, self._index, media_ms, captured_at_ns, captured_mono_ns, cut)


def check_video(path: Path) -> None:
    """Raises InputError when not even one frame of a file can be had."""
    capture = cv2.VideoCapture(str(path))
    try:
        if not capture.isOpened() or not capture.grab():
            raise InputError(f"{path}: no video that OpenCV can read; convert it, for example to MP4 with H.264")
    finally:
        capture.release()


def play_video(path: Path) -> Pass:
    """The frames of a video file, timed by its own time stamps."""
    capture = cv2.VideoCapture(str(path))
    fps = capture.get(cv2.CAP_PROP_FPS)
    duration_ms = 1000 / fps if 0 < fps <= 1000 else 40.0

    def decode() -> Image | None:
        done, image = capture.retrieve()
        return np.asarray(image, np.uint8) if done else None

    try:
        last_ms = -duration_ms
        while capture.grab():
            stamp_ms = capture.get(cv2.CAP_PROP_POS_MSEC)
            media_ms = stamp_ms if stamp_ms > last_ms else last_ms + duration_ms
            yield Playable(media_ms, duration_ms, last_ms < 0, decode)
            last_ms = media_ms
    finally:
        capture.release()


def play_pictures(pictures: list[Path], copies: int, period_ms: float) -> Pass:
    """Each picture `copies` times, the first of them a cut; one that cannot be read is passed over with a warning."""
    shown = 0
    for path in pictures:
        try:
            image = read_image(path)
        except InputError as error:
            _log.warning("picture passed over: %s", error)
            continue
        for copy in range(copies):
            yield Playable((shown * copies + copy) * period_ms, period_ms, copy == 0, image.copy)
        shown += 1
