"""`twinface events`: what happened, also long ago and while nothing runs."""

import dataclasses
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.text import Text

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import Terminal, ended_by_its_reader, reader_has_left, say, say_json, warn
from twinface.cli.moments import moment_ns
from twinface.errors import InputError

if TYPE_CHECKING:
    from twinface.events import Event, EventQuery, TrackKey
    from twinface.settings import Settings
    from twinface.sharing.box_events import BoxEvent

Word = TypeVar("Word", bound=StrEnum)

_POLL_S = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class WhichEvents:
    """Which events are shown."""

    since: Annotated[
        str | None, typer.Option("--since", help="From then on: 90s, 15m, 1h, 2d, 1w ago, or 2026-05-31[T08:30].")
    ] = None
    until: Annotated[str | None, typer.Option("--until", help="Before then; written like --since.")] = None
    name: Annotated[
        str | None, typer.Option("--name", help="Of this person, also under the names they had before.")
    ] = None
    camera: Annotated[str | None, typer.Option("--camera", help="Of this camera.")] = None
    kind: Annotated[
        str | None, typer.Option("--kind", help="Of this kind: enter, update, exit, stayed or two_cameras.")
    ] = None
    subject: Annotated[
        str | None,
        typer.Option("--subject", help="Of a person (one visit, one `enter`), or of a track, of a single face."),
    ] = None
    tracks: Annotated[
        bool,
        typer.Option("--tracks", help="The tracks of single faces too, also nameless ones; --json has them anyway."),
    ] = False
    after: Annotated[
        int | None, typer.Option("--after", min=0, help="Those that follow this number, oldest first.")
    ] = None
    limit: Annotated[
        int, typer.Option("--limit", min=0, help="At most so many, the newest (with --after the oldest); 0 = all.")
    ] = 100

    def query(self, settings: "Settings", *, as_json: bool) -> "EventQuery":
        """The same for the library. Raises InputError for what is no moment, kind or subject, and as `read_names`."""
        from twinface.events import EventQuery, Kind, Subject
        from twinface.review.former_names import read_names

        return EventQuery(
            since_ns=moment_ns("--since", self.since),
            until_ns=moment_ns("--until", self.until),
            names=None if self.name is None else tuple(read_names(self.name, settings)),
            camera=self.camera,
            kind=_word("--kind", self.kind, Kind),
            subject=(subject := _word("--subject", self.subject, Subject)),
            faces=self.tracks or as_json or subject is Subject.TRACK,
            after=self.after,
            limit=self.limit or None,
        )


def events(
    *,
    which: WhichEvents,
    follow: Annotated[
        bool, typer.Option("--follow", help="Go on with what happens from now on, until Ctrl-C.")
    ] = False,
    all_boxes: Annotated[
        bool, typer.Option("--all-boxes", help="Of every box that shares the database, not of this one.")
    ] = False,
    box: Annotated[
        str | None, typer.Option("--box", metavar="BOX", help="Of this one of them, by its name or id.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line for each event.")] = False,
) -> None:
    """Show what happened: who came, when, where and for how long. The pipeline need not run.

    With --all-boxes a person who is at two boxes at once is flagged with the others' names.
    """
    from twinface.events import read_events

    settings = chosen_settings()
    path = settings.events_path
    query = which.query(settings, as_json=as_json)
    if all_boxes or box is not None:
        if follow:
            raise InputError("--follow goes on with the events of this box only; leave --all-boxes and --box away")
        _show_all_boxes(settings, query, box, as_json=as_json)
        return
    if not path.exists():
        warn(f"no events yet in {path}; `twinface up` stores them")
    if follow:
        with ended_by_its_reader():
            _follow(path, query, as_json=as_json)
        return
    found = read_events(path, query)
    if as_json:
        _print(found, path, as_json=True)
    elif found:
        _print_tables(found, _unknown(path), query)
    elif path.exists():
        warn(_none(query))


def _show_all_boxes(settings: "Settings", query: "EventQuery", box: str | None, *, as_json: bool) -> None:
    from twinface.sharing.box_events import read_all_events
    from twinface.sharing.opened import shared_events

    with shared_events(settings) as connection:
        found = read_all_events(connection, query, box)
    if as_json:
        for one in found:
            say_json("events --all-boxes", one.plain, on_a_line=True)
    elif found:
        _print_tables([_of_its_box(one) for one in found], {}, query)
    else:
        warn(_none(query))


def _of_its_box(one: "BoxEvent") -> "Event":
    """The event as one box prints it, with the box before the camera, and what is flagged as the reason."""
    reason = f"also at {', '.join(one.also_at)}" if one.also_at else one.event.reason
    return dataclasses.replace(one.event, camera=f"{one.box_name}/{one.event.camera}", reason=reason)


def _print_tables(found: "list[Event]", unknown: "Mapping[TrackKey, str]", query: "EventQuery") -> None:
    from twinface.cli.review.events_table import events_tables

    console = Terminal()
    for day, table in events_tables(found, unknown, tracks=query.faces):
        console.print(Text(day), style="bold")
        console.print(table)


def _none(query: "EventQuery") -> str:
    return "no such events" + ("" if query.faces else "; --tracks shows the tracks of single faces, too")


def _follow(path: Path, query: "EventQuery", *, as_json: bool) -> None:
    """Each event once, in order, by its number: also one that a restarted matcher stores."""
    from twinface.events import newest_number, read_events

    if query.after is not None:
        query = dataclasses.replace(query, limit=None)
    while not reader_has_left():
        newest = newest_number(path)
        found = read_events(path, query)
        _print(found, path, as_json=as_json)
        seen = max(newest, *(event.sequence or 0 for event in found[-1:]), 0)
        query = dataclasses.replace(query, after=seen, limit=None)
        time.sleep(_POLL_S)


def _print(found: "list[Event]", path: Path, *, as_json: bool) -> None:
    from twinface.cli.review.events_table import describe

    unknown = {} if as_json or not found else _unknown(path)
    for event in found:
        if as_json:
            say_json("events", event.plain, on_a_line=True)
        else:
            say(describe(event, unknown))


def _unknown(path: Path) -> "Mapping[TrackKey, str]":
    """Which unknown visitor each track was of that ended unknown."""
    from twinface.unknowns import list_unknowns

    return {key: str(one) for one in list_unknowns(path) for key in one.tracks}


def _word(option: str, text: str | None, words: type[Word]) -> Word | None:
    """One of the words. Raises InputError where it is none."""
    try:
        return None if text is None else words(text)
    except ValueError as error:
        raise InputError(f"{option} {text}: expected {', '.join(words)}") from error
