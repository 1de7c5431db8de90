"""Reading events, from any process, while they are written."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinface.errors import InputError
from twinface.events.connection import is_there, reading
from twinface.events.event import Event, Kind, Subject, TrackKey
from twinface.events.event_rows import SELECT, to_event

_LARGEST = 2**63 - 1
"""Of SQLite's numbers; as ns, the year 2262."""


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events: all that fulfil whatever is given, `since_ns` ≤ `at_ns` < `until_ns`.

    Without `faces` none of the tracks of single faces, but for those that stayed.

    At most `limit` of them (None: all): those that follow the number `after` first, otherwise the newest.
    """

    since_ns: int | None = None
    until_ns: int | None = None
    name: str | None = None
    camera: str | None = None
    kind: Kind | None = None
    subject: Subject | None = None
    track: TrackKey | None = None
    faces: bool = True
    after: int | None = None
    limit: int | None = None


def read_events(path: Path, query: EventQuery) -> list[Event]:
    """Events of a store in the order of their numbers; none where there is no store yet.

    Works where nothing can be written, too. Raises ArtefactError when the file is not ours, damaged or of another
    version, and InputError for an `after` that was never given: the store was made again since.
    """
    if not is_there(path):
        return []
    with reading(path) as connection:
        if query.after is not None:
            _check_was_given(connection, path, query.after)
        return _select(connection, query)


def newest_number(path: Path) -> int:
    """The number that was given last; 0 where there was none. Raises ArtefactError as `read_events` does."""
    if not is_there(path):
        return 0
    with reading(path) as connection:
        return _newest(connection)


def _check_was_given(connection: sqlite3.Connection, path: Path, after: int) -> None:
    newest = _newest(connection)
    if after > newest:
        raise InputError(f"{path}: no event has the number {after} yet, the newest is {newest}; begin again after 0")


def _newest(connection: sqlite3.Connection) -> int:
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return int(row[0]) if row else 0


def _select(connection: sqlite3.Connection, query: EventQuery) -> list[Event]:
    conditions: dict[str, Any] = {
        "at_ns >= ?": query.since_ns,
        "at_ns < ?": query.until_ns,
        "name = ?": query.name,
        "camera = ?": query.camera,
        "kind = ?": None if query.kind is None else str(query.kind),
        "subject = ?": None if query.subject is None else str(query.subject),
        "sequence > ?": query.after,
        "(subject = 'person' OR kind = ?)": None if query.faces else str(Kind.STAYED),
    }
    if query.track is not None:
        camera, stream, track = query.track
        conditions |= {"subject = ?": "track", "camera = ?": camera, "stream = ?": stream, "track = ?": track}
    wanted = {condition: value for condition, value in conditions.items() if value is not None}
    where = f"WHERE {' AND '.join(wanted)}" if wanted else ""
    order = "DESC" if query.after is None else "ASC"
    statement = f"{SELECT} {where} ORDER BY sequence {order} LIMIT ?"
    values = (*wanted.values(), _LARGEST if query.limit is None else query.limit)
    rows = connection.execute(
        statement, [min(value, _LARGEST) if isinstance(value, int) else value for value in values]
    )
    return sorted(map(to_event, rows), key=lambda event: event.sequence or 0)
