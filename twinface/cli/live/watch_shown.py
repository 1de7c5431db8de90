"""The ways in which `twinface watch` shows live matches."""

from collections.abc import Mapping
from typing import Any

from rich.live import Live

from twinface.box.following import MatchFollower
from twinface.box.presence import Presence
from twinface.bus.rundir import RunDirectory
from twinface.cli.console import Terminal, note, reader_has_left, say, say_json, warn
from twinface.cli.live.watch_table import Tally, describe, presence_table, summary_table
from twinface.text import plural


def _begin(follower: MatchFollower, *, from_start: bool) -> Mapping[str, Any]:
    """The matcher's snapshot; says so where nothing is to be expected any more."""
    snapshot = follower.begin(from_start=from_start)
    if follower.streams_open == 0:
        note("every stream has ended; `twinface watch --from-start` shows what was, `twinface events` who came")
    return snapshot


def print_json(run: RunDirectory, *, from_start: bool) -> None:
    """One object a line for each match event."""
    with MatchFollower(run) as follower:
        _begin(follower, from_start=from_start)
        for events in follower.batches():
            for event in events:
                say_json("watch", event.plain, on_a_line=True)
            if reader_has_left():
                return
        _warn_of_missed(follower)


def print_lines(run: RunDirectory, *, from_start: bool) -> None:
    """Where a table cannot be drawn: one line whenever it turns out who somebody is."""
    said: dict[tuple[str, int, int | None], str | None] = {}
    tally = Tally()
    with MatchFollower(run) as follower:
        try:
            _begin(follower, from_start=from_start)
            for events in follower.batches():
                for event in events:
                    tally.take(event)
                    track = event.camera, event.camera_epoch, event.track
                    if event.type == "match" and said.get(track, "") != event.name:
                        said[track] = event.name
                        say(describe(event))
                if reader_has_left():
                    return
        finally:
            Terminal().print(summary_table(tally))
            _warn_of_missed(follower)


def show_table(run: RunDirectory, *, from_start: bool) -> None:
    """A table of who is there now, drawn again and again."""
    presence, tally, console = Presence(), Tally(), Terminal()
    with MatchFollower(run) as follower:
        missed = 0
        try:
            snapshot = _begin(follower, from_start=from_start)
            if not from_start:
                presence.take_snapshot(snapshot)
            with Live(presence_table(presence), console=console, auto_refresh=False, transient=True) as live:
                for events in follower.batches():
                    for event in events:
                        presence.take(event)
                        tally.take(event)
                    if follower.missed > missed and (snapshot := follower.snapshot() or {}):
                        missed = follower.missed
                        presence.take_snapshot(snapshot)
                    live.update(presence_table(presence), refresh=True)
        finally:
            console.print(summary_table(tally))
            _warn_of_missed(follower)


def _warn_of_missed(follower: MatchFollower) -> None:
    if follower.missed:
        warn(f"{plural(follower.missed, 'event')} missed, no longer kept by the matcher")
