"""What `twinface events` draws."""

import datetime
from collections.abc import Sequence

from rich.table import Table
from rich.text import Text

from twinface.cli.console import printable
from twinface.events import Event, Kind, Subject
from twinface.types import State

_LASTED = {Kind.EXIT, Kind.STAYED}


def events_table(events: Sequence[Event]) -> Table:
    """One row an event; people stand out from tracks."""
    table = Table(box=None, pad_edge=False)
    for column in ("no.", "time", "camera", "kind"):
        table.add_column(column, no_wrap=True)
    table.add_column("who", overflow="fold", min_width=14)
    for column in ("track", "score", "for"):
        table.add_column(column, no_wrap=True, justify="right")
    table.add_column("note", overflow="fold")
    for event in events:
        style = "dim" if event.subject is Subject.TRACK else "bold green" if event.kind is Kind.ENTER else ""
        cells = (
            str(event.sequence),
            _clock(event.at_ns),
            event.camera,
            event.kind,
            printable(_who(event)),
            "" if event.track is None else str(event.track),
            "" if event.score is None else f"{event.score:.2f}",
            _lasted(event),
            printable(_note(event)),
        )
        table.add_row(*(Text(cell) for cell in cells), style=style)
    return table


def describe(event: Event) -> str:
    """An event in one line."""
    track = "" if event.track is None else f"track {event.track}"
    more = ", ".join(part for part in (track, _lasted(event), _note(event)) if part)
    line = f"{_clock(event.at_ns)}  {event.camera}  {event.subject} {event.kind}  {_who(event)}"
    return printable(f"{line}  ({more})" if more else line)


def _who(event: Event) -> str:
    if event.name is not None:
        return event.name
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


def _clock(at_ns: int) -> str:
    """Local time, with the date where it is not today's."""
    at = datetime.datetime.fromtimestamp(at_ns / 1e9).astimezone()
    today = at.date() == datetime.datetime.now().astimezone().date()
    return at.strftime("%H:%M:%S" if today else "%Y-%m-%d %H:%M:%S")
