"""Looks as rows, and how they are found: by the track that is named, or the event."""

import dataclasses
import json
import re
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from twinface.errors import InputError, NotThereError
from twinface.events.database import changing, is_there, reading
from twinface.events.event import Event, LookRecord, TrackKey
from twinface.events.event_queries import SELECT as SELECT_EVENT
from twinface.events.event_queries import check_types, read_details, to_event
from twinface.events.kept_pictures import insert_picture
from twinface.types import Candidate, FaceMeasures

_COLUMNS = (
    "camera",
    "stream",
    "track",
    "crop",
    "face",
    "at_ns",
    "frame",
    "network",
    "vector",
    "quality",
    "state",
    "name",
)
_TYPES = {
    **dict.fromkeys(("camera", "network", "state"), str),
    **dict.fromkeys(("stream", "track", "crop", "face", "at_ns", "frame"), int),
    "vector": bytes,
    "quality": float,
    "name": str | None,
}
_DETAILS = ("score", "reason", "candidates", "together", "measures", "bounds", "gallery_version", "head")
SELECT = f"SELECT {', '.join(_COLUMNS)}, details, enrolled_as, stranger FROM looks"  # noqa: S608 — names of columns
_OF_TRACK = "camera = ? AND stream = ? AND track = ?"
_DECISIONS = f"SELECT details, enrolled_as FROM looks WHERE {_OF_TRACK} ORDER BY crop"  # noqa: S608
_INSERT = (
    f"INSERT OR IGNORE INTO looks ({', '.join(_COLUMNS)}, details, stored_ns) "  # noqa: S608 — names of columns
    f"VALUES ({', '.join('?' for _ in _COLUMNS)}, ?, ?)"
)
_DROP_POOREST = f"""
    DELETE FROM looks WHERE {_OF_TRACK} AND crop IN
        (SELECT crop FROM looks WHERE {_OF_TRACK} AND crop <> ? ORDER BY quality DESC LIMIT -1 OFFSET ?)
"""  # noqa: S608 — no word of a user
_BEGAN = """
    SELECT sequence, camera, stream, track FROM events WHERE subject = 'person' AND kind = 'enter'
    AND camera = ? AND name = ? AND since_ns = ? AND sequence <= ? ORDER BY sequence DESC LIMIT 1
"""
_TRACKS_SINCE = """
    SELECT DISTINCT camera, stream, track FROM events
    WHERE subject = 'track' AND camera = ? AND name = ? AND sequence BETWEEN ? AND ? ORDER BY sequence
"""
_FINGERPRINT = re.compile(r"[0-9a-f]{1,64}")
_TRACK = re.compile(r"([^:]+)(?::([0-9a-z]{1,12}))?:([0-9]{1,18})")
_FIND = """
    SELECT stream FROM events WHERE subject = 'track' AND kind = 'enter'
    AND camera = :camera AND track = :track AND (:stream IS NULL OR stream = :stream) ORDER BY sequence DESC LIMIT 1
"""


def insert_looks(
    connection: sqlite3.Connection, looks: Iterable[LookRecord], per_track: int, stored_ns: int | None
) -> None:
    """Keep looks, of each track the newest and the best of the others, `per_track` in all; those kept already stay."""
    for look in looks:
        values = {field.name: getattr(look, field.name) for field in dataclasses.fields(look)}
        values |= {**look.key._asdict(), "vector": look.vector.astype("<f4").tobytes()}
        details = json.dumps(_plain_details(look), ensure_ascii=False, sort_keys=True)
        connection.execute(_INSERT, [*(values[name] for name in _COLUMNS), details, stored_ns])
        insert_picture(connection, look, stored_ns)
        connection.execute(_DROP_POOREST, [*look.key, *look.key, look.crop, per_track - 1])


def to_look(row: Sequence[Any]) -> LookRecord:
    """A row of SELECT. Raises ValueError when it is none."""
    *values, details, enrolled_as, unknown = row
    fields = dict(zip(_COLUMNS, values, strict=True))
    check_types(fields, _TYPES)
    fields |= {name: value for name, value in read_details(details).items() if name in _DETAILS}
    candidates = {name: _to_candidates(fields.get(name, ())) for name in ("candidates", "together")}
    key = TrackKey(fields.pop("camera"), fields.pop("stream"), fields.pop("track"))
    vector = np.frombuffer(fields["vector"], "<f4")
    measures = _to_measures(fields.get("measures"))
    more = {"key": key, "vector": vector, "measures": measures, "enrolled_as": enrolled_as, "unknown": unknown}
    if "score" not in fields or not vector.size or not np.isfinite(vector).all():
        raise ValueError("a look without a score, or a vector of finite numbers")
    return LookRecord(**{**fields, **candidates, **more})


def _plain_details(look: LookRecord) -> dict[str, Any]:
    """What stands in the column of JSON: a candidate as [name, score], measures as an object, empty for none."""
    plain = {name: getattr(look, name) for name in _DETAILS}
    plain |= {name: [[one.name, one.score] for one in plain[name]] for name in ("candidates", "together")}
    return plain | {"measures": {} if look.measures is None else dataclasses.asdict(look.measures)}


def _to_candidates(pairs: Any) -> tuple[Candidate, ...]:
    try:
        return tuple(Candidate(name, score) for name, score in pairs)
    except TypeError:
        raise ValueError("candidates that are no pairs") from None


def _to_measures(values: Any) -> FaceMeasures | None:
    if not values:
        return None
    try:
        return FaceMeasures(**{field.name: float(values[field.name]) for field in dataclasses.fields(FaceMeasures)})
    except (KeyError, OverflowError, TypeError):
        raise ValueError("measures of a face that are none") from None


def read_looks(path: Path, tracks: Iterable[TrackKey]) -> list[LookRecord]:
    """The looks that are kept of tracks, in the order they were taken. Raises ArtefactError as `read_events` does."""
    with reading(path) as connection:
        return select_looks(connection, tracks)


def read_sound_looks(path: Path, tracks: Iterable[TrackKey]) -> tuple[list[LookRecord], int]:
    """The same without those that are damaged, or of no network, and how many these are."""
    looks, damaged, statement = [], 0, f"{SELECT} WHERE {_OF_TRACK} ORDER BY crop"
    with reading(path) as connection:
        for row in (row for key in tracks for row in connection.execute(statement, key)):
            try:
                look = to_look(row)
            except ValueError:
                damaged += 1
                continue
            if _FINGERPRINT.fullmatch(look.network):
                looks.append(look)
            else:
                damaged += 1
    return looks, damaged


def select_looks(connection: sqlite3.Connection, tracks: Iterable[TrackKey]) -> list[LookRecord]:
    """The same, in a transaction."""
    statement = f"{SELECT} WHERE {_OF_TRACK} ORDER BY crop"
    return [to_look(row) for key in tracks for row in connection.execute(statement, key)]


def kept_crops(path: Path, tracks: Iterable[TrackKey]) -> set[tuple[TrackKey, int]]:
    """Which looks of tracks are kept, by the numbers of their crops. Raises ArtefactError as `read_events` does."""
    if not is_there(path):
        return set()
    statement = f"SELECT crop FROM looks WHERE {_OF_TRACK}"  # noqa: S608 — no word of a user
    with reading(path) as connection:
        return {(key, crop) for key in tracks for (crop,) in connection.execute(statement, key)}


class LastDecision(NamedTuple):
    """What was decided after the last look that is kept of a track: whom all of them showed, the best first, and by
    which bounds; `is_enrolled` says that any of them is in the gallery.
    """

    together: tuple[Candidate, ...]
    bounds: Mapping[str, Any]
    is_enrolled: bool


def read_last_decisions(path: Path, tracks: Iterable[TrackKey]) -> dict[TrackKey, LastDecision]:
    """Of each track of which looks are kept, without their vectors. Raises ArtefactError as `read_looks`."""
    found: dict[TrackKey, LastDecision] = {}
    with reading(path) as connection:
        for key in tracks:
            rows = connection.execute(_DECISIONS, key).fetchall()
            if rows:
                details = read_details(rows[-1][0])
                bounds = details.get("bounds")
                found[key] = LastDecision(
                    _to_candidates(details.get("together", ())),
                    bounds if isinstance(bounds, dict) else {},
                    any(enrolled_as is not None for _, enrolled_as in rows),
                )
    return found


def mark_enrolled(path: Path, looks: Iterable[LookRecord], name: str) -> None:
    """Remember whom looks were enrolled as, so that they are forgotten with them. Raises ArtefactError."""
    with changing(path, "what was enrolled cannot be marked") as connection:
        statement = f"UPDATE looks SET enrolled_as = ? WHERE {_OF_TRACK} AND crop = ?"  # noqa: S608
        connection.executemany(statement, [(name, *look.key, look.crop) for look in looks])


def find_track(path: Path, text: str) -> TrackKey:
    """The track that is written `camera:start:number`, or `camera:number` for the camera's last one of that number.

    Raises InputError when it is written otherwise, or nothing is known of such a track, ArtefactError as `reading`.
    """
    written = _TRACK.fullmatch(text)
    if written is None:
        raise InputError(f"{text!r} is no track; write it as `twinface events` prints it, or CAMERA:NUMBER")
    camera, start, number = written.groups()
    values = {"camera": camera, "stream": int(start, 36) if start else None, "track": int(number)}
    found = None
    if is_there(path):
        with reading(path) as connection:
            found = connection.execute(_FIND, values).fetchone()
    if found is None:
        raise NotThereError(f"nothing is known of a track {text!r}; `twinface events --subject track` lists them")
    return TrackKey(camera, found[0], int(number))


def find_event(path: Path, number: int) -> tuple[Event, list[TrackKey]]:
    """An event, and the tracks that it is about: of a visit all that bore the name then.

    Raises NotThereError when there is none of this number, or it is forgotten, ArtefactError as `reading`.
    """
    if not is_there(path):
        raise NotThereError(f"no event has the number {number}: {path} is not there; `twinface up` stores events")
    with reading(path) as connection:
        row = connection.execute(f"{SELECT_EVENT} WHERE sequence = ?", [number]).fetchone()
        if row is None:
            raise NotThereError(
                f"no event has the number {number}: it is forgotten, or has not been yet; see `twinface events`"
            )
        event = to_event(row)
        if event.key is not None:
            return event, [event.key]
        return event, _tracks_of_visit(connection, event, number)


def _tracks_of_visit(connection: sqlite3.Connection, event: Event, number: int) -> list[TrackKey]:
    """Those that bore the name from the visit's beginning to the event, by numbers: the clock may have been put."""
    who = (event.camera, event.name)
    began = connection.execute(_BEGAN, (*who, event.since_ns, number)).fetchone()
    first, *key = began or (0, *who)
    tracks = [TrackKey(*row) for row in connection.execute(_TRACKS_SINCE, (*who, first, number))]
    announced = [TrackKey(*key)] if began and began[-1] is not None else []
    return list(dict.fromkeys([*announced, *tracks]))
