"""What is going on: tracks and visits that have begun and not ended, and how another writer resumes them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from twinface.events.event import Event, Kind, Moment, Opinion, Past, Subject, TrackKey

INTERRUPTED = "interrupted"
"""Reason of an exit that nobody saw."""

_LONGEST_BREAK_S = 86_400.0
"""Between two starts of a camera."""


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


def take_up(past: Past, camera: str, stream: int, now: Moment) -> tuple[list[OpenTrack], list[OpenVisit]]:
    """Tracks and visits of a camera that has gone on meanwhile, as if those that go on had been seen just now."""
    tracks = _open_tracks(past, camera, stream, now)
    names = {track.opinion.name for track in tracks}
    visits = [
        OpenVisit(
            camera,
            event.name,
            stream,
            began=_moment(event, stream, now),
            seen=now if event.name in names else _last_seen(past, event, stream, now),
            opinion=_opinion(event),
            reported_with=_reported_with(past, camera, event.name),
        )
        for event in _of_camera(past, camera)
        if event.subject is Subject.PERSON and event.kind is Kind.ENTER and event.name is not None
    ]
    return tracks, visits


def _open_tracks(past: Past, camera: str, stream: int, now: Moment) -> list[OpenTrack]:
    tracks: dict[TrackKey, OpenTrack] = {}
    for event in _of_camera(past, camera):
        if event.subject is not Subject.TRACK or event.track is None:
            continue
        key, at = TrackKey(camera, event.stream, event.track), _moment(event, stream, now)
        if event.kind is Kind.ENTER:
            tracks[key] = OpenTrack(key, at, now, restored=True)
        elif (track := tracks.get(key)) is not None and event.kind is Kind.STAYED:
            track.stay_told = True
        elif track is not None:
            track.opinion, track.since = _opinion(event), at
    return list(tracks.values())


def _last_seen(past: Past, visit: Event, stream: int, now: Moment) -> Moment:
    sightings = (event for event in past.sightings if (event.camera, event.name) == (visit.camera, visit.name))
    return _moment(next(sightings, visit), stream, now)


def give_up(past: Past, camera: str) -> list[Event]:
    """The exits of what nobody will see any more, as it was last reported."""
    last: dict[tuple[object, ...], Event] = {}
    for event in _of_camera(past, camera):
        last[_identity(event)] = event
    for seen in past.sightings:
        if seen.camera == camera and (visit := last.get((camera, seen.name))) is not None:
            last[camera, seen.name] = replace(
                visit,
                at_ns=seen.at_ns,
                duration_s=round(max(0.0, _duration_s(visit, seen)), 3),
                media_ms=seen.media_ms,
                frame=seen.frame,
            )
    return [_exit(event) for event in last.values()]


def _duration_s(visit: Event, seen: Event) -> float:
    """Of a visit until somebody was last seen: by the stream's own time, or the wall clock if that was another one."""
    if seen.stream == visit.stream:
        return visit.duration_s + (seen.media_ms - visit.media_ms) / 1e3
    return (seen.at_ns - visit.since_ns) / 1e9


def _exit(last: Event) -> Event:
    track = last.track if last.subject is Subject.TRACK else None
    return replace(last, kind=Kind.EXIT, track=track, reason=INTERRUPTED, details=None, sequence=None)


def _of_camera(past: Past, camera: str) -> Iterable[Event]:
    return (event for event in past.unfinished if event.camera == camera)


def _identity(event: Event) -> tuple[object, ...]:
    if event.subject is Subject.PERSON:
        return event.camera, event.name
    return event.camera, event.stream, event.track


def _reported_with(past: Past, camera: str, name: str) -> set[str]:
    flags = [
        event.details["cameras"]
        for event in past.unfinished
        if event.kind is Kind.TWO_CAMERAS and event.name == name and event.details is not None
    ]
    return {other for cameras in flags if camera in cameras for other in cameras} - {camera}


def _opinion(event: Event) -> Opinion:
    return Opinion(event.state, event.name, event.score, event.gallery_version, event.head, event.details)


def _moment(event: Event, stream: int, now: Moment) -> Moment:
    """When an event was, in the time of `now`: by the stream's own, or the wall clock where it was another stream.

    A wall clock that says that the event was after this stream began, or over a day before that, was put meanwhile.
    """
    age_s = (now.media_ms - event.media_ms) / 1e3
    if event.stream != stream:
        least_s, age_s = now.media_ms / 1e3, (now.at_ns - event.at_ns) / 1e9
        age_s = age_s if least_s <= age_s <= least_s + _LONGEST_BREAK_S else least_s
    return Moment(now.time_s - max(0.0, age_s), event.at_ns, event.media_ms, event.frame)
