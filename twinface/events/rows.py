"""An event as a row, and back."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from twinface.events.event import Event, Kind, Subject

COLUMNS = tuple(field.name for field in dataclasses.fields(Event) if field.name != "sequence")
SELECT = f"SELECT {', '.join(COLUMNS)}, sequence FROM events"  # noqa: S608 — names of columns, not what users say
INSERT = f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({', '.join('?' for _ in COLUMNS)})"  # noqa: S608


def to_row(event: Event) -> tuple[Any, ...]:
    """The values of COLUMNS."""
    values = {name: getattr(event, name) for name in COLUMNS}
    if event.details is not None:
        values["details"] = json.dumps(event.details, ensure_ascii=False, sort_keys=True)
    return tuple(str(value) if isinstance(value, Kind | Subject) else value for value in values.values())


def to_event(row: Sequence[Any]) -> Event:
    """A row of SELECT. Raises ValueError when it holds what this version does not know."""
    values = dict(zip((*COLUMNS, "sequence"), row, strict=True))
    details = None if values["details"] is None else json.loads(values["details"])
    return Event(**{**values, "kind": Kind(values["kind"]), "subject": Subject(values["subject"]), "details": details})
