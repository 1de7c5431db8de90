"""Notifications: sentences about events, with a face where pictures are kept, by whatever service apprise knows."""

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinface.delivery.notices import QuietHours, local_time, midnight_ns, notice
from twinface.delivery.target import Filter, Outcome
from twinface.errors import InputError, MissingExtraError, SettingsError
from twinface.events.deliveries import last_taken
from twinface.events.event import Event, Kind, NameSpan, Subject
from twinface.events.event_queries import EventQuery, read_events
from twinface.events.kept_pictures import read_picture
from twinface.events.look_queries import read_looks
from twinface.placeholders import fill_in
from twinface.settings import NotifySettings

if TYPE_CHECKING:
    from apprise import Apprise

_DELAYS_S = (5.0, 30.0, 120.0, 600.0, 1800.0)
_OLD_AFTER_NS = 3600 * 10**9
"""Who was at the door an hour ago is no news."""

_TIMEOUT_S = 30.0
_TITLE = "twinface"


class NotifyTarget:
    """One table `[[notify]]`; `path` is the store of events, which says who came before and has the pictures.

    Raises MissingExtraError without apprise, SettingsError where the URL is none that apprise knows.
    """

    delays_s: Sequence[float] = _DELAYS_S
    remembers = True

    def __init__(self, settings: NotifySettings, path: Path) -> None:
        self.name = f"notify:{settings.name}"
        self._settings = settings
        self._path = path
        self._filter = Filter.of(settings)
        self._quiet = QuietHours.of(settings.quiet)
        self._service = _open_service(settings)

    def wants(self, event: Event) -> bool:
        """Whether somebody is to be notified: it is meant, no quiet hour, and not said of the same person just now."""
        if not self._filter.takes(event) or self._quiet.holds(local_time(event.at_ns)):
            return False
        if time.time_ns() - event.at_ns > _OLD_AFTER_NS or self._was_sent_just_now(event):
            return False
        return not self._settings.first_today or event.kind is not Kind.ENTER or self._is_first_today(event)

    def send(self, event: Event) -> Outcome:
        """Send a sentence, and the best picture that is kept of the face, if any."""
        picture = self._picture(event) if self._settings.picture else None
        text = notice(event, is_first_today=event.kind is Kind.ENTER and self._is_first_today(event))
        said = self._send(text, picture)
        mend = f"`twinface notify test {self._settings.name}` says why"
        return Outcome("" if said is None else f"the service did not take it; {mend}")

    def test(self) -> Outcome:
        """Send a sentence that says where it comes from; what went wrong is in the words of apprise."""
        return Outcome(self._send("twinface reaches you", None) or "")

    def _send(self, text: str, picture: bytes | None) -> str | None:
        """None where it was sent, else why not."""
        from apprise import AppriseAttachment, NotifyFormat
        from apprise.attachment.memory import AttachMemory

        attach: Any = None
        if picture is not None:
            face = AttachMemory(content=picture, name="face.jpg", mimetype="image/jpeg")  # type: ignore[no-untyped-call]
            attach = AppriseAttachment(face)
        with self._service.notify(
            text,
            _TITLE,
            body_format=NotifyFormat.TEXT,
            attach=attach,
            timeout=_TIMEOUT_S,
            log_level=logging.WARNING,
        ) as result:
            if result:
                return None
            return "; ".join(entry.message for entry in result.logs()) or "the service did not take it"

    def _was_sent_just_now(self, event: Event) -> bool:
        camera = event.camera if event.name is None else None
        last = last_taken(self._path, self.name, event.name, camera)
        return last is not None and 0 <= event.at_ns - last.at_ns < self._settings.minutes * 60e9

    def _is_first_today(self, event: Event) -> bool:
        """Whether somebody known came for the first time since midnight, to the cameras that this is about."""
        if event.name is None:
            return False
        since_ns = midnight_ns(event.at_ns)
        query = EventQuery(since_ns=since_ns, names=(NameSpan(event.name),), kind=Kind.ENTER, subject=Subject.PERSON)
        cameras = self._settings.cameras
        return not any(
            (one.sequence or 0) < (event.sequence or 0)
            for one in read_events(self._path, query)
            if not cameras or one.camera in cameras
        )

    def _picture(self, event: Event) -> bytes | None:
        if event.key is None:
            return None
        looks = sorted(read_looks(self._path, [event.key]), key=lambda look: look.quality, reverse=True)
        pictures = (read_picture(self._path, look.key, look.crop) for look in looks)
        return next((picture for picture in pictures if picture is not None), None)


def _open_service(settings: NotifySettings) -> "Apprise":
    """Raises as NotifyTarget does."""
    try:
        from apprise import Apprise, AppriseAsset
    except ImportError as error:
        raise MissingExtraError(
            f"notify {settings.name!r} needs apprise, which is not installed; pip install 'twinface[notify]'"
        ) from error
    lines = logging.getLogger("apprise")
    lines.propagate = False  # there are addresses in them
    if not lines.handlers:
        lines.addHandler(logging.NullHandler())
    service = Apprise(asset=AppriseAsset(app_id="twinface", secure_logging=True))
    try:
        is_known = service.add(fill_in(settings.url))
    except InputError as error:
        raise SettingsError(f"notify {settings.name!r}: {error}") from error
    if not is_known:
        raise SettingsError(
            f"notify {settings.name!r}: no URL that apprise knows; https://github.com/caronc/apprise/wiki lists them"
        )
    return service
