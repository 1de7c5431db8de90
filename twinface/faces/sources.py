"""Where frames come from: webcams, video files, folders of pictures shown like a slow slideshow, URLs."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol

from twinface.errors import InputError
from twinface.faces.live_source import LiveSource
from twinface.faces.opencv import hush_opencv
from twinface.faces.pictures import PICTURE_SUFFIXES, list_pictures
from twinface.faces.playback import PlayedSource, check_video, play_pictures, play_video
from twinface.types import Frame


class SourceKind(StrEnum):
    """What kinds of sources there are; video files and pictures come to an end."""

    WEBCAM = "webcam"
    VIDEO = "video"
    PICTURES = "pictures"
    URL = "url"


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source and how to play it.

    `uri` is a webcam's number, a video file, a picture or a folder of them, or any URL that OpenCV opens. `loop` starts
    files again at their end; each picture is shown for `picture_seconds` at `picture_fps` frames a second. `paced`
    plays files in real time and skips frames that are late, as a camera would; else every frame is delivered.
    """

    uri: str
    loop: bool = False
    picture_seconds: float = 3.0
    picture_fps: float = 5.0
    paced: bool = True


class Source(Protocol):
    """Frames, one after the other."""

    @property
    def kind(self) -> str:
        """A SourceKind."""

    @property
    def finite(self) -> bool:
        """Whether it will end by itself."""

    @property
    def state(self) -> str:
        """`opening`, `open`, `ended`, or `failed: ` and the reason (a live source goes on trying)."""

    @property
    def skipped(self) -> int:
        """Frames that were left out because they were late, or never asked for."""

    def next_frame(self, timeout_s: float) -> Frame | None:
        """The next frame; None when there is none within `timeout_s` or when the source has ended (see `state`)."""

    def __iter__(self) -> Iterator[Frame]:
        """All frames until the source ends or is closed."""

    def close(self) -> None:
        """Ask it to end, from any thread. Only the thread that reads lets go of file or device, when it reads on."""


def find_kind(uri: str) -> SourceKind:
    """What a source is by its looks. Raises InputError for a file or folder that does not exist."""
    if uri.isdecimal():
        return SourceKind.WEBCAM
    if "://" in uri:
        return SourceKind.URL
    path = Path(uri).expanduser()
    if not path.exists():
        raise InputError(f"source {uri!r}: no such file or folder; name a webcam (0), a video, pictures or a URL")
    return SourceKind.PICTURES if path.is_dir() or path.suffix.lower() in PICTURE_SUFFIXES else SourceKind.VIDEO


def open_source(spec: SourceSpec) -> Source:
    """Open a source.

    Raises InputError when a file or folder is missing, unreadable or empty. A webcam or URL that does not answer is no
    error: it is tried again and again, and its `state` says so.
    """
    hush_opencv()
    kind = find_kind(spec.uri)
    if kind is SourceKind.WEBCAM:
        return LiveSource(kind, int(spec.uri))
    if kind is SourceKind.URL:
        return LiveSource(kind, spec.uri)
    path = Path(spec.uri).expanduser()
    if kind is SourceKind.VIDEO:
        check_video(path)
        return PlayedSource(kind, lambda: play_video(path), loop=spec.loop, paced=spec.paced)
    pictures = list_pictures(path) if path.is_dir() else [path]
    if not pictures:
        raise InputError(f"source {spec.uri!r}: no pictures in this folder; put JPEG or PNG files into it")
    copies = max(1, round(spec.picture_seconds * spec.picture_fps))
    period_ms = 1000.0 * spec.picture_seconds / copies
    return PlayedSource(kind, lambda: play_pictures(pictures, copies, period_ms), loop=spec.loop, paced=spec.paced)
