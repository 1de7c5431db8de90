"""Frames from a source to the loop of a process: a thread reads, the loop takes."""

import logging
import threading
from collections.abc import Callable

from twinface.errors import TwinfaceError
from twinface.faces import Source
from twinface.types import Frame

log = logging.getLogger(__name__)


class FrameFeed:
    """Holds at most one frame. Live, a newer frame takes the place of one that was not taken (`skipped` counts them);
    lossless, the source waits until the frame is taken.
    """

    def __init__(self, source: Source, *, lossless: bool, wake: Callable[[], None]) -> None:
        self.skipped = 0
        self._broken: str | None = None
        self._source = source
        self._lossless = lossless
        self._wake = wake
        self._frame: Frame | None = None
        self._source_ended = False
        self._changed = threading.Condition()
        self._stopping = False
        self._thread = threading.Thread(target=self._read, name="frames", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether no frame will come any more: the source has ended and its last frame was taken."""
        with self._changed:
            return self._source_ended and self._frame is None

    @property
    def failure(self) -> str | None:
        """Why no frames come; a camera that does not answer is tried again and again meanwhile."""
        state = self._source.state
        return self._broken or (state if state.startswith("failed") else None)

    def take(self) -> Frame | None:
        """The newest frame that was not taken yet."""
        with self._changed:
            frame, self._frame = self._frame, None
            self._changed.notify_all()
            return frame

    def stop(self) -> None:
        """Stop reading and release the source."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._source.close()
        self._thread.join(timeout=5.0)

    def _read(self) -> None:
        try:
            for frame in self._source:
                if not self._hand_over(frame):
                    return
        except TwinfaceError as error:
            self._broken = str(error)
            log.error("source failed", extra={"error": str(error)})
        except Exception as error:  # a thread that ends unnoticed would look like a source that pauses
            self._broken = f"{type(error).__name__}: {error}"
            log.exception("source failed", extra={"error": str(error)})
        self._source_ended = True
        self._wake()

    def _hand_over(self, frame: Frame) -> bool:
        with self._changed:
            while self._lossless and self._frame is not None and not self._stopping:
                self._changed.wait()
            if self._stopping:
                return False
            self.skipped += self._frame is not None
            self._frame = frame
        self._wake()
        return True
