"""What is kept of an event or a track: what was said of it, and the looks that it was said by."""

from dataclasses import dataclass
from pathlib import Path

from twinface.errors import InputError
from twinface.events.event import Event, LookRecord, TrackKey
from twinface.events.event_queries import EventQuery, read_events
from twinface.events.look_queries import find_event, find_track, read_looks


@dataclass(frozen=True, slots=True)
class Evidence:
    """The `tracks` of what was named, and in their order the events and looks of these; `event` where one was named."""

    event: Event | None
    tracks: tuple[TrackKey, ...]
    history: tuple[Event, ...]
    looks: tuple[LookRecord, ...]

    @property
    def what(self) -> str:
        """What it is of, in words."""
        tracks = ", ".join(map(str, self.tracks)) or "no track"
        return tracks if self.event is None else f"event {self.event.sequence} ({tracks})"

    def choose_name(self, wanted: str | None) -> str:
        """The name that was given: by the event, else to the tracks, of which `wanted` has to be one.

        Raises InputError where there was none, or several to choose from.
        """
        borne = list(dict.fromkeys(event.name for event in reversed(self.history) if event.name))
        if self.event is not None and self.event.name and wanted is None:
            return self.event.name
        if not borne:
            raise InputError(f"{self.what} was given no name; `twinface enrol` gives it one")
        if wanted is not None and wanted not in borne:
            raise InputError(f"{self.what} was not said to be {wanted}, but {' and '.join(borne)}")
        if wanted is None and len(borne) > 1:
            raise InputError(f"{self.what} was said to be {' and '.join(borne)}; choose one with --name")
        return wanted or borne[0]

    def looks_at(self, name: str) -> list[LookRecord]:
        """The looks at the faces that were called `name`: of each such face all; of none where the name came later, the
        looks at the last face of each track.
        """
        named = {(look.key, look.face) for look in self.looks if look.name == name}
        return [look for look in self.looks if (look.key, look.face) in named] or self.last_looks

    @property
    def last_looks(self) -> list[LookRecord]:
        """The looks at whom each track was of in the end."""
        last = {look.key: look.face for look in self.looks}
        return [look for look in self.looks if look.face == last[look.key]]


def find_evidence(path: Path, event: int | None, track: str | None) -> Evidence:
    """What the database of events keeps of an event, by its number, or of a track as it is printed: one of the two.

    Raises InputError where neither or both are given, or nothing is known of it; ArtefactError as `read_events` does.
    """
    if (event is None) == (track is None):
        raise InputError("name either an event with --event, or a track with --track; `twinface events` prints both")
    found, tracks = find_event(path, event) if event is not None else (None, [find_track(path, track or "")])
    history = [one for key in tracks for one in read_events(path, EventQuery(track=key))]
    return Evidence(found, tuple(tracks), tuple(history), tuple(read_looks(path, tracks)))


def require_looks(evidence: Evidence, looks: list[LookRecord]) -> list[LookRecord]:
    """The looks, if there are any. Raises InputError."""
    if not looks:
        raise InputError(
            f"no looks are kept of {evidence.what}: it was never recognised, or [events] keep_days are over, "
            "or kept_looks is 0"
        )
    return looks
