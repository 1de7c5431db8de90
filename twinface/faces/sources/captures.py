"""Webcams and streams, read by OpenCV. What says why a stream fails is loaded when one does: it brings TLS, 8 MB."""

import sys
import time
from collections.abc import Generator
from pathlib import Path

import cv2
import numpy as np

from twinface.errors import SourceError
from twinface.faces.sources.address import CameraAddress
from twinface.faces.sources.live import Decode, Pictures
from twinface.faces.sources.videos import READ_TIMEOUT_S, TIME_LIMITS, name_codec
from twinface.types import Image

_DEVICES = Path("/dev")


def find_webcam(device: str) -> Path:
    """Where a webcam, 0 or /dev/video0, is. Raises SourceError when it is not there, which Linux alone tells."""
    path = _DEVICES / f"video{device}" if device.isdecimal() else Path(device)
    if sys.platform == "linux" and not path.exists():
        there = sorted(str(one) for one in _DEVICES.glob("video*"))
        raise SourceError(f"no such device: {path} (there {'is ' + ', '.join(there) if there else 'is no webcam'})")
    return path


def read_webcam(device: str) -> Pictures:
    """Pictures of a webcam, 0 or /dev/video0, until it breaks off; SourceError when it cannot be read."""
    path = find_webcam(device)
    capture = cv2.VideoCapture(int(device)) if device.isdecimal() else cv2.VideoCapture(str(path.resolve()))
    try:
        if not capture.isOpened():
            raise SourceError(f"{path} does not open: another program may use it, or this user may not (group video)")
        if (yield from _read(capture)) == 0:
            raise SourceError(f"{path} opens but gives no picture: another program may use it")
    finally:
        capture.release()


def read_stream(address: CameraAddress, decode_threads: int = 1) -> Pictures:
    """Pictures of any URL that OpenCV opens, until it breaks off; SourceError when it cannot be read.

    FFmpeg decodes as many frames at a time as it has threads, and gives a frame once the next ones are there.
    """
    from twinface.faces.sources.diagnosis import explain_closed, not_decodable

    asked_at_s = time.monotonic()
    capture = cv2.VideoCapture(address.url, cv2.CAP_FFMPEG, (*TIME_LIMITS, cv2.CAP_PROP_N_THREADS, decode_threads))
    try:
        if not capture.isOpened():
            raise explain_closed(address, time.monotonic() - asked_at_s)
        opened_at_s = time.monotonic()
        if (yield from _read(capture)) == 0:
            codec = name_codec(capture)
            if time.monotonic() - opened_at_s > 0.9 * READ_TIMEOUT_S:
                raise SourceError(f"no picture from {address} within {READ_TIMEOUT_S:g} s (its video is {codec})")
            raise not_decodable(address, [codec])
    finally:
        capture.release()


def _read(capture: cv2.VideoCapture) -> Generator[Decode, None, int]:
    """What is read until nothing more comes, or what comes cannot be decoded; returns how many pictures that were."""
    count, decodable = 0, True

    def decode() -> Image | None:
        nonlocal decodable
        decodable, image = capture.retrieve()
        return np.asarray(image, np.uint8) if decodable else None

    while True:
        asked_at_s = time.monotonic()
        # After its time-out FFmpeg gives what its decoder had kept back: a picture as old as that.
        if not capture.grab() or time.monotonic() - asked_at_s > 0.9 * READ_TIMEOUT_S:
            return count
        yield decode
        if not decodable:
            return count
        count += 1
