"""What `twinface events` draws."""

import datetime
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby

from rich.table import Table
from rich.text import Text

from twinface.events import Event, Kind, Subject, TrackKey
from twinface.text import printable
from twinface.types import State

_LASTED = {Kind.EXIT, Kind.STAYED}


Unknown = Mapping[TrackKey, str]
"""Which unknown visitor a track was of."""


def events_tables(events: Sequence[Event], unknown: Unknown, *, tracks: bool) -> Iterator[tuple[str, Table]]:
    """A table a day, with the day; with `tracks` these are in it, whole, and people stand out from them."""
    table_of = _track_table if tracks else _people_table
    for day, of_day in groupby(events, lambda event: _local(event.at_ns).date()):
        table = table_of(of_day, unknown)
        yield day.strftime("%A, %Y-%m-%d"), table


def _people_table(events: Iterable[Event], unknown: Unknown) -> Table:
    table = _table("no.", "time", "camera", "kind", who="who")
    for column in ("score", "for"):
        table.add_column(column, no_wrap=True, justify="right")
    table.add_column("note", overflow="fold")
    for event in events:
        _add(
            table, event, [event.camera, event.kind, _who(event, unknown), _score(event), _lasted(event), _note(event)]
        )
    return table


def _track_table(events: Iterable[Event], unknown: Unknown) -> Table:
    """Identities of tracks are long: what else there is shares a column."""
    table = _table("no.", "time", "track", "kind", who="who, with what score, for how long")
    for event in events:
        parts = (_who(event, unknown), _score(event), _lasted(event), _note(event))
        _add(table, event, [_where(event), event.kind, ", ".join(part for part in parts if part)])
    return table


def _table(*columns: str, who: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, no_wrap=True)
    table.add_column(who, overflow="fold", min_width=12)
    return table


def _add(table: Table, event: Event, cells: Sequence[str]) -> None:
    style = "dim" if event.subject is Subject.TRACK else "bold green" if event.kind is Kind.ENTER else ""
    before = (str(event.sequence), _local(event.at_ns).strftime("%H:%M:%S"))
    table.add_row(*(Text(printable(cell)) for cell in (*before, *cells)), style=style)


def describe(event: Event, unknown: Unknown) -> str:
    """An event in one line."""
    more = ", ".join(part for part in (f"no. {event.sequence}", _lasted(event), _note(event)) if part)
    line = f"{clock(event.at_ns)}  {_where(event)}  {event.subject} {event.kind}  {_who(event, unknown)}"
    return printable(f"{line}  ({more})")


def _where(event: Event) -> str:
    """The track, as people type it, or the camera."""
    return event.camera if event.key is None else str(event.key)


def _who(event: Event, unknown: Unknown) -> str:
    if event.name is not None:
        return event.name
    if event.state == State.UNKNOWN and event.key is not None:
        return unknown.get(event.key, event.state)
    return "" if event.state == State.PENDING else event.state


def _score(event: Event) -> str:
    return "" if event.score is None else f"{event.score:.2f}"


def _lasted(event: Event) -> str:
    if event.kind not in _LASTED:
        return ""
    return (
        f"{event.duration_s:.1f} s" if event.duration_s < 60 else str(datetime.timedelta(seconds=int(event.duration_s)))
    )


def _note(event: Event) -> str:
    details = event.details or {}
    if event.kind is Kind.TWO_CAMERAS:
        return f"also at {', '.join(one for one in details.get('cameras', ()) if one != event.camera)}"
    if event.subject is Subject.PERSON and event.kind is Kind.UPDATE:
        return f"track {details.get('track')} is {details.get('is')}"
    return event.reason or ""


def clock(at_ns: int) -> str:
    """Local time, with the date where it is not today's."""
    at = _local(at_ns)
    today = at.date() == datetime.datetime.now().astimezone().date()
    return at.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")


def _local(at_ns: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at_ns / 1e9).astimezone()
