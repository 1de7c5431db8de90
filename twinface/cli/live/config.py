"""`twinface config`: which configuration is used, and every setting in force."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from twinface.cli.configuration import chosen_config
from twinface.cli.console import Terminal, note, say, say_json
from twinface.cli.shared_options import JsonOption

if TYPE_CHECKING:
    from twinface.box.settings_in_force import InForce


def config(
    only_path: Annotated[bool, typer.Option("--path", help="Print the path of the file only.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show which configuration file is used, why that one, and every setting in force with the line it stands on.

    What is empty in the file is shown as what it stands for. Passwords are masked.
    """
    from twinface.box.settings_in_force import settings_in_force
    from twinface.settings_file import load_settings

    chosen = chosen_config()
    if only_path and not as_json:
        say(chosen.path)
        return
    if only_path:
        say_json("config --path", {"path": str(chosen.path), "found": chosen.found})
        return
    settings = load_settings(chosen.path)
    found = list(settings_in_force(chosen.path, settings))
    if as_json:
        values = {one.name: {"value": one.value, "line": one.line} for one in found}
        say_json("config", {"path": str(chosen.path), "found": chosen.found, "settings": values})
        return
    note(f"{chosen.path} ({chosen.found})")
    Terminal().print(_table(found))


def _table(found: Sequence["InForce"]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("from", no_wrap=True)
    for one in found:
        source = "default" if one.line is None else f"line {one.line}"
        value = json.dumps(one.value, ensure_ascii=False)
        table.add_row(*(Text(cell) for cell in (one.name, value, source)), style="dim" if one.line is None else "")
    return table
