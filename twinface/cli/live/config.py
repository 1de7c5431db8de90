"""`twinface config`: which configuration is used, and every setting in force."""

import json
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import BaseModel
from rich.table import Table
from rich.text import Text

from twinface.cli.configuration import chosen_config, chosen_run_path
from twinface.cli.console import Terminal, note, say, say_json
from twinface.cli.options import JsonOption
from twinface.config_file import line_of, read_config
from twinface.masking import mask_setting
from twinface.settings import Settings, load_settings


@dataclass(frozen=True, slots=True)
class InForce:
    """A setting: its dotted name, its value as TOML would hold it, and its line in the file, None for a default."""

    name: str
    value: object
    line: int | None


def config(
    only_path: Annotated[bool, typer.Option("--path", help="Print the path of the file only.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Show which configuration file is used, why that one, and every setting in force with the line it stands on.

    What is empty in the file is shown as what it stands for. Passwords are masked.
    """
    chosen = chosen_config()
    if only_path and not as_json:
        say(chosen.path)
        return
    if only_path:
        say_json("config --path", {"path": str(chosen.path), "found": chosen.found})
        return
    settings = load_settings(chosen.path)
    found = list(_in_force(chosen.path, settings))
    if as_json:
        values = {one.name: {"value": one.value, "line": one.line} for one in found}
        say_json("config", {"path": str(chosen.path), "found": chosen.found, "settings": values})
        return
    note(f"{chosen.path} ({chosen.found})")
    Terminal().print(_table(found))


def _in_force(path: Path, settings: Settings) -> Iterator[InForce]:
    text = read_config(path)
    written = tomllib.loads(text)
    stands_for = {
        ("run_directory",): chosen_run_path(settings),
        ("events", "path"): settings.events_path,
        ("averages", "path"): settings.averages_path,
    }
    for location, value in _leaves(settings, ()):
        shown = stands_for.get(location, value)
        plain = mask_setting(location[-1], "" if shown is None else str(shown) if isinstance(shown, Path) else shown)
        line = line_of(text, location) if _is_written(written, location) else None
        yield InForce(".".join(map(str, location)), plain, line)


def _leaves(model: BaseModel, above: tuple[Any, ...]) -> Iterator[tuple[tuple[Any, ...], object]]:
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from _leaves(value, (*above, name))
        elif isinstance(value, tuple) and any(isinstance(one, BaseModel) for one in value):
            for number, one in enumerate(value):
                yield from _leaves(one, (*above, name, number))
        else:
            yield (*above, name), value


def _is_written(values: Any, location: Sequence[str | int]) -> bool:
    for part in location:
        if isinstance(values, Mapping) and part not in values:
            return False
        values = values[part]
    return True


def _table(found: Sequence[InForce]) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("setting", no_wrap=True)
    table.add_column("value", overflow="fold")
    table.add_column("from", no_wrap=True)
    for one in found:
        source = "default" if one.line is None else f"line {one.line}"
        value = json.dumps(one.value, ensure_ascii=False)
        table.add_row(*(Text(cell) for cell in (one.name, value, source)), style="dim" if one.line is None else "")
    return table
