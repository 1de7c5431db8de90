"""Who was where: each visit of a person as one, and each face that got no name in the end, from any process.

The database keeps events; a visit is what they say together, found when it is asked for. So what is forgotten, or
taken back, needs no second place to be changed in.
"""

import datetime
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from twinface.events.database import is_there, reading
from twinface.events.event import NameSpan, TrackKey
from twinface.events.event_queries import condition_of_names
from twinface.types import State

_LARGEST = 2**63 - 1
_AT_ONCE = 500
_NS = 10**9

# The exit of a visit is the first of its name from its beginning on; where the clock was put back, the first at all.
_EXIT = """
    SELECT ending.sequence FROM events AS ending WHERE ending.subject = 'person' AND ending.kind = 'exit'
    AND ending.name = begun.name AND ending.camera = begun.camera AND ending.since_ns = begun.since_ns
"""
_LAST_OF_VISIT = f"""
    SELECT ifnull(({_EXIT} AND ending.at_ns >= begun.since_ns ORDER BY ending.at_ns LIMIT 1),
                  ({_EXIT} AND ending.at_ns < begun.since_ns LIMIT 1))
"""
_LAST_OF_TRACK = """
    SELECT max(later.sequence) FROM events AS later
    WHERE later.subject = 'track' AND later.kind IN ('enter', 'update', 'exit') AND later.camera = begun.camera
    AND later.stream = begun.stream AND later.track = begun.track AND later.since_ns = begun.since_ns
"""
_VISITS = f"""
    SELECT begun.sequence AS number, begun.subject, begun.camera, begun.stream, begun.track, begun.since_ns,
        iif(last.kind = 'exit', last.at_ns, NULL) AS until_ns, last.name, last.state, last.score
    FROM events AS begun CROSS JOIN events AS last ON last.sequence = iif(
        begun.subject = 'person', ifnull(({_LAST_OF_VISIT}), begun.sequence), ({_LAST_OF_TRACK}))
    WHERE begun.kind = 'enter' AND (begun.subject = 'person' OR last.name IS NULL)
"""  # noqa: S608
_TRACKS = """
    SELECT stream, track FROM events WHERE subject = 'track' AND name = ? AND camera = ? AND at_ns BETWEEN ? AND ?
    GROUP BY stream, track ORDER BY min(sequence)
"""
_ARRIVALS = """
    SELECT sequence, name, at_ns, camera, stream, track FROM events
    WHERE subject = 'person' AND kind = 'enter' AND name IS NOT NULL AND track IS NOT NULL ORDER BY sequence
"""
_LAST = """
    SELECT at_ns, camera FROM events WHERE name = ? AND at_ns >= ? AND at_ns < ? ORDER BY at_ns DESC LIMIT 1
"""
_OF_TRACK = "SELECT count(*), max(stranger) FROM looks WHERE camera = ? AND stream = ? AND track = ?"
_DAYS = f"""
    SELECT date(since_ns / {_NS}, 'unixepoch', 'localtime') AS day, count(*), count(DISTINCT name),
        sum(state = 'unknown') FROM ({_VISITS}) WHERE state <> 'pending' AND (? IS NULL OR camera = ?)
    GROUP BY day ORDER BY day DESC
"""  # noqa: S608


FormerNames = Mapping[str, Sequence[NameSpan]]
_SAME_NAMES: FormerNames = {}


class _Sighting(NamedTuple):
    at_ns: int
    camera: str


@dataclass(frozen=True, slots=True)
class VisitQuery:
    """Which visits: those that fulfil whatever is given, and that went on at any time from `since_ns` until before
    `until_ns`, wall clock. `names` are all that a person has had, each of visits that began while it was theirs. Faces
    that were never recognised only where the state `pending` is asked for.

    At most `limit` of them (None: all), the newest first; of those with a number below `before`.
    """

    since_ns: int | None = None
    until_ns: int | None = None
    names: tuple[NameSpan, ...] | None = None
    camera: str | None = None
    state: State | None = None
    before: int | None = None
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class PastVisit:
    """A visit of a person to a camera, or a face that has got no name; `number` is that of its first event.

    `tracks` are those that bore the name meanwhile, or the face's one, `looks` how many are kept of them. `until_ns` is
    None while it goes on, `unknown` the number of the unknown visitor whom it shows. `score` is 0…1, None where nobody
    was compared. Times are wall clock.
    """

    number: int
    camera: str
    tracks: tuple[TrackKey, ...]
    name: str | None
    state: str
    since_ns: int
    until_ns: int | None
    score: float | None
    looks: int
    unknown: int | None


class Arrival(NamedTuple):
    """The beginning of a visit: number and time of its first event, and the track that was given the `name`."""

    number: int
    name: str
    at_ns: int
    track: TrackKey


@dataclass(frozen=True, slots=True)
class Day:
    """A `day` of the box's own time, `since_ns` ≤ at < `until_ns`: visits that began then, how many `people` they are
    of, and how many are of somebody `unknown`.
    """

    day: str
    since_ns: int
    until_ns: int
    visits: int
    people: int
    unknown: int


def read_visits(path: Path, query: VisitQuery) -> list[PastVisit]:
    """Visits of a store, the newest first; none where there is no store yet. Raises ArtefactError as `read_events`."""
    if not is_there(path):
        return []
    with reading(path) as connection:
        return _select(connection, query)


def iterate_visits(path: Path, query: VisitQuery) -> Iterator[PastVisit]:
    """The same, a part at a time, so that however many there are take no memory."""
    left = _LARGEST if query.limit is None else query.limit
    while left > 0:
        found = read_visits(path, replace(query, limit=min(left, _AT_ONCE)))
        yield from found
        if len(found) < min(left, _AT_ONCE):
            return
        left -= len(found)
        query = replace(query, before=found[-1].number)


def read_arrivals(path: Path) -> list[Arrival]:
    """How every visit of a person began, the oldest first. Raises ArtefactError as `read_events`."""
    if not is_there(path):
        return []
    with reading(path) as connection:
        rows = connection.execute(_ARRIVALS).fetchall()
    return [Arrival(number, name, at_ns, TrackKey(*key)) for number, name, at_ns, *key in rows]


def read_last_seen(path: Path, had: FormerNames = _SAME_NAMES) -> dict[str, int]:
    """When everybody was seen last, wall clock, whatever they were called then: `had` are all names of those who had
    others than the present one. Raises as `read_events`.
    """
    if not is_there(path):
        return {}
    with reading(path) as connection:
        seen = dict(connection.execute("SELECT name, max(at_ns) FROM events WHERE name IS NOT NULL GROUP BY name"))
        for name, spans in had.items():
            seen.pop(name, None)
            if last := _last_of(connection, spans):
                seen[name] = last.at_ns
    return seen


def read_last_cameras(path: Path, names: Iterable[str], had: FormerNames = _SAME_NAMES) -> dict[str, str]:
    """Which camera saw people last, of those whom any did. See `read_last_seen`."""
    if not is_there(path):
        return {}
    with reading(path) as connection:
        found = [(name, _last_of(connection, had.get(name, [NameSpan(name)]))) for name in names]
    return {name: last.camera for name, last in found if last}


def _last_of(connection: sqlite3.Connection, spans: Iterable[NameSpan]) -> _Sighting | None:
    rows = [connection.execute(_LAST, one).fetchone() for one in spans]
    return max((_Sighting(*row) for row in rows if row), default=None)


def count_days(path: Path, camera: str | None = None) -> list[Day]:
    """Every day on which anything began, at a `camera` or anywhere, the newest first. Raises as `read_visits`."""
    if not is_there(path):
        return []
    with reading(path) as connection:
        rows = connection.execute(_DAYS, (camera, camera)).fetchall()
    return [Day(day, _midnight_ns(day), _midnight_ns(day, 1), *counts) for day, *counts in rows]


def _midnight_ns(day: str, later: int = 0) -> int:
    date = datetime.date.fromisoformat(day) + datetime.timedelta(days=later)
    return int(datetime.datetime.combine(date, datetime.time()).astimezone().timestamp()) * _NS


def _select(connection: sqlite3.Connection, query: VisitQuery) -> list[PastVisit]:
    conditions: dict[str, Any] = {
        "begun.sequence < ?": query.before,
        "begun.since_ns < ?": query.until_ns,
        "(last.kind <> 'exit' OR last.at_ns >= ?)": query.since_ns,
        "begun.camera = ?": query.camera,
        "last.state = ?": None if query.state is None else str(query.state),
    }
    wanted = {condition: value for condition, value in conditions.items() if value is not None}
    if query.state is None:
        wanted["last.state <> ?"] = str(State.PENDING)
    of_names, name_values = condition_of_names(query.names, "begun.name", "begun.since_ns")
    where = "".join(f" AND {condition}" for condition in (*wanted, of_names))
    limit = _LARGEST if query.limit is None else query.limit
    statement = f"{_VISITS}{where} ORDER BY begun.sequence DESC LIMIT ?"
    rows = connection.execute(statement, (*wanted.values(), *name_values, limit))
    return [_to_visit(connection, row) for row in rows]


def _to_visit(connection: sqlite3.Connection, row: Sequence[Any]) -> PastVisit:
    """A row of _VISITS, with what is kept of its looks."""
    number, subject, camera, stream, track, since_ns, until_ns, name, state, score = row
    first = [] if track is None else [TrackKey(camera, stream, track)]
    if subject == "person":
        times = sorted((since_ns, _LARGEST if until_ns is None else until_ns))
        first += [TrackKey(camera, *key) for key in connection.execute(_TRACKS, (name, camera, *times))]
    tracks = tuple(dict.fromkeys(first))
    kept = [connection.execute(_OF_TRACK, key).fetchone() for key in tracks]
    unknown = next((one for _, one in kept if one is not None), None) if name is None else None
    looks = sum(count for count, _ in kept)
    return PastVisit(number, camera, tracks, name, state, since_ns, until_ns, score, looks, unknown)
