"""All checks, one after the other. That of the cameras, which are opened for real, is here, too."""

import time
from collections.abc import Iterator

from twinface.bus.pubsub import latest_heartbeats
from twinface.doctor.finding import Check, Finding, Mark, Subject
from twinface.doctor.installation import (
    check_broker,
    check_database,
    check_gallery,
    check_models,
    check_page,
    check_permissions,
)
from twinface.doctor.machine import check_clock, check_disk, check_processor, check_python
from twinface.doctor.targets import check_webhooks
from twinface.errors import InputError, UserError
from twinface.faces.sources.feed import FrameFeed
from twinface.faces.sources.open_source import SourceSpec, find_kind, open_source
from twinface.faces.sources.source import SourceWord
from twinface.messages.schema import Heartbeat
from twinface.processes import CAMERA, camera_names

_WITHIN_S = 15.0
_WELL = {"running", "ended", "idle"}


def check_cameras(subject: Subject) -> Iterator[Finding]:
    """Whether each gives a picture, and how large it is. A box that runs is asked: a webcam has room for one reader."""
    settings = subject.settings
    if not settings.camera:
        yield Finding("camera", Mark.FAIL, "no [[camera]] in the configuration; `twinface cameras` finds some")
    names = camera_names(settings)
    beats = latest_heartbeats(subject.run, names, timeout_s=3.0) if subject.is_running else None
    for camera, name in zip(settings.camera, names, strict=True):
        check = f"{CAMERA.name} {camera.name}"
        if beats is not None:
            yield _heard(check, beats.get(name))
            continue
        try:
            yield Finding(check, Mark.OK, try_source(camera.source))
        except InputError as error:
            yield Finding(check, Mark.FAIL, str(error))


def _heard(check: str, beat: Heartbeat | None) -> Finding:
    if beat is None:
        return Finding(check, Mark.FAIL, "its process is silent; `twinface status` says why")
    detail = f"{beat.state}{': ' if beat.detail else ''}{beat.detail}"
    return Finding(check, Mark.OK if beat.state in _WELL else Mark.FAIL, f"read by the box that runs, {detail}")


def try_source(source: str, within_s: float = _WITHIN_S) -> str:
    """Open a source and take its first picture; what came, in words.

    Raises InputError with the reason where none came in time.
    """
    kind = find_kind(source)
    opened = open_source(SourceSpec(source, paced=False))
    feed = FrameFeed(opened, lossless=True)
    asked_at_s = time.monotonic()
    try:
        while (taken_s := time.monotonic() - asked_at_s) < within_s:
            if (frame := feed.take(timeout_s=0.1)) is not None:
                height_px, width_px = frame.image.shape[:2]
                return f"{kind}, {width_px}x{height_px}, first picture after {taken_s:.1f} s"
            if opened.state.word is SourceWord.WAITING:
                raise InputError(opened.state.detail)
            if feed.ended:
                raise InputError("it ends without a picture; name another source")
        raise InputError(f"no picture within {within_s:g} s; look whether another program uses it")
    finally:
        feed.stop()


CHECKS: dict[str, Check] = {
    "python": check_python,
    "processor": check_processor,
    "clock": check_clock,
    "disk": check_disk,
    "permissions": check_permissions,
    "models": check_models,
    "gallery": check_gallery,
    "database": check_database,
    "page": check_page,
    "webhooks": check_webhooks,
    "broker": check_broker,
    "camera": check_cameras,
}
"""By their names, in the order in which they are made."""


def examine(subject: Subject) -> Iterator[Finding]:
    """What each check finds, as it is found; what it raises of UserError and OSError has failed."""
    for name, check in CHECKS.items():
        try:
            yield from check(subject)
        except UserError as error:
            yield Finding(name, Mark.FAIL, str(error))
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            yield Finding(name, Mark.FAIL, f"{where}{error.strerror or error}; look whether it is there and readable")
