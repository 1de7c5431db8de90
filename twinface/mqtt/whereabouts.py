"""Who is where, by the events of the store: no clock, no files, so the same events give the same states."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from twinface.events import Event, Kind, Subject
from twinface.gallery.person import slug_of
from twinface.types import State

NOBODY = "nobody"
_MOST_CHARACTERS = 255
"""Of a state in Home Assistant."""


def as_time(at_ns: int) -> str:
    """A wall clock's time, ns, as ISO 8601 in UTC with milliseconds."""
    return datetime.fromtimestamp(at_ns / 1e9, UTC).isoformat(timespec="milliseconds")


@dataclass(frozen=True, slots=True)
class LastSeen:
    """When and at which camera somebody was seen last; `at_ns` is wall clock."""

    at_ns: int
    camera: str


@dataclass(slots=True)
class Presence:
    """Faces in sight, visits that go on, and who was seen last where. `changed` collects what has another state now.

    Events up to the number `newest` are known already; they change nothing.
    """

    newest: int = 0
    seen: dict[str, LastSeen] = field(default_factory=dict)
    changed_cameras: set[str] = field(default_factory=set)
    changed_people: set[str] = field(default_factory=set)
    _faces: dict[tuple[str, int, int | None], Event] = field(default_factory=dict)
    _visits: dict[tuple[str, str], Event] = field(default_factory=dict)
    _last: dict[str, Event] = field(default_factory=dict)

    @classmethod
    def of(cls, unfinished: Iterable[Event], newest: int, seen: Mapping[str, LastSeen]) -> "Presence":
        """The present after the event with the number `newest`, by the events of all that has not ended by then."""
        presence = cls(seen=dict(seen))
        for event in unfinished:
            presence.take(event)
        presence.newest = newest
        return presence

    def take(self, event: Event) -> None:
        """The next event."""
        if event.sequence is not None and event.sequence <= self.newest:
            return
        self.newest = event.sequence or self.newest
        if event.name is not None:
            self._saw(event, event.name)
        if event.subject is Subject.PERSON and event.name is not None:
            self._visit(event, event.name)
        elif event.subject is Subject.TRACK:
            self._face(event)

    def forget(self, names: Iterable[str]) -> None:
        """Keep nothing of people who are not among `names` any more."""
        for name in {*self.seen} - {*names}:
            del self.seen[name]

    def camera(self, camera: str) -> dict[str, Any]:
        """Who is in sight of a camera now, JSON-ready."""
        faces = [face for key, face in self._faces.items() if key[0] == camera]
        names = sorted({face.name for face in faces if face.name is not None})
        last = self._last.get(camera)
        return {
            "who": ", ".join(names)[:_MOST_CHARACTERS] or NOBODY,
            "people": [{"id": slug_of(name), "name": name} for name in names],
            "count": len(faces),
            "unknown": any(face.state == State.UNKNOWN for face in faces),
            "last": None if last is None else _match(last),
        }

    def person(self, name: str) -> dict[str, Any]:
        """Where somebody is, JSON-ready: present as long as a visit goes on, at the camera that saw them last."""
        seen = self.seen.get(name)
        return {
            "id": slug_of(name),
            "name": name,
            "present": any(visitor == name for _, visitor in self._visits),
            "cameras": sorted(camera for camera, visitor in self._visits if visitor == name),
            "camera": None if seen is None else seen.camera,
            "last_seen": None if seen is None else as_time(seen.at_ns),
        }

    def _saw(self, event: Event, name: str) -> None:
        before = self.seen.get(name)
        if before is None or event.at_ns >= before.at_ns:
            self.seen[name] = LastSeen(event.at_ns, event.camera)
            self.changed_people.add(name)

    def _visit(self, event: Event, name: str) -> None:
        key = event.camera, name
        if event.kind is Kind.EXIT:
            self._visits.pop(key, None)
        elif event.kind is Kind.ENTER:
            self._visits[key] = self._last[event.camera] = event
        self.changed_people.add(name)
        self.changed_cameras.add(event.camera)

    def _face(self, event: Event) -> None:
        key = event.camera, event.stream, event.track
        if event.kind is Kind.EXIT:
            self._faces.pop(key, None)
        else:
            self._faces[key] = event
        self.changed_cameras.add(event.camera)


def _match(event: Event) -> dict[str, Any]:
    """The beginning of a visit, in short."""
    name = event.name or ""
    return {"id": slug_of(name), "name": name, "score": event.score, "at": as_time(event.at_ns)}
