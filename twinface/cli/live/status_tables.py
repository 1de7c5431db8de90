"""What `twinface status` draws: processes, links, and what the matcher says of its stores."""

from collections.abc import Iterator, Mapping, Sequence

from rich.table import Table

from twinface.averages import FEWEST
from twinface.averages.averages_in_use import PEOPLE_GAUGE
from twinface.box.accounts import LinkBooks
from twinface.box.health import Health, ProcessState
from twinface.cli.console import escape
from twinface.messages.schema import Heartbeat
from twinface.text import plural


def process_table(states: Sequence[ProcessState], beats: Mapping[str, Heartbeat], healths: Sequence[Health]) -> Table:
    """Each process: its condition, what it uses, and what it says."""
    table = Table("process", "condition", "pid", "up", "cpu", "memory", box=None)
    table.add_column("says", overflow="fold")
    for state, health in zip(states, healths, strict=True):
        row = [escape(state.name), str(health.condition), str(state.pid or ""), f"{state.uptime_s:.0f} s", "", ""]
        beat = beats.get(state.name)
        if beat is not None:
            row[4:] = [f"{100.0 * beat.cpu_s / max(beat.uptime_s, 1e-3):.0f} %", f"{beat.memory_mb:.0f} MB"]
        table.add_row(*row, escape(health.reason))
    return table


def events_lines(beat: Heartbeat | None, max_mb: float) -> Iterator[str]:
    """How large the database of events is, and what is wrong with the clock that they are forgotten by."""
    gauges = beat.gauges if beat is not None else {}
    if "events_mb" in gauges:
        grows = gauges.get("events_mb_per_hour", 0.0)
        yield f" events: {gauges['events_mb']:.1f} of {max_mb:.0f} MB, {grows:.1f} MB an hour more"
    jump_days = gauges.get("clock_jump_s", 0.0) / 86_400
    if jump_days >= 1.0:
        costs = "nothing is forgotten by it for a day, then a tenth of what is kept each day"
        yield f" clock: {plural(round(jump_days), 'day')} ahead of what was expected; {costs}; put it right if wrong"
    if jump_days <= -1.0:
        costs = "nothing is forgotten by it"
        yield f" clock: {plural(round(-jump_days), 'day')} behind what was expected; {costs}; put it right if wrong"


def averages_lines(beat: Heartbeat | None) -> Iterator[str]:
    """What the average of each source rests on, a line each."""
    gauges = beat.gauges if beat is not None else {}
    counts = {name.removeprefix(PEOPLE_GAUGE): int(n) for name, n in gauges.items() if name.startswith(PEOPLE_GAUGE)}
    for source, count in sorted(counts.items()):
        enough = plural(count, "person") if count >= FEWEST else f"{count} of {FEWEST} people, frozen until then"
        yield f" average of {source}: {enough}"


def link_table(links: Sequence[LinkBooks]) -> Table:
    """The books of each link."""
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
