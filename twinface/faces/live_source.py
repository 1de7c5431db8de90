"""Webcams and streams: a thread reads and keeps only the newest frame, and opens again what died."""

import threading
import time
from collections.abc import Iterator

import cv2
import numpy as np

from twinface.types import Frame, Image

_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 10.0
_OPEN_TIMEOUT_MS = 5_000
_READ_TIMEOUT_MS = 10_000


class LiveSource:
    """A webcam (its number) or a URL; see Source. It never ends, and media time is the time since its first frame."""

    finite = False

    def __init__(self, kind: str, device: int | str) -> None:
        self.kind = kind
        self.skipped = 0
        self._device = device
        self._state = "opening"
        self._newest: Frame | None = None
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._index = -1
        self._first_mono_ns: int | None = None
        self._thread = threading.Thread(target=self._read_for_ever, name=f"source {device}", daemon=True)
        self._thread.start()

    @property
    def state(self) -> str:
        """See Source.state."""
        return self._state

    def next_frame(self, timeout_s: float) -> Frame | None:
        """See Source.next_frame."""
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._stopping.is_set(), timeout_s)
            frame, self._newest = self._newest, None
            return frame

    def __iter__(self) -> Iterator[Frame]:
        """See Source.__iter__."""
        while not self._stopping.is_set():
            if (frame := self.next_frame(timeout_s=0.5)) is not None:
                yield frame

    def close(self) -> None:
        """See Source.close; waits for the device at most as long as reading a frame takes."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        self._thread.join(timeout=2.0)
        self._state = "ended"

    def _read_for_ever(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while not self._stopping.is_set():
            if self._read_until_it_dies():
                pause_s = _FIRST_PAUSE_S
            self._stopping.wait(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)

    def _read_until_it_dies(self) -> bool:
        """Open the device and read; returns whether any frame came."""
        capture = self._open()
        try:
            if not capture.isOpened():
                self._state = "failed: it does not open"
                return False
            count = 0
            while not self._stopping.is_set():
                done, image = capture.read()
                if not done:
                    self._state = "failed: it gives no more frames" if count else "failed: it opens but gives no frame"
                    break
                self._offer(np.asarray(image, np.uint8), cut=count == 0)
                count += 1
            return count > 0
        finally:
            capture.release()

    def _open(self) -> cv2.VideoCapture:
        if isinstance(self._device, int):
            return cv2.VideoCapture(self._device)
        limits = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, _OPEN_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, _READ_TIMEOUT_MS]
        return cv2.VideoCapture(self._device, cv2.CAP_FFMPEG, limits)

    def _offer(self, image: Image, *, cut: bool) -> None:
        now_ns, mono_ns = time.time_ns(), time.monotonic_ns()
        if self._first_mono_ns is None:
            self._first_mono_ns = mono_ns
        with self._changed:
            self._index += 1
            if self._newest is not None:
                self.skipped += 1
                cut |= self._newest.cut
            media_ms = (mono_ns - self._first_mono_ns) / 1e6
            self._newest = Frame(image, self._index, media_ms, now_ns, mono_ns, cut)
            self._state = "open"
            self._changed.notify_all()
