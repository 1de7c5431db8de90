"""Makes docs/reference/: each command by what its --help says, each setting by its model and config/pipeline.toml."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer

from twinface.cli.main import app
from twinface.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
PIPELINE = ROOT / "config" / "pipeline.toml"

_MADE = "Made by `scripts/reference.py`; a test fails where this is not what it makes.\n"
_SIGNS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_TYPES = {"boolean": "true or false", "integer": "whole number", "number": "number", "string": "text"}


def commands_page() -> str:
    """Every command with its arguments and options, in Markdown."""
    commands = [(path, one) for path, one in _commands(typer.main.get_command(app), ("twinface",))]
    index = "\n".join(f"- [{' '.join(path)}](#{'-'.join(path)}): {_summary(one)}" for path, one in commands)
    about = "Every command takes `--config FILE` as well, and `--help`; results are on stdout, all else on stderr."
    parts = [f"# Commands\n\n{_MADE}\n{about}\n\n{index}\n", *(_command(path, one) for path, one in commands)]
    return "\n".join(parts)


def settings_page() -> str:
    """Every setting with its type, bounds, default and meaning, in Markdown."""
    schema = Settings.model_json_schema()
    comments, written = _comments(), tomllib.loads(PIPELINE.read_text(encoding="utf-8"))
    about = "Settings of [config/pipeline.toml](../../config/pipeline.toml); `twinface config` shows those in force."
    parts = [f"# Settings\n\n{_MADE}\n{about}\n"]
    top = {name: one for name, one in schema["properties"].items() if not _section(one)}
    parts.append(_settings_table("The box", "", top, comments, written))
    for name, one in schema["properties"].items():
        if section := _section(one):
            properties = schema["$defs"][section]["properties"]
            values = written[name][0] if one.get("type") == "array" else written[name]
            title = f"`[[{name}]]`" if one.get("type") == "array" else f"`[{name}]`"
            parts.append(_settings_table(title, name, properties, comments, values))
    return "\n".join(parts)


def _commands(command: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    below = getattr(command, "commands", None)
    if below is None:
        yield path, command
        return
    for name, one in below.items():
        yield from _commands(one, (*path, name))


def _summary(command: Any) -> str:
    return " ".join(command.help.split("\n\n")[0].split())


def _command(path: tuple[str, ...], command: Any) -> str:
    arguments = [one for one in command.params if one.param_type_name == "argument"]
    options = [one for one in command.params if one.param_type_name == "option" and one.name != "config"]
    words = [one.metavar if one.required else f"[{one.metavar}]" for one in arguments]
    usage = " ".join([*path, *(["[OPTIONS]"] if options else []), *words])
    text = "\n\n".join(" ".join(paragraph.split()) for paragraph in command.help.split("\n\n"))
    lines = [f"## {' '.join(path)}\n", f"    {usage}\n", f"{text}\n"]
    if arguments or options:
        lines += ["| argument, option | what it is |", "|---|---|", *map(_row, [*arguments, *options])]
    return "\n".join(lines) + ("\n" if arguments or options else "")


def _row(parameter: Any) -> str:
    """A parameter as a line of the table. Ranges and defaults are added where its help does not have them."""
    said = parameter.help or ""
    if parameter.param_type_name == "argument":
        return f"| `{parameter.metavar}` | {_cell(said)} |"
    name = ", ".join([*parameter.opts, *parameter.secondary_opts])
    if not parameter.is_flag:
        name += f" {parameter.metavar or parameter.name.upper()}"
    facts = [f"{low:g} at least" for low in [getattr(parameter, "min", None)] if low is not None]
    facts += [f"{high:g} at most" for high in [getattr(parameter, "max", None)] if high is not None]
    facts += ["may be given again"] if parameter.multiple else []
    facts += ["required"] if parameter.required else []
    if isinstance(parameter.default, int | float | str) and not parameter.is_flag and not parameter.required:
        facts.append(f"default: {parameter.default}")
    return f"| `{name}` | {_cell(said)}{' (' + ', '.join(facts) + ')' if facts else ''} |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _section(schema: dict[str, Any]) -> str | None:
    """The model that a setting is a section of; None of a plain setting."""
    reference = schema.get("$ref") or schema.get("items", {}).get("$ref")
    return reference.rpartition("/")[2] if reference else None


def _comments() -> dict[tuple[str, str], str]:
    """What config/pipeline.toml says of each setting, by section ("" at the top) and name."""
    found: dict[tuple[str, str], str] = {}
    section = ""
    for line in PIPELINE.read_text(encoding="utf-8").splitlines():
        if header := re.match(r"\[\[?(\w+)", line):
            section = header[1]
        elif setting := re.match(r"(\w+) = (?:\"[^\"]*\"|[^#]*?)\s+# (.*)", line):
            found[section, setting[1]] = setting[2]
    return found


def _settings_table(
    title: str, section: str, properties: dict[str, Any], comments: dict[tuple[str, str], str], written: dict[str, Any]
) -> str:
    lines = [f"## {title}\n", "| setting | value | default | what it is |", "|---|---|---|---|"]
    for name, one in properties.items():
        default = f"`{_toml(written[name])}`" if "default" in one else f"none (`{_toml(written[name])}`)"
        lines.append(f"| `{name}` | {_cell(_value(one))} | {default} | {_cell(comments[section, name])} |")
    return "\n".join(lines) + "\n"


def _value(schema: dict[str, Any]) -> str:
    """The type and the bounds of a setting, in words."""
    if "anyOf" in schema:
        return f"{_value(schema['anyOf'][0])}, or empty"
    if "enum" in schema:
        return ", ".join(f'"{one}"' for one in schema["enum"])
    kind = "path" if schema.get("format") == "path" else _TYPES[schema["type"]]
    if "minimum" in schema and "maximum" in schema:
        return f"{kind}, {_number(schema['minimum'])}…{_number(schema['maximum'])}"
    bounds = [f"{sign} {_number(schema[key])}" for key, sign in _SIGNS.items() if key in schema]
    return " ".join([kind, ", ".join(bounds)]).strip()


def _number(value: float) -> str:
    return f"{int(value):,}" if value == int(value) else f"{value:g}"


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)


PAGES = {"commands.md": commands_page, "settings.md": settings_page}


def main() -> None:
    """Write the pages."""
    folder = ROOT / "docs" / "reference"
    folder.mkdir(exist_ok=True)
    for name, make in PAGES.items():
        (folder / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
