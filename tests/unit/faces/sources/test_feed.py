import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.errors import InputError
from twinface.faces import FrameFeed, SourceKind, SourceState, SourceWord
from twinface.faces.sources.playback import Pass, Playable, PlayedSource
from twinface.types import Captured, Frame, Image

_PATIENCE_S = 120.0


class Scripted:
    """A source that gives its frames when the test says so, then ends or fails."""

    kind, finite, skipped, state = SourceKind.VIDEO, True, 0, SourceState(SourceWord.RUNNING)

    def __init__(self, count: int, *, error: Exception | None = None) -> None:
        self.given = 0
        self.closed = threading.Event()
        self._count = count
        self._error = error
        self._go = threading.Semaphore(0)

    def go(self, frames: int = 1) -> None:
        self._go.release(frames)

    def __iter__(self) -> Generator[Frame, None, None]:
        for index in range(self._count):
            while not self._go.acquire(timeout=0.05):
                if self.closed.is_set():
                    return
            self.given += 1
            yield Frame(np.zeros((2, 2, 3), np.uint8), index, Captured(0, 0, 0.0))
        if self._error is not None:
            raise self._error

    def close(self) -> None:
        self.closed.set()


class Wakes:
    """Counts how often the loop was woken, and waits for the next time."""

    def __init__(self) -> None:
        self._woken = threading.Semaphore(0)

    def __call__(self) -> None:
        self._woken.release()

    def wait(self) -> None:
        assert self._woken.acquire(timeout=_PATIENCE_S)


@contextmanager
def feeding(source: Scripted, wakes: Wakes, *, lossless: bool) -> Iterator[FrameFeed]:
    feed = FrameFeed(source, lossless=lossless, wake=wakes)
    try:
        yield feed
    finally:
        feed.stop()
        assert not feed._thread.is_alive()
        assert source.closed.is_set()


def test_live_the_newest_frame_is_kept() -> None:
    source, wakes = Scripted(3), Wakes()
    with feeding(source, wakes, lossless=False) as feed:
        assert feed.take() is None
        for _ in range(3):
            source.go()
            wakes.wait()
        assert feed.skipped == 2
        wakes.wait()
        assert not feed.ended, "its last frame was not taken yet"
        assert _index(feed) == 2
        assert feed.take() is None
        assert feed.ended


def test_lossless_the_source_waits_until_a_frame_is_taken() -> None:
    source, wakes = Scripted(4), Wakes()
    source.go(4)
    with feeding(source, wakes, lossless=True) as feed:
        indices = []
        for _ in range(4):
            wakes.wait()
            assert source.given <= len(indices) + 2
            indices.append(_index(feed))
        assert indices == [0, 1, 2, 3]
        wakes.wait()
        assert feed.ended
        assert feed.skipped == 0


def test_stopping_does_not_wait_for_a_frame_to_be_taken() -> None:
    source, wakes = Scripted(4), Wakes()
    source.go(4)
    with feeding(source, wakes, lossless=True):
        wakes.wait()


@pytest.mark.parametrize("error", [InputError("video.mp4: it broke off"), KeyError("pts")])
def test_what_ends_the_source_is_raised_where_its_frames_are_taken(error: Exception) -> None:
    source, wakes = Scripted(1, error=error), Wakes()
    source.go()
    with feeding(source, wakes, lossless=False) as feed:
        wakes.wait()
        wakes.wait()
        assert _index(feed) == 0
        with pytest.raises(type(error), match=str(error)):
            feed.take()


def test_a_frame_is_waited_for_as_long_as_asked() -> None:
    source = Scripted(1)
    with feeding(source, Wakes(), lossless=False) as feed:
        assert feed.take(0.01) is None
        threading.Timer(0.05, source.go).start()
        assert feed.take(_PATIENCE_S) is not None
        assert feed.take(_PATIENCE_S) is None
        assert feed.ended


def test_late_frames_of_the_source_are_counted_with_those_that_nobody_took() -> None:
    source, wakes = Scripted(2), Wakes()
    source.skipped = 5
    source.go(2)
    with feeding(source, wakes, lossless=False) as feed:
        for _ in range(3):
            wakes.wait()
        assert feed.skipped == 6


def test_only_the_thread_that_reads_lets_go_of_what_it_reads() -> None:
    decoding, closed = threading.Event(), threading.Event()
    read_by, released_by = [], []

    def decode() -> Image:
        decoding.set()
        assert closed.wait(_PATIENCE_S)
        return np.zeros((2, 2, 3), np.uint8)

    def play() -> Pass:
        try:
            for index in range(100):
                read_by.append(threading.get_ident())
                yield Playable(index * 10.0, 10.0, index == 0, decode)
        finally:
            released_by.append(threading.get_ident())

    class Closing(PlayedSource):
        def close(self) -> None:
            super().close()
            closed.set()

    feed = FrameFeed(Closing(SourceKind.VIDEO, play, loop=True, paced=False), lossless=False)
    assert decoding.wait(_PATIENCE_S)
    feed.stop()
    assert not feed._thread.is_alive()
    assert released_by == read_by[:1]
    assert released_by != [threading.get_ident()]


_LEAVES_IN_THE_MIDDLE = """
import signal, sys, threading
from twinface.faces import FrameFeed, SourceSpec, open_source

feed = FrameFeed(open_source(SourceSpec(sys.argv[1], loop=True, paced=False)), lossless=False)
while feed.take(timeout_s=60.0) is None:
    pass
if sys.argv[2] == "impatient":
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    try:
        feed.stop()
    except KeyboardInterrupt:
        pass
"""


@pytest.mark.parametrize("how", ["never stopped", "impatient"])
def test_the_interpreter_does_not_end_under_a_decoder_at_work(tmp_path: Path, how: str) -> None:
    writer = cv2.VideoWriter(str(tmp_path / "film.avi"), cv2.VideoWriter.fourcc(*"MJPG"), 10, (1920, 1080))
    noise = np.random.default_rng(0).integers(0, 256, (1080, 1920, 3), np.uint8)
    for _ in range(5):
        writer.write(noise)
    writer.release()
    command = [sys.executable, "-c", _LEAVES_IN_THE_MIDDLE, str(tmp_path / "film.avi"), how]
    for _ in range(3):
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE_S, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def _index(feed: FrameFeed) -> int:
    frame = feed.take()
    assert frame is not None
    return frame.index
