"""Video files."""

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from twinface.errors import InputError
from twinface.faces.sources.media_clock import MediaClock
from twinface.faces.sources.playback import Pass, Playable
from twinface.types import Image

OPEN_TIMEOUT_S, READ_TIMEOUT_S = 5.0, 10.0
TIME_LIMITS = (
    cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
    int(1000 * OPEN_TIMEOUT_S),
    cv2.CAP_PROP_READ_TIMEOUT_MSEC,
    int(1000 * READ_TIMEOUT_S),
)
"""How long OpenCV may take for a stream, in the form that it takes."""

_MEND = "convert it, for example to MP4 with H.264"


def check_video(path: Path) -> None:
    """Raises InputError with the reason when not even one frame of a file can be had."""
    try:
        with path.open("rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); name another video") from error
    if empty:
        raise InputError(f"{path}: the file is empty; name another video")
    capture = cv2.VideoCapture(str(path))
    try:
        if capture.isOpened() and capture.grab():
            return
    finally:
        capture.release()
    codec = find_codec(str(path))
    if codec is None:
        raise InputError(f"{path}: no video that OpenCV can read; {_MEND}")
    raise InputError(f"{path}: not one frame of its video ({codec}) can be decoded; {_MEND}")


def play_video(path: Path, decode_threads: int = 1) -> Pass:
    """The frames of a video file, timed by its own time stamps as far as they make sense.

    Each thread that decodes holds a few frames.
    """
    capture = cv2.VideoCapture(str(path), cv2.CAP_ANY, (cv2.CAP_PROP_N_THREADS, decode_threads))
    if not capture.isOpened():
        capture.open(str(path))  # by what knows no threads
    clock = MediaClock(capture.get(cv2.CAP_PROP_FPS))

    def decode() -> Image | None:
        done, image = capture.retrieve()
        return np.asarray(image, np.uint8) if done else None

    try:
        while capture.grab():
            media_ms, jump = clock.take(capture.get(cv2.CAP_PROP_POS_MSEC))
            yield Playable(media_ms, clock.duration_ms, jump, decode)
    finally:
        capture.release()


def find_codec(uri: str, options: Sequence[int] = ()) -> str | None:
    """The four letters of a video's codec, such as AV01, also where it cannot be decoded; None for what is no video.

    `options` are pairs of a property of OpenCV and its value.
    """
    capture = cv2.VideoCapture(uri, cv2.CAP_FFMPEG, [cv2.CAP_PROP_FORMAT, -1, *options])  # packets, not pictures
    try:
        return name_codec(capture) if capture.isOpened() else None
    finally:
        capture.release()


def name_codec(capture: cv2.VideoCapture) -> str:
    """The four letters of an open video's codec."""
    code = capture.get(cv2.CAP_PROP_FOURCC)
    letters = int(code).to_bytes(4, "little") if math.isfinite(code) and 0 < code < 2**32 else b""
    return "".join(letter for letter in letters.decode("ascii", "replace") if letter.isalnum()) or "of an unknown kind"
