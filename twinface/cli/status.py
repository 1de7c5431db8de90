"""`twinface status`: what runs, how it is, and where every message went."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Annotated

import typer
from rich.table import Table

from twinface.bus.health import latest_heartbeats
from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import Terminal, escape, say_json
from twinface.live.accounts import LinkBooks, read_links
from twinface.live.supervision import ProcessState, process_states
from twinface.messages.schema import Heartbeat


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with the books of every link.")] = False,
) -> None:
    """Show every process, its health, and the books of every link."""
    settings = chosen_settings()
    run = chosen_run_directory(settings)
    states = process_states(run, settings)
    beats = latest_heartbeats(run, [state.name for state in states if state.pid])
    links = read_links(run)
    if as_json:
        say_json({"run_directory": str(run.path), **_as_plain(states, beats, links)}, indent=None)
        return
    console = Terminal(highlight=True)
    console.print(_process_table(states, beats))
    console.print(_link_table(links))


def _as_plain(
    states: Sequence[ProcessState], beats: Mapping[str, Heartbeat], links: Sequence[LinkBooks]
) -> dict[str, object]:
    healths = {name: dataclasses.asdict(beat) for name, beat in beats.items()}
    return {
        "processes": [{**dataclasses.asdict(state), "health": healths.get(state.name)} for state in states],
        "links": [{**dataclasses.asdict(link), "balanced": link.balanced} for link in links],
    }


def _process_table(states: Sequence[ProcessState], beats: Mapping[str, Heartbeat]) -> Table:
    table = Table("process", "state", "pid", "up", "cpu", "memory", "says", box=None)
    for state in states:
        row = [escape(state.name), state.state, str(state.pid or ""), f"{state.uptime_s:.0f} s"]
        beat = beats.get(state.name)
        if beat is not None:
            cpu = f"{100.0 * beat.cpu_s / max(beat.uptime_s, 1e-3):.0f} %"
            row += [cpu, f"{beat.memory_mb:.0f} MB", escape(f"{beat.state} {beat.detail}".strip())]
        table.add_row(*row)
    return table


def _link_table(links: Sequence[LinkBooks]) -> Table:
    table = Table("link", "sender", "sent", "received", "dropped", "lost", "waiting", "in flight", "books", box=None)
    for link in links:
        counts = (link.sent, link.received, sum(link.dropped.values()), sum(link.lost.values()))
        table.add_row(
            link.topic,
            escape(link.sender if link.alive else f"{link.sender} (gone)"),
            *(str(number) for number in (*counts, link.waiting, link.in_flight)),
            "balance" if link.balanced else "DO NOT BALANCE",
        )
    return table
