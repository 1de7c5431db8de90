"""What is going on: tracks and visits that have begun and not ended, and the events that report them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from twinface.events.event import Event, Kind, Moment, Opinion, Subject, TrackKey


@dataclass(slots=True)
class OpenTrack:
    """A face that a camera follows. `since` is when it was first said to be what it is now, None while nothing is said;
    `restored` says that a writer before this one saw it last.
    """

    key: TrackKey
    began: Moment
    seen: Moment
    opinion: Opinion = field(default_factory=Opinion)
    since: Moment | None = None
    stay_told: bool = False
    restored: bool = False


@dataclass(slots=True)
class OpenVisit:
    """Somebody at a camera; `opinion` is the best there was, `reported_with` the cameras that see them as well."""

    camera: str
    name: str
    stream: int
    began: Moment
    seen: Moment
    opinion: Opinion
    reported_with: set[str] = field(default_factory=set)


def of_track(kind: Kind, track: OpenTrack, at: Moment, reason: str | None = None) -> Event:
    """An event of a track."""
    camera, stream, number = track.key
    where = {"camera": camera, "stream": stream, "track": number, "reason": reason}
    return _event(kind, Subject.TRACK, track.opinion, track.began, at, **where)


def of_visit(
    kind: Kind,
    visit: OpenVisit,
    at: Moment,
    *,
    track: int | None = None,
    reason: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> Event:
    """An event of a person."""
    opinion = replace(visit.opinion, details=details)
    where = {"camera": visit.camera, "stream": visit.stream, "track": track, "reason": reason}
    return _event(kind, Subject.PERSON, opinion, visit.began, at, **where)


def _event(kind: Kind, subject: Subject, opinion: Opinion, began: Moment, at: Moment, **where: Any) -> Event:
    return Event(
        kind=kind,
        subject=subject,
        name=opinion.name,
        state=str(opinion.state),
        score=opinion.score,
        at_ns=at.at_ns,
        since_ns=began.at_ns,
        duration_s=round(max(0.0, at.time_s - began.time_s), 3),
        media_ms=at.media_ms,
        frame=at.frame,
        gallery_version=opinion.gallery_version,
        head=opinion.head,
        details=opinion.details,
        **where,
    )
