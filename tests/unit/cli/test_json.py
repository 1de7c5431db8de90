"""Every `--json` has a shape with a number, and one way out."""

import ast
from pathlib import Path
from typing import Any

import typer
from documented_json import documented_schemas

import twinface.cli
from twinface.cli.json_shapes import SCHEMAS, with_schema
from twinface.cli.main import app

PRINTERS = {"say_json", "with_schema", "tell_enrolled"}
"""Functions whose first argument is the name of a shape."""

SOURCES = sorted(Path(twinface.cli.__path__[0]).rglob("*.py"))


def test_the_document_has_every_shape_with_its_number() -> None:
    assert documented_schemas() == SCHEMAS


def test_what_is_printed_begins_with_the_number() -> None:
    assert list(with_schema("events", {"kind": "enter"}).items()) == [("schema", SCHEMAS["events"]), ("kind", "enter")]


def test_every_command_with_json_prints_shapes_of_the_table_and_each_is_printed() -> None:
    """Names of shapes are written out where they are printed."""
    calls = [node for path in SOURCES for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    names = [node.args[0] for node in calls if getattr(node.func, "id", "") in PRINTERS]
    assert {str(name.value) for name in names if isinstance(name, ast.Constant)} == set(SCHEMAS)
    with_json = {
        name
        for name, command in _commands(typer.main.get_command(app), "")
        if any("--json" in option.opts for option in command.params)
    }
    assert {shape.partition(" --")[0] for shape in SCHEMAS} == with_json


def test_nothing_else_prints_json() -> None:
    """`console.say_json` puts the number in; `say_json_text` is for what has it already."""
    users = {
        path.stem
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say_json_text"
    }
    assert users == {"console", "evaluate"}
    dumps = {path.stem for path in SOURCES if "json.dumps" in path.read_text()}
    assert dumps == {"console", "config"}, "config shows values of its table so"


def _commands(command: Any, name: str) -> list[tuple[str, Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        return [(name, command)]
    return [one for word, inner in below.items() for one in _commands(inner, f"{name} {word}".strip())]
