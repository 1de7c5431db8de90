"""`twinface events`: what happened, also long ago and while nothing runs."""

import dataclasses
import datetime
import re
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
from twinface.errors import InputError

if TYPE_CHECKING:
    from twinface.events import Event, EventQuery, TrackKey
    from twinface.settings import Settings

Word = TypeVar("Word", bound=StrEnum)

_POLL_S = 0.5
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 7 * 86_400}


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
            since_ns=_moment_ns("--since", self.since),
            until_ns=_moment_ns("--until", self.until),
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
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line for each event.")] = False,
) -> None:
    """Show what happened: who came, when, where and for how long. The pipeline need not run."""
    from twinface.cli.review.events_table import events_tables
    from twinface.events import read_events

    settings = chosen_settings()
    path = settings.events_path
    query = which.query(settings, as_json=as_json)
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
        console = Terminal()
        for day, table in events_tables(found, _unknown(path), tracks=query.faces):
            console.print(Text(day), style="bold")
            console.print(table)
    elif path.exists():
        warn("no such events" + ("" if query.faces else "; --tracks shows the tracks of single faces, too"))


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


def _moment_ns(option: str, text: str | None) -> int | None:
    """A moment as people write it, in ns of the wall clock. Raises InputError."""
    if text is None:
        return None
    ago = re.fullmatch(r"(\d+(?:\.\d+)?)([smhdw])", text.strip())
    if ago is not None:
        return time.time_ns() - int(float(ago[1]) * _SECONDS[ago[2]] * 1e9)
    try:
        return int(datetime.datetime.fromisoformat(text).astimezone().timestamp() * 1e9)
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(
            f"{option} {text!r}: write 90s, 15m, 1h, 2d or 1w (ago), or a date like 2026-05-31T08:30"
        ) from error
