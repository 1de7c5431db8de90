"""Video files, and media time out of their time stamps, which are believed only as far as they make sense."""

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from twinface.errors import InputError
from twinface.faces.sources.playback import Pass, Playable
from twinface.types import Image

_PLAUSIBLE_FPS = (0.1, 300.0)
_USUAL_MS = 40.0
_LONGEST_WAIT_MS = 2000.0
_BACK_MS = 200.0
"""B-frames in a wrong order step back by less than this."""

OPEN_TIMEOUT_S, READ_TIMEOUT_S = 5.0, 10.0
TIME_LIMITS = (
    cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
    int(1000 * OPEN_TIMEOUT_S),
    cv2.CAP_PROP_READ_TIMEOUT_MSEC,
    int(1000 * READ_TIMEOUT_S),
)
"""How long OpenCV may take for a stream, in the form that it takes."""

_MEND = "convert it, for example to MP4 with H.264"


class MediaClock:
    """Turns time stamps into media time that begins at 0 and only grows, at most `longest_ms` at a time.

    A gap, a jump forward or back and a wrap are played on at once, as a jump. Where the stamps stand still, or a frame
    rate says what no film has, frames follow each other at the nominal rate, 25 a second where there is none.
    """

    def __init__(self, fps: float) -> None:
        low, high = _PLAUSIBLE_FPS
        self.duration_ms = 1000.0 / fps if low <= fps <= high else _USUAL_MS
        self._longest_ms = max(_LONGEST_WAIT_MS, 1.5 * self.duration_ms)
        self._media_ms: float | None = None
        self._offset_ms = 0.0
        self._stamp_ms = 0.0

    def take(self, stamp_ms: float) -> tuple[float, bool]:
        """Media time of the next frame by its stamp, in ms, and whether it does not continue the one before."""
        if not math.isfinite(stamp_ms):
            stamp_ms = self._stamp_ms
        before_ms, moved_ms = self._media_ms, stamp_ms - self._stamp_ms
        self._stamp_ms = stamp_ms
        if before_ms is None:
            self._media_ms, self._offset_ms = 0.0, -stamp_ms
            return 0.0, True
        step_ms = stamp_ms + self._offset_ms - before_ms
        jump = moved_ms < -_BACK_MS or step_ms > self._longest_ms
        if jump or step_ms < 1000.0 / _PLAUSIBLE_FPS[1]:
            step_ms = self.duration_ms
        self._media_ms = before_ms + step_ms
        if jump:
            self._offset_ms = self._media_ms - stamp_ms
        return self._media_ms, jump


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
