"""Webcams and streams, read by OpenCV."""

import sys
import time
from collections.abc import Generator
from pathlib import Path

import cv2
import numpy as np

from twinface.errors import SourceError
from twinface.faces.sources.address import CameraAddress
from twinface.faces.sources.diagnosis import explain_closed
from twinface.faces.sources.live import Pictures
from twinface.faces.sources.videos import name_codec
from twinface.types import Image

_OPEN_TIMEOUT_S = 5.0
_READ_TIMEOUT_S = 10.0


def read_webcam(device: str) -> Pictures:
    """Pictures of a webcam, 0 or /dev/video0, until it breaks off; SourceError when it cannot be read."""
    path = Path(f"/dev/video{device}" if device.isdecimal() else device)
    if sys.platform == "linux" and not path.exists():
        there = ", ".join(sorted(str(one) for one in Path("/dev").glob("video*"))) or "no other is there"
        raise SourceError(f"no such device: {path} ({there})")
    capture = cv2.VideoCapture(int(device)) if device.isdecimal() else cv2.VideoCapture(str(path.resolve()))
    try:
        if not capture.isOpened():
            raise SourceError(f"{path} does not open: another program may use it, or this user may not (group video)")
        if (yield from _read(capture)) == 0:
            raise SourceError(f"{path} opens but gives no picture: another program may use it")
    finally:
        capture.release()


def read_stream(address: CameraAddress) -> Pictures:
    """Pictures of any URL that OpenCV opens, until it breaks off; SourceError when it cannot be read."""
    limits = {cv2.CAP_PROP_OPEN_TIMEOUT_MSEC: _OPEN_TIMEOUT_S, cv2.CAP_PROP_READ_TIMEOUT_MSEC: _READ_TIMEOUT_S}
    numbers = [number for name, limit_s in limits.items() for number in (name, int(limit_s * 1000.0))]
    asked_at_s = time.monotonic()
    capture = cv2.VideoCapture(address.url, cv2.CAP_FFMPEG, numbers)
    try:
        if not capture.isOpened():
            raise explain_closed(address, time.monotonic() - asked_at_s, _OPEN_TIMEOUT_S)
        opened_at_s = time.monotonic()
        if (yield from _read(capture)) == 0:
            codec = name_codec(capture)
            if time.monotonic() - opened_at_s > 0.9 * _READ_TIMEOUT_S:
                raise SourceError(f"no picture from {address} within {_READ_TIMEOUT_S:g} s (its video is {codec})")
            raise SourceError(f"the video of {address} ({codec}) cannot be decoded here; set the camera to H.264")
    finally:
        capture.release()


def _read(capture: cv2.VideoCapture) -> Generator[Image, None, int]:
    """What is read until nothing more comes; returns how many pictures that were."""
    count = 0
    while True:
        done, image = capture.read()
        if not done:
            return count
        yield np.asarray(image, np.uint8)
        count += 1
