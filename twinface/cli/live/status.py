"""`twinface status`: what runs, how it is, and where every message went."""

from typing import Annotated

import typer

from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import Terminal, escape, say_json
from twinface.errors import ServiceError


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with the books of every link.")] = False,
) -> None:
    """Show every process, its health, and the books of every link; exit code 1 where something is not well.

    RUNNING, ENDED (a file that was played) and STOPPED (what runs on request only) are well. STARTING, RESTARTING,
    WAITING (it tries again), DEGRADED (it works, and something is wrong), HUNG and FAILED are not.

    With --json there is an object also where no box answers; `box` is running, starting, "not running" or hangs.
    """
    from twinface.box.box_status import read_status
    from twinface.cli.live import status_tables as tables
    from twinface.processes import MATCHER

    settings = chosen_settings()
    run = chosen_run_directory(settings)
    try:
        found = read_status(settings, run)
    except ServiceError as error:
        if as_json:
            about = {"run_directory": str(run.path), "box": error.code, "ok": False, "problems": [str(error)]}
            say_json("status", {**about, "processes": [], "links": []}, on_a_line=True)
        raise
    if as_json:
        say_json("status", found.plain, on_a_line=True)
    else:
        console, matcher = Terminal(highlight=True), found.beats.get(MATCHER.name)
        console.print(tables.process_table(found.states, found.beats, found.healths))
        console.print(tables.link_table(found.links))
        stores = (*tables.events_lines(matcher, settings.events.max_mb), *tables.averages_lines(matcher))
        for line in (*stores, *found.problems):
            console.print(escape(line), highlight=False)
    if found.problems:
        raise typer.Exit(1)
