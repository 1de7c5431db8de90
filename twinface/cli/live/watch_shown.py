"""The ways in which `twinface watch` shows live matches: a table of who is there now, and a line for each."""

import datetime
import statistics
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.live import Live
from rich.table import Table
from rich.text import Text

from twinface.box.following import MatchFollower
from twinface.box.presence import Presence
from twinface.bus.rundir import RunDirectory
from twinface.cli.console import Terminal, note, reader_has_left, say, say_json, warn
from twinface.events.event import TrackKey
from twinface.messages.schema import MatchEvent
from twinface.text import plural, printable
from twinface.types import State

_STYLE: dict[str, str] = {
    State.KNOWN: "bold green",
    State.UNKNOWN: "yellow",
    State.UNCERTAIN: "magenta",
    State.PENDING: "dim",
}
_KEPT_LATENCIES = 10_000


@dataclass(slots=True)
class _Visitor:
    cameras: set[str] = field(default_factory=set)
    tracks: set[tuple[str, int, int]] = field(default_factory=set)
    best_score: float = 0.0


@dataclass(slots=True)
class Tally:
    """What has been seen so far: names with their tracks and best score, and how quick it was."""

    visitors: dict[str, _Visitor] = field(default_factory=dict)
    looks: int = 0
    tracks: set[tuple[str, int, int]] = field(default_factory=set)
    latencies_ms: deque[float] = field(default_factory=lambda: deque(maxlen=_KEPT_LATENCIES))

    def take(self, event: MatchEvent) -> None:
        """Count an event."""
        if event.track is None:
            return
        track = event.camera, event.camera_epoch, event.track
        self.tracks.add(track)
        if event.type != "match":
            return
        self.looks += 1
        if event.latency_ms is not None:
            self.latencies_ms.append(event.latency_ms)
        if event.name is not None:
            visitor = self.visitors.setdefault(event.name, _Visitor())
            visitor.cameras.add(event.camera)
            visitor.tracks.add(track)
            visitor.best_score = max(visitor.best_score, event.score or 0.0)


def describe(event: MatchEvent) -> str:
    """A look in one line."""
    track = TrackKey(event.camera, event.camera_epoch, event.track or 0)
    seen_at = _clock(event.captured.at_ns) if event.captured is not None else ""
    return (
        f"{seen_at}  {track}  {event.name or event.state}"
        f"  (score {event.score or 0.0:.2f}, {event.latency_ms or 0.0:.0f} ms)"
    )


def presence_table(presence: Presence) -> Table:
    """Who is there now, by the tracks that `explain` takes; these are never cut."""
    table = Table(title="who is there now", box=None, pad_edge=False)
    table.add_column("track", no_wrap=True)
    table.add_column("who", overflow="fold", min_width=12)
    for column in ("score", "latency", "since"):
        table.add_column(column, no_wrap=True, justify="right")
    for one in presence.everybody():
        table.add_row(
            Text(printable(str(TrackKey(one.camera, one.camera_epoch, one.track)))),
            Text(printable(one.name or one.state), _STYLE.get(one.state, "")),
            "" if one.state == State.PENDING else f"{one.score:.2f}",
            "" if one.latency_ms is None else f"{one.latency_ms:.0f} ms",
            "" if one.since_ns is None else _clock(one.since_ns),
        )
    if not table.row_count:
        table.add_row("", Text("nobody in sight", "dim"))
    return table


def summary_table(tally: Tally) -> Table:
    """Who was seen."""
    table = Table("name", "cameras", "tracks", "best score", title="who was seen", caption=_caption(tally))
    for name, visitor in sorted(tally.visitors.items()):
        cameras = ", ".join(sorted(visitor.cameras))
        table.add_row(
            Text(printable(name)), Text(printable(cameras)), str(len(visitor.tracks)), f"{visitor.best_score:.2f}"
        )
    return table


def _caption(tally: Tally) -> str:
    named = set().union(*(visitor.tracks for visitor in tally.visitors.values()))
    tracks = f"{plural(len(tally.tracks), 'track')}, {len(tally.tracks - named)} of them without a name"
    caption = f"{tracks}, {plural(tally.looks, 'look')}"
    if len(tally.latencies_ms) < 2:
        return caption
    percentiles = statistics.quantiles(tally.latencies_ms, n=20, method="inclusive")
    return f"{caption}; capture to match p50 {percentiles[9]:.0f} ms, p95 {percentiles[18]:.0f} ms"


def _clock(at_ns: int) -> str:
    return datetime.datetime.fromtimestamp(at_ns / 1e9).astimezone().strftime("%H:%M:%S")


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
