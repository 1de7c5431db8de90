"""Makes docs/reference/, each command by its --help and each setting by its model, and config/pipeline.toml."""

import ast
from collections import ChainMap
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import typer

from twinface.cli.main import app
from twinface.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
SETTINGS = ROOT / "twinface" / "settings.py"

_PIPELINE_HEAD = (
    "# Every setting of twinface, with its unit and its default. A key that is not listed here is refused.",
    "# Relative paths are taken from the folder that this file lies in. `twinface config` shows what is in force.",
)
_COMMENT_COLUMN = 37
_NOT_IN_FORCE = ("webhook", "notify", "peer")
"""Tables that are written as comments: with their examples they would be more than defaults."""

_MADE = "Made by `scripts/reference.py`; a test fails where this is not what it makes.\n"
_SIGNS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤", "exclusiveMaximum": "<"}
_TYPES = {"array": "list", "boolean": "true or false", "integer": "whole number", "number": "number", "string": "text"}


def commands_page() -> str:
    """Every command with its arguments and options, in Markdown."""
    commands = [(path, one) for path, one in _commands(typer.main.get_command(app), ("twinface",))]
    index = "\n".join(f"- [{' '.join(path)}](#{'-'.join(path)}): {_summary(one)}" for path, one in commands)
    about = "Every command takes `--config FILE` as well, and `--help`; results are on stdout, all else on stderr."
    parts = [f"# Commands\n\n{_MADE}\n{about}\n\n{index}\n", *(_command(path, one) for path, one in commands)]
    return "\n".join(parts)


def settings_page() -> str:
    """Every setting with its type, bounds, default and meaning, in Markdown."""
    properties = Settings.model_json_schema()["properties"]
    about = "Settings of [config/pipeline.toml](../../config/pipeline.toml); `twinface config` shows those in force."
    parts = [f"# Settings\n\n{_MADE}\n{about}\n"]
    parts.append(_settings_table("The box", "Settings", {k: v for k, v in properties.items() if not _section(v)}))
    for name, one in properties.items():
        if section := _section(one):
            parts.append(_settings_table(f"`{_header(name, one)}`", section, _properties(section)))
    return "\n".join(parts)


def pipeline_toml() -> str:
    """The configuration with every setting at its default, each with its meaning behind it."""
    properties = Settings.model_json_schema()["properties"]
    plain = {name: one for name, one in properties.items() if not _section(one)}
    lines = [*_PIPELINE_HEAD, "", *_toml_lines("Settings", plain)]
    for name, one in properties.items():
        if section := _section(one):
            about = _models()[section].get("description", "")
            lines += ["", *([] if about.startswith("`") else [f"# {about}"])]
            table = [_header(name, one), *_toml_lines(section, _properties(section))]
            lines += table if name not in _NOT_IN_FORCE else [f"# {line}" for line in table]
    return "\n".join(lines) + "\n"


def _toml_lines(model: str, properties: dict[str, Any]) -> Iterator[str]:
    for name, one in properties.items():
        yield f"{name} = {_written(one)}".ljust(_COMMENT_COLUMN - 3) + f"   # {_meaning(model, name)}"


def _header(name: str, schema: dict[str, Any]) -> str:
    return f"[[{name}]]" if schema.get("type") == "array" else f"[{name}]"


def _models() -> dict[str, Any]:
    models: dict[str, Any] = Settings.model_json_schema()["$defs"]
    return models


def _properties(section: str) -> dict[str, Any]:
    found: dict[str, Any] = _models()[section]["properties"]
    return found


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
    words = [_shown(one) if one.required else f"[{_shown(one)}]" for one in arguments]
    usage = " ".join([*path, *(["[OPTIONS]"] if options else []), *words])
    text = "\n\n".join(" ".join(paragraph.split()) for paragraph in command.help.split("\n\n"))
    lines = [f"## {' '.join(path)}\n", f"    {usage}\n", f"{text}\n"]
    if arguments or options:
        lines += ["| argument, option | what it is |", "|---|---|", *map(_row, [*arguments, *options])]
    return "\n".join(lines) + ("\n" if arguments or options else "")


def _shown(parameter: Any) -> str:
    """What stands for the value of a parameter."""
    return str(parameter.metavar or parameter.name.upper())


def _row(parameter: Any) -> str:
    """A parameter as a line of the table. Ranges and defaults are added where its help does not have them."""
    said = parameter.help or ""
    if parameter.param_type_name == "argument":
        return f"| `{_shown(parameter)}` | {_cell(said)} |"
    name = ", ".join([*parameter.opts, *parameter.secondary_opts])
    if not parameter.is_flag:
        name += f" {_shown(parameter)}"
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


def _meaning(model: str, field: str) -> str:
    if field not in _meanings()[model]:
        raise KeyError(f"{SETTINGS}: write what it means below {model}.{field}")
    return _comment(_meanings()[model][field])


@cache
def _meanings() -> dict[str, dict[str, str]]:
    """What stands below each field of the models of twinface/settings.py, by model and field."""
    found: dict[str, dict[str, str]] = {}
    for model in ast.parse(SETTINGS.read_text(encoding="utf-8")).body:
        if isinstance(model, ast.ClassDef):
            inherited = [found.get(base.id, {}) for base in model.bases if isinstance(base, ast.Name)]
            found[model.name] = dict(ChainMap(*inherited)) | {
                field.target.id: " ".join(text.value.value.split())
                for field, text in pairwise(model.body)
                if isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
                and isinstance(text.value.value, str)
            }
    return found


def _comment(meaning: str) -> str:
    """A sentence as it stands behind a value: without the period, and its first letter is no capital."""
    begins_word = meaning[1:2] == " " or meaning[1:2].islower()
    return (meaning[0].lower() + meaning[1:] if begins_word else meaning).removesuffix(".")


def _settings_table(title: str, model: str, properties: dict[str, Any]) -> str:
    lines = [f"## {title}\n", "| setting | value | default | what it is |", "|---|---|---|---|"]
    for name, one in properties.items():
        default = f"`{_written(one)}`" if "default" in one else f"none (`{_written(one)}`)"
        lines.append(f"| `{name}` | {_cell(_value(one))} | {default} | {_cell(_meaning(model, name))} |")
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


def _written(schema: dict[str, Any]) -> str:
    """The default as TOML has it, or an example of what has none."""
    value = schema["default"] if "default" in schema else schema["examples"][0]
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list | tuple):
        return f"[{', '.join(_quoted(one) for one in value)}]"
    return f"{value:g}" if isinstance(value, int | float) else _quoted(value)


def _quoted(value: str | None) -> str:
    return f'"{value or ""}"'


PAGES = {
    "docs/reference/commands.md": commands_page,
    "docs/reference/settings.md": settings_page,
    "config/pipeline.toml": pipeline_toml,
}
"""What is made, and by which function."""


def main() -> None:
    """Write the pages."""
    for name, make in PAGES.items():
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    main()
