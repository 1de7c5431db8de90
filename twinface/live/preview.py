"""A small JPEG of what a camera sees, made only while somebody watches."""

import math
from collections.abc import Callable

import cv2
import numpy as np

from twinface.messages.schema import Array, PreviewMeta, TracksUpdate
from twinface.settings import WebSettings
from twinface.types import Captured, Frame

_JPEG_QUALITY = 80


class PreviewMaker:
    """Publishes at most `preview_fps` frames a second, `preview_width_px` wide, while `wanted` says that one is.

    `due_at_s` is when the next one is, by a monotonic clock, as of the last frame that was offered: infinite where
    nobody watched then. Any thread may read it.
    """

    def __init__(
        self, wanted: Callable[[], bool], publish: Callable[[PreviewMeta, Captured, Array], None], settings: WebSettings
    ) -> None:
        self._wanted = wanted
        self._publish = publish
        self._settings = settings
        self._next_at_s = 0.0
        self.due_at_s = math.inf

    def offer(self, frame: Frame, update: TracksUpdate, now_s: float) -> None:
        """Publish this frame if somebody wants one and it is time for one, by a monotonic clock."""
        wanted = self._wanted()
        due = wanted and now_s >= self._next_at_s
        if due:
            # Counted from when this one was due, unless that is long ago: else, of a camera of as many frames a second
            # as are wanted, each that comes a little early would wait for the next.
            period_s = 1.0 / self._settings.preview_fps
            late = now_s - self._next_at_s >= period_s
            self._next_at_s = (now_s if late else self._next_at_s) + period_s
        self.due_at_s = self._next_at_s if wanted else math.inf
        if due:
            self._publish_small(frame, update)

    def _publish_small(self, frame: Frame, update: TracksUpdate) -> None:
        height_px, width_px = frame.image.shape[:2]
        shown_px = min(self._settings.preview_width_px, width_px)
        size = (shown_px, max(1, round(height_px * shown_px / width_px)))
        small = cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA)
        _, jpeg = cv2.imencode(".jpg", small, (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))
        meta = PreviewMeta(update.camera, update.frame, width_px, height_px, update.tracks)
        self._publish(meta, frame.captured, np.asarray(jpeg, np.uint8).reshape(-1))
