"""The values of this room: an event, what it is made from, and a look at a track, as it is kept."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinface.types import Candidate, FaceMeasures, State

_EVER_NS = 2**63 - 1


class Kind(StrEnum):
    """What happened."""

    ENTER = "enter"
    UPDATE = "update"
    EXIT = "exit"
    STAYED = "stayed"
    TWO_CAMERAS = "two_cameras"


class Subject(StrEnum):
    """Whom an event is about: a face that a camera follows, or somebody of the gallery at a camera."""

    TRACK = "track"
    PERSON = "person"


class TrackKey(NamedTuple):
    """A track for good: its number counts within one start (`stream`) of a camera."""

    camera: str
    stream: int
    track: int

    def __str__(self) -> str:
        """As people read and type it: the camera, its start in base 36, and the number, `front:dcd9kz2i8w0g:3`."""
        return f"{self.camera}:{np.base_repr(self.stream, 36).lower()}:{self.track}"


@dataclass(frozen=True, slots=True)
class Moment:
    """When something was seen.

    Durations are taken of `time_s` only, which never goes backwards: monotonic time, or the recording's own where
    frames wait to be worked off. `at_ns` is the wall clock of the capture; it is stored and decides nothing.
    """

    time_s: float
    at_ns: int
    media_ms: float
    frame: int


@dataclass(frozen=True, slots=True)
class Opinion:
    """Who a track is said to be, and by what: version of the gallery, fingerprint of the head.

    `score` is 0…1; `details` whatever explains it, JSON.
    """

    state: str = State.PENDING
    name: str | None = None
    score: float | None = None
    gallery_version: int = 0
    head: str = ""
    details: Mapping[str, Any] | None = None

    @property
    def said(self) -> tuple[str, str | None]:
        """What is reported of it; a change of this is an update."""
        return self.state, self.name


@dataclass(frozen=True, slots=True)
class Event:
    """A row of the store. `sequence` is given when it is stored: from 1, without gaps, never twice.

    A track is `camera`, `stream`, `track`; a visit of a person `camera`, `name`, `since_ns`. `at_ns` and `since_ns`
    (when track or visit began) are wall clock, `duration_s` between the two is by the stream's own time.
    """

    kind: Kind
    subject: Subject
    camera: str
    stream: int
    track: int | None
    name: str | None
    state: str
    score: float | None
    at_ns: int
    since_ns: int
    duration_s: float
    media_ms: float
    frame: int
    gallery_version: int = 0
    head: str = ""
    reason: str | None = None
    details: Mapping[str, Any] | None = None
    sequence: int | None = None

    @property
    def key(self) -> TrackKey | None:
        """The track that it is of, or that made it happen."""
        return None if self.track is None else TrackKey(self.camera, self.stream, self.track)

    @property
    def plain(self) -> dict[str, Any]:
        """Every field, and as `track_id` the track as people type it, for JSON."""
        return {**asdict(self), "track_id": None if self.key is None else str(self.key)}


def event_id(event: Event, box: str) -> str:
    """What others know a stored event of a box by, the same whenever it is sent.

    The time is in it because numbers begin again where a new store is made.
    """
    return f"{box}-{event.sequence}-{event.at_ns:x}"


@dataclass(frozen=True, slots=True)
class Past:
    """What a writer that starts again has to know: events of tracks and visits that have not ended, in their order, the
    last event with the name of each such visit, the last stream of each camera, and tracks that have ended lately.
    """

    unfinished: tuple[Event, ...] = ()
    sightings: tuple[Event, ...] = ()
    streams: tuple[tuple[str, int], ...] = ()
    ended: frozenset[TrackKey] = frozenset()


class NameSpan(NamedTuple):
    """A name while it was one person's, by the wall clock: from `since_ns` on, until right before `until_ns`."""

    name: str
    since_ns: int = -_EVER_NS
    until_ns: int = _EVER_NS

    def covers(self, name: str, at_ns: int) -> bool:
        """Whether the name was theirs at that time."""
        return name == self.name and self.since_ns <= at_ns < self.until_ns

    @property
    def has_beginning(self) -> bool:
        """Whether it was somebody else's before."""
        return self.since_ns > -_EVER_NS

    @property
    def has_end(self) -> bool:
        """Whether it was somebody else's after it."""
        return self.until_ns < _EVER_NS


@dataclass(frozen=True, slots=True, eq=False)
class LookRecord:
    """One recognised crop of a track; `crop` is its number within the camera's start, `face` counts the faces that had
    the track's box before, unseen by the tracker.

    `vector` is float32 (d,), of the network with the fingerprint `network`; `quality` 0…1 and `measures` are of the
    crop, None where nothing was measured. `candidates` are whom this look alone shows, `together` whom all looks of the
    track so far show, the best first. `state`, `name`, `score` and `reason` are what the track was then said to be, and
    why it was no name, by the `bounds`: the rule and what it asks for. `enrolled_as` is whom it was enrolled as,
    `unknown` the number of the unknown visitor it was found to show. `picture` is a JPEG that is to be kept with it.
    """

    key: TrackKey
    crop: int
    face: int
    at_ns: int
    frame: int
    network: str
    vector: NDArray[np.float32]
    quality: float
    state: str
    name: str | None
    score: float
    reason: str = ""
    candidates: tuple[Candidate, ...] = ()
    together: tuple[Candidate, ...] = ()
    measures: FaceMeasures | None = None
    bounds: Mapping[str, Any] = field(default_factory=dict)
    gallery_version: int = 0
    head: str = ""
    enrolled_as: str | None = None
    unknown: int | None = None
    picture: bytes | None = None

    @property
    def source(self) -> str:
        """Where it comes from, in a word: the track as it is printed, and the crop."""
        return f"{self.key}#{self.crop}"
