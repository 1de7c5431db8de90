"""Events as rows, and how they are read."""

import dataclasses
import json
import logging
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinface.errors import InputError
from twinface.events.database import is_there, reading
from twinface.events.event import Event, Kind, NameSpan, Subject, TrackKey

log = logging.getLogger(__name__)

_MOST_CHARACTERS = 1 << 20
_IN_WORDS = {"kind": str, "subject": str, "details": str | None}
_TYPES = {field.name: field.type for field in dataclasses.fields(Event)} | _IN_WORDS

COLUMNS = tuple(field.name for field in dataclasses.fields(Event) if field.name != "sequence")
SELECT = f"SELECT {', '.join(COLUMNS)}, sequence FROM events"  # noqa: S608 — names of columns, not what users say
INSERT = f"INSERT INTO events ({', '.join(COLUMNS)}, stored_ns) VALUES ({', '.join('?' for _ in COLUMNS)}, ?)"  # noqa: S608

_LARGEST = 2**63 - 1
"""Of SQLite's numbers; as ns, the year 2262."""


def read_details(written: object) -> dict[str, Any]:
    """The object in a column of JSON. Raises ValueError when there is none."""
    if not isinstance(written, str) or len(written) > _MOST_CHARACTERS:
        raise ValueError("details that are no text, or too long")
    try:
        details = json.loads(written)
    except RecursionError:
        raise ValueError("details nested too deep") from None
    if not isinstance(details, dict):
        raise ValueError("details that are no object")
    return details


def check_types(values: Mapping[str, Any], types: Mapping[str, Any]) -> None:
    """Raise ValueError where a value is not of its type: a column of SQLite takes any."""
    for name, kind in types.items():
        if not isinstance(values[name], kind):
            raise ValueError(f"{name} is a {type(values[name]).__name__}")


def to_row(event: Event) -> tuple[Any, ...]:
    """The values of COLUMNS."""
    values = {name: getattr(event, name) for name in COLUMNS}
    if event.details is not None:
        values["details"] = json.dumps(event.details, ensure_ascii=False, sort_keys=True)
    return tuple(str(value) if isinstance(value, Kind | Subject) else value for value in values.values())


def to_event(row: Sequence[Any]) -> Event:
    """A row of SELECT. Raises ValueError when it holds what this version does not know."""
    values = dict(zip((*COLUMNS, "sequence"), row, strict=True))
    check_types(values, _TYPES)
    kind, subject = Kind(values["kind"]), Subject(values["subject"])
    details = None if values["details"] is None else read_details(values["details"])
    if kind is Kind.TWO_CAMERAS and not isinstance((details or {}).get("cameras"), list):
        raise ValueError("an event of two cameras without their names")
    return Event(**{**values, "kind": kind, "subject": subject, "details": details})


def readable(rows: Iterable[Sequence[Any]]) -> list[Event]:
    """The rows that are events; others are left out with a warning, and cost nobody else theirs."""
    events = []
    for row in rows:
        try:
            events.append(to_event(row))
        except ValueError as error:
            log.warning("an event cannot be read", extra={"error": str(error)})
    return events


@dataclass(frozen=True, slots=True)
class EventQuery:
    """Which events: all that fulfil whatever is given, `since_ns` ≤ `at_ns` < `until_ns`.

    `names` are all that a person has had: of an event with one of them while it was theirs. Without `faces` none of the
    tracks of single faces, but for those that stayed.

    At most `limit` of them (None: all): those that follow the number `after` first, otherwise the newest.
    """

    since_ns: int | None = None
    until_ns: int | None = None
    names: tuple[NameSpan, ...] | None = None
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
        return newest_of(connection)


def _check_was_given(connection: sqlite3.Connection, path: Path, after: int) -> None:
    newest = newest_of(connection)
    if after > newest:
        raise InputError(f"{path}: no event has the number {after} yet, the newest is {newest}; begin again after 0")


def newest_of(connection: sqlite3.Connection) -> int:
    """The number that was given last, 0 where there was none."""
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'events'").fetchone()
    return int(row[0]) if row else 0


def condition_of_names(names: Sequence[NameSpan] | None, name: str, at_ns: str) -> tuple[str, list[Any]]:
    """The condition that the columns `name` and `at_ns` are one of the names while it was theirs, and its values.

    True where `names` is None, whatever the name.
    """
    if names is None:
        return "TRUE", []
    one = f"{name} = ? AND {at_ns} >= ? AND {at_ns} < ?"
    return f"({' OR '.join([one] * len(names)) or 'FALSE'})", [value for span in names for value in span]


def _select(connection: sqlite3.Connection, query: EventQuery) -> list[Event]:
    conditions: dict[str, Any] = {
        "at_ns >= ?": query.since_ns,
        "at_ns < ?": query.until_ns,
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
    of_names, name_values = condition_of_names(query.names, "name", "at_ns")
    where = f"WHERE {' AND '.join((*wanted, of_names))}"
    order = "DESC" if query.after is None else "ASC"
    statement = f"{SELECT} {where} ORDER BY sequence {order} LIMIT ?"
    values = (*wanted.values(), *name_values, _LARGEST if query.limit is None else query.limit)
    rows = connection.execute(
        statement, [min(value, _LARGEST) if isinstance(value, int) else value for value in values]
    )
    return sorted(map(to_event, rows), key=lambda event: event.sequence or 0)
