"""What `twinface events` draws."""

import datetime
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from twinface.cli.streams import printable
from twinface.events import Event, Kind, Subject, TrackKey
from twinface.types import State

_LASTED = {Kind.EXIT, Kind.STAYED}


Unknown = Mapping[TrackKey, str]
"""Which stranger an unknown track was of."""


def events_table(events: Sequence[Event], unknown: Unknown) -> Table:
    """One row an event; people stand out from tracks."""
    table = Table(box=None, pad_edge=False)
    for column in ("no.", "time", "where", "kind"):
        table.add_column(column, no_wrap=True)
    table.add_column("who", overflow="fold", min_width=14)
    for column in ("score", "for"):
        table.add_column(column, no_wrap=True, justify="right")
    table.add_column("note", overflow="fold")
    for event in events:
        style = "dim" if event.subject is Subject.TRACK else "bold green" if event.kind is Kind.ENTER else ""
        cells = (
            str(event.sequence),
            clock(event.at_ns),
            _where(event),
            event.kind,
            printable(_who(event, unknown)),
            "" if event.score is None else f"{event.score:.2f}",
            _lasted(event),
            printable(_note(event)),
        )
        table.add_row(*(Text(cell) for cell in cells), style=style)
    return table


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
    at = datetime.datetime.fromtimestamp(at_ns / 1e9).astimezone()
    today = at.date() == datetime.datetime.now().astimezone().date()
    return at.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")
