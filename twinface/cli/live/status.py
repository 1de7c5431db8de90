"""`twinface status`: what runs, how it is, and where every message went."""

from typing import Annotated

import typer

from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import Terminal, say, say_json
from twinface.errors import ServiceError


def status(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, with the books of every link.")] = False,
) -> None:
    """Show every process, its health, and the books of every link; exit code 1 where something is not well.

    RUNNING, ENDED (a file that was played) and STOPPED (what runs on request only) are well. STARTING, RESTARTING,
    WAITING (it tries again), DEGRADED (it works, and something is wrong), HUNG and FAILED are not.

    With --json there is an object also where no box answers; `box` is running, starting, "not running" or hangs.
    """
    from twinface.box.accounts import read_links
    from twinface.box.health import STALE_AFTER_S
    from twinface.box.supervision import process_states
    from twinface.bus.heartbeats import latest_heartbeats
    from twinface.cli.live import status_tables as tables
    from twinface.processes import MATCHER

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
    healths = [tables.health_of(state, beats.get(state.name), run, settings) for state in states]
    problems = [one.problem for one in healths if not one.ok]
    problems += [f"{link.topic} of {link.sender}: the books do not balance" for link in links if not link.balanced]
    if as_json:
        summary = {"run_directory": str(run.path), "box": "running", "ok": not problems, "problems": problems}
        say_json("status", {**summary, **tables.status_to_plain(states, beats, healths, links)}, on_a_line=True)
    else:
        console, matcher = Terminal(highlight=True), beats.get(MATCHER.name)
        console.print(tables.process_table(states, beats, healths))
        console.print(tables.link_table(links))
        stores = (*tables.events_lines(matcher, settings.events.max_mb), *tables.averages_lines(matcher))
        for line in (*stores, *problems):
            say(line)
    if problems:
        raise typer.Exit(1)
