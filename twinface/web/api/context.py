"""What every operation of the API works on."""

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Header, Request

from twinface.box.pictures_client import PicturesProcess
from twinface.bus.control import Ask
from twinface.bus.rundir import RunDirectory
from twinface.errors import ArtefactError, NotThereError
from twinface.events.event import NameSpan
from twinface.events.past_visits import FormerNames
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import has_people
from twinface.gallery.person import PersonVectors, slug_of
from twinface.review.former_names import NamesBefore
from twinface.settings import Settings
from twinface.web.authentication import API_PREFIX, Authentication
from twinface.web.box_history import BoxHistory
from twinface.web.recent_pictures import RecentPictures

LARGEST = 2**53 - 1
"""Of numbers in requests: the largest that every program that reads JSON has exactly (RFC 8259, 6)."""

LATEST_NS = 2**63 - 1
"""Of times in requests: the year 2262."""


IfMatch = Annotated[
    str | None, Header(alias="If-Match", max_length=100, description="The `version` of the person that is meant.")
]
"""Refuses a change where somebody has changed the person since."""


@dataclass(slots=True)
class People:
    """Everybody in the gallery by an id that may stand in an address, read again where the files have changed."""

    settings: Settings
    _gallery: Gallery | None = None
    _by_id: dict[str, PersonVectors] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _names_before: NamesBefore = field(init=False)
    _reader: threading.Thread | None = None

    def __post_init__(self) -> None:
        self._names_before = NamesBefore(self.settings)

    def read_ahead(self) -> None:
        """Read everybody, once and in a thread, so that the first page has not to wait for it."""
        if self._reader is None:
            self._reader = threading.Thread(target=self._read, name="gallery", daemon=True)
            self._reader.start()

    def by_id(self) -> Mapping[str, PersonVectors]:
        """Everybody, in the order of names; nobody where there is no gallery. Raises as `Gallery.open` does."""
        with self._lock:
            if not has_people(self.settings.gallery):
                self._gallery, self._by_id = None, {}
            elif self._gallery is None:
                self._gallery = Gallery.open(self.settings.gallery)
                self._by_id = _by_id(self._gallery)
            elif self._gallery.refresh():
                self._by_id = _by_id(self._gallery)
            return self._by_id

    def _read(self) -> None:
        with suppress(ArtefactError):  # whoever asks hears of it
            self.by_id()

    def crops(self, name: str) -> Mapping[str, bytes]:
        """The crops that are kept of somebody, as PNG, by `crop_key` of their vectors. Raises as `Gallery.crops`."""
        with self._lock:
            return self._gallery.crops(name) if self._gallery else {}

    def picture_url(self, name: str) -> str | None:
        """Where a picture of somebody is; None where no crop of theirs is kept."""
        with self._lock:
            kept = self._gallery is not None and self._gallery.keeps_crops(name)
        return f"{API_PREFIX}/people/{slug_of(name)}/picture" if kept else None

    @property
    def version(self) -> int:
        """The number of the gallery as it was read last; 0 where there is none."""
        return 0 if self._gallery is None else self._gallery.version

    def former_names(self) -> FormerNames:
        """All names of those who had others than the present one. Raises as `NamesBefore.of`."""
        return self._names_before.of({one.name for one in self.by_id().values()}, self.version)

    def names_of(self, name: str | None) -> tuple[NameSpan, ...] | None:
        """All that the person of a name has had, for queries; None for anybody's."""
        return None if name is None else tuple(self.former_names().get(name, [NameSpan(name)]))

    def opened(self) -> Gallery:
        """The gallery as it is now. Raises NotThereError where there is none, else as `Gallery.open`."""
        self.by_id()
        if self._gallery is None:
            raise NotThereError("there is no gallery yet; add somebody first")
        return self._gallery

    def find(self, key: str) -> PersonVectors:
        """Raises NotThereError where nobody has this id; of who had it once it says what they are called now."""
        if (found := self.by_id().get(key)) is not None:
            return found
        had = self.former_names().items()
        now = next((name for name, spans in had if any(slug_of(span.name) == key for span in spans)), None)
        gone = "they may have been removed or forgotten since" if now is None else f"they are called {now} now"
        raise NotThereError(f"nobody in the gallery has the id {key!r}: {gone}; /api/v1/people lists everybody")


def _by_id(gallery: Gallery) -> dict[str, PersonVectors]:
    return {slug_of(name): person for name, person in gallery.people.items()}


@dataclass(frozen=True, slots=True)
class Context:
    """The box: its configuration, where that stands, its gallery, what its heartbeats say, who reads pictures, its
    matcher, who is let in (None where everybody is), its run directory, the page's address, the last hours, and the
    pictures of the last looks.
    """

    settings: Settings
    config: Path
    people: People
    health: Callable[[], Mapping[str, object]]
    pictures: PicturesProcess
    ask_matcher: Ask
    authentication: Authentication | None
    run: RunDirectory
    url: str
    history: BoxHistory
    look_pictures: RecentPictures


def version_of(if_match: str | None) -> str | None:
    """The version of a person that the header If-Match names; None for any."""
    text = (if_match or "").strip().removeprefix("W/").strip('"')
    return None if text in {"", "*"} else text


def who_asks(request: Request) -> str:
    """By what name a change is recorded: the page, and from where."""
    return f"web {request.client.host}" if request.client else "web"
