"""`twinface status`: what runs, how it is, and where every message went."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated

import typer
from rich.table import Table

from twinface.averages import FEWEST
from twinface.averages.in_use import PEOPLE_GAUGE
from twinface.box.accounts import LinkBooks, read_links
from twinface.box.health import STALE_AFTER_S, Health, health_by_supervisor
from twinface.box.last_words import last_error
from twinface.box.supervision import ProcessState, process_states
from twinface.bus.heartbeats import latest_heartbeats
from twinface.bus.rundir import RunDirectory
from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import Terminal, escape, say, say_json
from twinface.errors import ServiceError
from twinface.messages.schema import Heartbeat
from twinface.processes import MATCHER, find_process
from twinface.settings import Settings


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with the books of every link.")] = False,
) -> None:
    """Show every process, its health, and the books of every link; exit code 1 where something is not well.

    RUNNING, ENDED (a file that was played) and STOPPED (what runs on request only) are well. STARTING, RESTARTING,
    WAITING (it tries again), DEGRADED (it works, and something is wrong), HUNG and FAILED are not.

    With --json there is an object also where no box answers; `box` is running, starting, "not running" or hangs.
    """
    settings = chosen_settings()
    run = chosen_run_directory(settings)
    try:
        states = process_states(run, settings)
    except ServiceError as error:
        if as_json:
            about = {"run_directory": str(run.path), "box": error.code, "ok": False, "problems": [str(error)]}
            say_json("status", {**about, "processes": [], "links": []}, on_a_line=True)
        raise
    beats = latest_heartbeats(run, [state.name for state in states if state.pid], timeout_s=STALE_AFTER_S)
    links = read_links(run)
    healths = [_health(state, beats.get(state.name), run, settings) for state in states]
    problems = [one.problem for one in healths if not one.ok]
    problems += [f"{link.topic} of {link.sender}: the books do not balance" for link in links if not link.balanced]
    if as_json:
        summary = {"run_directory": str(run.path), "box": "running", "ok": not problems, "problems": problems}
        say_json("status", {**summary, **_as_plain(states, beats, healths, links)}, on_a_line=True)
    else:
        console, matcher = Terminal(highlight=True), beats.get(MATCHER.name)
        console.print(_process_table(states, beats, healths))
        console.print(_link_table(links))
        for line in (*_events_lines(matcher, settings.events.max_mb), *_averages_lines(matcher)):
            say(line)
        for problem in problems:
            say(problem)
    if problems:
        raise typer.Exit(1)


def _health(state: ProcessState, beat: Heartbeat | None, run: RunDirectory, settings: Settings) -> Health:
    """How a process is; of one that says nothing any more its last error is added."""
    health = health_by_supervisor(state, beat, autostart=find_process(state.name).autostart)
    if not health.is_silent:
        return health
    return replace(health, reason=f"{health.reason}: {last_error(run, health.name, settings)}")


def _as_plain(
    states: Sequence[ProcessState],
    beats: Mapping[str, Heartbeat],
    healths: Sequence[Health],
    links: Sequence[LinkBooks],
) -> dict[str, object]:
    hearts = {name: dataclasses.asdict(beat) for name, beat in beats.items()}
    return {
        "processes": [
            {
                **dataclasses.asdict(state),
                "condition": str(health.condition),
                "ok": health.ok,
                "reason": health.reason,
                "health": hearts.get(state.name),
            }
            for state, health in zip(states, healths, strict=True)
        ],
        "links": [{**dataclasses.asdict(link), "balanced": link.balanced} for link in links],
    }


def _process_table(states: Sequence[ProcessState], beats: Mapping[str, Heartbeat], healths: Sequence[Health]) -> Table:
    table = Table("process", "condition", "pid", "up", "cpu", "memory", box=None)
    table.add_column("says", overflow="fold")
    for state, health in zip(states, healths, strict=True):
        row = [escape(state.name), str(health.condition), str(state.pid or ""), f"{state.uptime_s:.0f} s", "", ""]
        beat = beats.get(state.name)
        if beat is not None:
            row[4:] = [f"{100.0 * beat.cpu_s / max(beat.uptime_s, 1e-3):.0f} %", f"{beat.memory_mb:.0f} MB"]
        table.add_row(*row, escape(health.reason))
    return table


def _events_lines(beat: Heartbeat | None, max_mb: float) -> Iterator[str]:
    """How large the database of events is, and what is wrong with the clock that they are forgotten by."""
    gauges = beat.gauges if beat is not None else {}
    if "events_mb" in gauges:
        grows = gauges.get("events_mb_per_hour", 0.0)
        yield f" events: {gauges['events_mb']:.1f} of {max_mb:.0f} MB, {grows:.1f} MB an hour more"
    jump_days = gauges.get("clock_jump_s", 0.0) / 86_400
    if abs(jump_days) >= 1.0:
        where = "ahead of" if jump_days > 0 else "behind"
        costs = (
            "nothing is forgotten by it for a day, then a tenth of what is kept each day; put it right if it is wrong"
        )
        yield f" clock: {abs(jump_days):.0f} days {where} what was expected; {costs}"


def _averages_lines(beat: Heartbeat | None) -> Iterator[str]:
    """What the average of each source rests on, one line for all."""
    gauges = beat.gauges if beat is not None else {}
    counts = {name.removeprefix(PEOPLE_GAUGE): int(n) for name, n in gauges.items() if name.startswith(PEOPLE_GAUGE)}
    sources = [
        f"{source} {count} people" if count >= FEWEST else f"{source} {count} of {FEWEST} people, frozen until then"
        for source, count in sorted(counts.items())
    ]
    if sources:
        yield f" averages: {'; '.join(sources)}"


def _link_table(links: Sequence[LinkBooks]) -> Table:
    table = Table("link", box=None)
    table.add_column("sender", no_wrap=True)
    for heading in ("sent", "done", "dropped", "lost", "open"):
        table.add_column(heading, justify="right")
    table.add_column("books")
    for link in links:
        lost, opened = sum(link.lost.values()), link.waiting + link.in_flight
        table.add_row(
            link.topic,
            escape(link.sender if link.alive else f"{link.sender} (gone)"),
            *(str(number) for number in (link.sent, link.received, sum(link.dropped.values()), lost, opened)),
            "balance" if link.balanced else "DO NOT BALANCE",
        )
    return table
