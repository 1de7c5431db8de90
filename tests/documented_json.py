"""What docs/json.md says of the JSON of a command, beside what the command prints."""

import re
from collections.abc import Iterator
from pathlib import Path

_DOCUMENT = Path(__file__).parents[1] / "docs" / "json.md"


def differences(value: object, command: str, table: int = 0) -> set[str]:
    """Fields that a command printed and its table in the document lacks, and the other way round.

    An object or list that is null or empty has none of its inner fields, and is to be documented itself.
    """
    patterns = {field: re.escape(field).replace(r"\*", ".+") for field in _documented(command, table)}
    printed = set(_leaves(value))
    unknown = {path for path in printed if not any(re.fullmatch(one, path) for one in patterns.values())}
    empty = tuple(f"{path}{end}" for path in printed for end in (".", "[]"))
    absent = {
        field
        for field, one in patterns.items()
        if not field.startswith(empty) and not any(re.match(rf"{one}($|[.\[])", path) for path in printed)
    }
    return unknown | absent


def _documented(command: str, table: int) -> set[str]:
    _, found, section = _DOCUMENT.read_text().partition(f"## `{command}`\n")
    assert found, f"docs/json.md says nothing of {command}"
    rows = section.partition("\n## ")[0].split("| field | what it is |\n")[1 + table].partition("\n\n")[0]
    return {field for row in rows.splitlines()[1:] for field in re.findall(r"`([^`]+)`", row.split("|")[1])}


def _leaves(value: object, at: str = "") -> Iterator[str]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{at}.{name}" if at else name)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        yield from _leaves(value[0], f"{at}[]")
    else:
        yield at
