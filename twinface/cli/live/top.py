"""`twinface top`: what a box does in a second, drawn again and again."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.table import Table

from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import Terminal, ended_by_its_reader, escape, reader_has_left, say_json

if TYPE_CHECKING:
    from twinface.box.box_status import BoxStatus
    from twinface.box.rates import BoxRates

_SHOWN_FROM = 0.05


def top(
    once: Annotated[bool, typer.Option("--once", help="Print one reading, of about a second, and end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line for each reading.")] = False,
    every: Annotated[float, typer.Option("--every", min=0.5, max=3600.0, help="Seconds between readings.")] = 2.0,
) -> None:
    """Show what each process of the box that runs takes and does in a second, until Ctrl-C.

    CPU (100 % is one core) and memory of each process, what it counts a second, the median and the 95th percentile of
    each of its stages over the last 512 times, and what each link sends, drops and loses a second.
    """
    from twinface.box.box_status import read_status

    settings = chosen_settings()
    run = chosen_run_directory(settings)
    console = Terminal()
    with ended_by_its_reader():
        readings = _readings(lambda: read_status(settings, run), every)
        if once or as_json or not console.is_terminal:
            for rates in readings:
                if as_json:
                    say_json("top", rates.plain, on_a_line=True)
                else:
                    console.print(tables(rates))
                if once or reader_has_left():
                    return
        with Live(console=console, auto_refresh=False) as live:
            for rates in readings:
                live.update(tables(rates), refresh=True)


def _readings(read: Callable[[], "BoxStatus"], every_s: float) -> Iterator["BoxRates"]:
    """The rates between one reading and the next, `every_s` after it or as soon as it has been made."""
    from twinface.box.rates import rates_between

    before, before_s = read(), time.monotonic()
    while True:
        time.sleep(max(0.0, before_s + every_s - time.monotonic()))
        after, after_s = read(), time.monotonic()
        yield rates_between(before, after, after_s - before_s)
        before, before_s = after, after_s


def tables(rates: "BoxRates") -> Table:
    """Processes, and below them links."""
    processes = Table("process", "condition", box=None, pad_edge=False)
    for heading in ("cpu", "memory"):
        processes.add_column(heading, justify="right", no_wrap=True)
    processes.add_column("stages, p50/p95 ms", overflow="fold")
    processes.add_column("a second", overflow="fold")
    for one in rates.processes:
        stages = ", ".join(f"{name} {p50:.0f}/{p95:.0f}" for name, (p50, p95) in one.latency_ms.items())
        used = f"{100.0 * one.cpu_cores:.0f} %", f"{one.memory_mb:.0f} MB"
        processes.add_row(escape(one.name), one.condition, *used, escape(stages), escape(_growing(one.per_second)))
    links = Table("link", "sender", box=None, pad_edge=False)
    for heading in ("sent/s", "done/s", "dropped/s", "lost/s", "open"):
        links.add_column(heading, justify="right")
    for link in rates.links:
        numbers = (f"{number:.1f}" for number in (link.sent, link.received, link.dropped, link.lost))
        links.add_row(link.topic, escape(link.sender), *numbers, str(link.waiting + link.in_flight))
    both = Table.grid()
    for part in (processes, "", links):
        both.add_row(part)
    return both


def _growing(per_second: Mapping[str, float]) -> str:
    """The counters that grow, the fastest first."""
    fastest = sorted(per_second.items(), key=lambda one: -one[1])
    return ", ".join(f"{name} {rate:.1f}" for name, rate in fastest if rate >= _SHOWN_FROM)
