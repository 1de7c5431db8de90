"""An event as a row, and back."""

import dataclasses
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twinface.events.event import Event, Kind, Subject

log = logging.getLogger(__name__)

_MOST_CHARACTERS = 1 << 20
_IN_WORDS = {"kind": str, "subject": str, "details": str | None}
_TYPES = {field.name: field.type for field in dataclasses.fields(Event)} | _IN_WORDS

COLUMNS = tuple(field.name for field in dataclasses.fields(Event) if field.name != "sequence")
SELECT = f"SELECT {', '.join(COLUMNS)}, sequence FROM events"  # noqa: S608 — names of columns, not what users say
INSERT = f"INSERT INTO events ({', '.join(COLUMNS)}, stored_ns) VALUES ({', '.join('?' for _ in COLUMNS)}, ?)"  # noqa: S608


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
