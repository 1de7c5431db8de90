"""JPEGs of the crops that are recognised, made only while somebody collects them."""

from collections.abc import Callable

import cv2
import numpy as np

from twinface.live.camera import ChosenCrop
from twinface.messages.schema import Array, LookPicture
from twinface.types import Captured

_JPEG_QUALITY = 80


class LookPublisher:
    """Publishes the picture of each crop while `wanted` says that somebody listens."""

    def __init__(self, wanted: Callable[[], bool], publish: Callable[[LookPicture, Captured, Array], None]) -> None:
        self._wanted = wanted
        self._publish = publish

    def offer(self, crop: ChosenCrop) -> None:
        """Publish a crop's picture, if somebody wants it: before the crop itself, so that it is there first."""
        if self._wanted():
            meta = crop.meta
            _, jpeg = cv2.imencode(".jpg", crop.image, (cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY))
            picture = LookPicture(meta.camera, meta.epoch, meta.track, meta.crop)
            self._publish(picture, crop.captured, np.asarray(jpeg, np.uint8).reshape(-1))
