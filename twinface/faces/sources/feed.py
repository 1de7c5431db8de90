"""Frames from a source to whoever works on them: a thread reads, another one takes."""

import atexit
import threading
import time
from collections.abc import Callable
from contextlib import closing, suppress

from twinface.faces.sources.source import Source
from twinface.types import Frame

_STOP_WITHIN_S = 5.0


def _nobody() -> None:
    """Wakes nobody."""


class FrameFeed:
    """Holds at most one frame. Live, a newer frame takes the place of one that was not taken; lossless, the source
    waits until the frame is taken.

    Where nobody has stopped it the end of the interpreter does: OpenCV aborts the process when its thread comes back to
    an interpreter that is gone.
    """

    def __init__(self, source: Source, *, lossless: bool, wake: Callable[[], None] = _nobody) -> None:
        self._source = source
        self._lossless = lossless
        self._wake = wake
        self._overwritten = 0
        self._frame: Frame | None = None
        self._error: Exception | None = None
        self._source_ended = False
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._read, name="frames", daemon=True)
        self._thread.start()
        atexit.register(self.stop)

    @property
    def skipped(self) -> int:
        """Frames that nobody saw: late ones that the source left out, and those that a newer one took the place of."""
        return self._source.skipped + self._overwritten

    @property
    def ended(self) -> bool:
        """Whether no frame will come any more: the source has ended and its last frame was taken."""
        with self._changed:
            return self._source_ended and self._frame is None

    def take(self, timeout_s: float = 0.0) -> Frame | None:
        """The newest frame that was not taken yet, or None. Raises what ended the source, if it was an error."""
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._source_ended, timeout_s)
            frame, self._frame = self._frame, None
            self._changed.notify_all()
            if frame is None and self._error is not None:
                raise self._error
            return frame

    def stop(self) -> None:
        """Stop reading. The thread that reads releases the source, at once or when its device lets it.

        It is waited for, five seconds at most, also where Ctrl-C comes meanwhile.
        """
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._source.close()
        give_up_at_s = time.monotonic() + _STOP_WITHIN_S
        # Not the thread is asked: after a join that was broken off it says that it has ended (Python 3.11).
        while not self._source_ended and (left_s := give_up_at_s - time.monotonic()) > 0.0:
            with suppress(KeyboardInterrupt), self._changed:
                self._changed.wait_for(lambda: self._source_ended, left_s)
        with suppress(KeyboardInterrupt):
            self._thread.join(timeout=max(0.0, give_up_at_s - time.monotonic()))
        atexit.unregister(self.stop)

    def _read(self) -> None:
        try:
            with closing(iter(self._source)) as frames:
                for frame in frames:
                    if not self._hand_over(frame):
                        return
        except Exception as error:  # noqa: BLE001  raised again where the frames are taken
            self._error = error
        finally:
            with self._changed:
                self._source_ended = True
                self._changed.notify_all()
            if not self._stopping:
                self._wake()

    def _hand_over(self, frame: Frame) -> bool:
        with self._changed:
            while self._lossless and self._frame is not None and not self._stopping:
                self._changed.wait()
            if self._stopping:
                return False
            self._overwritten += self._frame is not None
            self._frame = frame
            self._changed.notify_all()
        self._wake()
        return True
