"""`twinface watch`: live matches, as a table of who is there now or as one JSON object a line."""

import sys
from typing import Annotated

import typer

from twinface.cli.configuration import chosen_run_directory, chosen_settings
from twinface.cli.console import ended_by_its_reader


def watch(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line for each match event.")] = False,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with the events that the matcher still keeps.")
    ] = False,
) -> None:
    """Show live matches until every stream has ended, or Ctrl-C."""
    from twinface.cli.live.watch_shown import print_json, print_lines, show_table

    run = chosen_run_directory(chosen_settings())
    with ended_by_its_reader():
        if as_json:
            print_json(run, from_start=from_start)
        elif not sys.stdout.isatty():
            print_lines(run, from_start=from_start)
        else:
            show_table(run, from_start=from_start)
