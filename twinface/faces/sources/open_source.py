"""From the `source` of a configuration to a source; a folder of pictures is shown like a slow slideshow."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from twinface.errors import InputError
from twinface.faces.formats import is_still
from twinface.faces.picture_files import list_pictures, read_image
from twinface.faces.sources.address import CameraAddress
from twinface.faces.sources.captures import read_stream, read_webcam
from twinface.faces.sources.live import LiveSource
from twinface.faces.sources.playback import Pass, Playable, PlayedSource
from twinface.faces.sources.source import PassesOver, Source, SourceKind, looks_at_all
from twinface.faces.sources.videos import check_video, play_video
from twinface.native_libraries import hush_opencv
from twinface.placeholders import fill_in_url
from twinface.text import printable

_log = logging.getLogger(__name__)

_HTTP = {"http", "https"}


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source and how to play it.

    `uri` is a webcam's number or /dev/video…, a video file, a picture or a folder of them, or any URL that OpenCV
    opens, in which placeholders may stand for secrets (twinface.placeholders).
    `loop` starts files again at their end; each picture of a folder is shown for `picture_seconds` at
    `picture_fps` frames a second. `paced` plays files in real time and skips frames that are late, as a camera would;
    else every frame is delivered. A URL that answers with one picture is asked `snapshot_fps` times a second, a stream
    or a video file is decoded by `decode_threads`.
    """

    uri: str
    loop: bool = False
    picture_seconds: float = 3.0
    picture_fps: float = 5.0
    snapshot_fps: float = 2.0
    decode_threads: int = 1
    paced: bool = True


def find_kind(uri: str) -> SourceKind:
    """What a source is by its looks.

    Raises InputError for a file or folder that does not exist, a bad URL, or a placeholder that nothing stands for.
    """
    uri = fill_in_url(uri)
    if uri.isdecimal() or uri.startswith("/dev/"):
        return SourceKind.WEBCAM
    if "://" in uri:
        CameraAddress.parse(uri)
        return SourceKind.URL
    path = Path(uri).expanduser()
    if not path.exists():
        raise InputError(f"source {uri!r}: no such file or folder; name a webcam (0), a video, pictures or a URL")
    if path.is_dir():
        return SourceKind.PICTURES
    if not path.is_file():
        raise InputError(f"source {uri!r}: neither a file nor a folder; name a webcam (0), a video, pictures or a URL")
    return SourceKind.PICTURES if is_still(path) else SourceKind.VIDEO


def open_source(spec: SourceSpec, passes_over: PassesOver = looks_at_all) -> Source:
    """Make a source of what a configuration names; nothing is held open before it is read.

    Frames that come in time and that `passes_over` says yes to are neither decoded to the end nor delivered.
    Raises InputError when a file or folder is missing, unreadable or empty. A webcam or URL that does not answer is no
    error: it is tried again and again, and its `state` says so.
    """
    hush_opencv()
    spec = replace(spec, uri=fill_in_url(spec.uri))
    kind = find_kind(spec.uri)
    if kind is SourceKind.WEBCAM:
        return LiveSource(kind, lambda _stopping: read_webcam(spec.uri), passes_over=passes_over)
    if kind is SourceKind.URL:
        address = CameraAddress.parse(spec.uri)
        if address.scheme in _HTTP:
            from twinface.faces.sources.http_camera import HttpCamera

            camera = HttpCamera(address, spec.snapshot_fps, spec.decode_threads)
            return LiveSource(kind, camera, longest_gap_s=2.0 / spec.snapshot_fps, passes_over=passes_over)
        return LiveSource(kind, lambda _stopping: read_stream(address, spec.decode_threads), passes_over=passes_over)
    path = Path(spec.uri).expanduser()
    if kind is SourceKind.VIDEO:
        check_video(path)
        return PlayedSource(
            kind,
            partial(play_video, path, spec.decode_threads),
            loop=spec.loop,
            paced=spec.paced,
            passes_over=passes_over,
        )
    pictures = list_pictures(path) if path.is_dir() else [path]
    if not pictures:
        raise InputError(f"source {spec.uri!r}: no pictures in this folder; put JPEG or PNG files into it")
    copies = max(1, round(spec.picture_seconds * spec.picture_fps))
    period_ms = 1000.0 * spec.picture_seconds / copies
    play = partial(_play_pictures, pictures, copies, period_ms)
    return PlayedSource(kind, play, loop=spec.loop, paced=spec.paced, passes_over=passes_over)


def _play_pictures(pictures: Sequence[Path], copies: int, period_ms: float) -> Pass:
    """Each picture `copies` times, the first of them a cut; one that cannot be read is passed over with a warning."""
    shown = 0
    for path in pictures:
        try:
            image = read_image(path)
        except InputError as error:
            _log.warning("picture passed over: %s", printable(str(error)))
            continue
        for copy in range(copies):
            yield Playable((shown * copies + copy) * period_ms, period_ms, copy == 0, image.copy)
        shown += 1
