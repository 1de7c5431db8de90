"""What docs/json.md says of the JSON of a command, beside what the command prints."""

import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from twinface.cli.json_shapes import SCHEMAS

_DOCUMENT = Path(__file__).parents[1] / "docs" / "json.md"


def documented_schemas() -> dict[str, int]:
    """The number of each shape that the document has, by the command and the option that changes what is printed."""
    found = re.findall(r"^## `twinface (.*)`$", _DOCUMENT.read_text(), re.MULTILINE)
    return {_shape(title): int(_rows(title, 0)["schema"]) for title in found}


def check_printed(words: Sequence[str], output: str) -> None:
    """Assert that each object that `twinface` with these words printed has one of the shapes of that command."""
    path = [word for word in words if not word.startswith(("-", "/"))]
    shapes = [shape for shape in SCHEMAS if (plain := shape.partition(" --")[0].split()) == path[: len(plain)]]
    for value in _objects(output):
        assert isinstance(value, dict), "the top is an object"
        tables = [(shape, table) for shape in shapes for table in range(_tables(shape))]
        found = {f"{shape}, table {table}": differences(value, shape, table) for shape, table in tables}
        assert any(not one for one in found.values()), f"not as docs/json.md says: {found}"
        assert value["schema"] in {SCHEMAS[shape] for shape in shapes}


def differences(value: object, shape: str, table: int = 0) -> set[str]:
    """Fields that a command printed and its table in the document lacks, and the other way round.

    An object or list that is null or empty has none of its inner fields, and is to be documented itself. What is told
    to be there "only where" something is so need not be.
    """
    rows = _rows(next(title for title in _titles() if _shape(title) == shape), table)
    patterns = {field: re.escape(field).replace(r"\*", ".+") for field in rows}
    printed = set(_leaves(value))
    unknown = {path for path in printed if not any(re.fullmatch(one, path) for one in patterns.values())}
    empty = tuple(f"{path}{end}" for path in printed for end in (".", "[]"))
    absent = {
        field
        for field, one in patterns.items()
        if not _may_be_absent(field, rows, empty) and not any(re.match(rf"{one}($|[.\[])", path) for path in printed)
    }
    return unknown | absent


def _may_be_absent(field: str, rows: dict[str, str], empty: tuple[str, ...]) -> bool:
    """Whether it, or what it is inside of, is documented to be there sometimes, or is empty."""
    above = list(_above(field))
    around = [field, *(one.removesuffix(".").removesuffix("[]") for one in above)]
    if any(rows.get(one, "").startswith("only where") for one in around):
        return True
    return any(re.fullmatch(re.escape(one).replace(r"\*", ".+"), path) for one in above for path in empty)


def _above(field: str) -> Iterator[str]:
    """What a field is inside of, each with its end: `a.b[].c` is in `a.` and in `a.b[]`."""
    for found in re.finditer(r"\.|\[\]", field):
        yield field[: found.end()]


def _titles() -> list[str]:
    return re.findall(r"^## `twinface (.*)`$", _DOCUMENT.read_text(), re.MULTILINE)


def _shape(title: str) -> str:
    """A heading without --json and without what people put in place of words in capitals."""
    return " ".join(word for word in title.split() if word == word.lower() and word != "--json")


def _tables(shape: str) -> int:
    title = next(title for title in _titles() if _shape(title) == shape)
    return _section(title).count("| field | what it is |\n")


def _section(title: str) -> str:
    return _DOCUMENT.read_text().partition(f"## `twinface {title}`\n")[2].partition("\n## ")[0]


def _rows(title: str, table: int) -> dict[str, str]:
    """What the document says of each field."""
    text = _section(title).split("| field | what it is |\n")[1 + table].partition("\n\n")[0]
    rows = [row.split("|") for row in text.splitlines()[1:]]
    return {field: row[2].strip() for row in rows for field in re.findall(r"`([^`]+)`", row[1])}


def _objects(output: str) -> list[Any]:
    """A single object, or one a line."""
    try:
        return [json.loads(output)]
    except ValueError:
        return [json.loads(line) for line in output.splitlines()]


def _leaves(value: object, at: str = "") -> Iterator[str]:
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _leaves(inner, f"{at}.{name}" if at else name)
    elif isinstance(value, list) and any(isinstance(one, dict) for one in value):
        for one in value:
            yield from _leaves(one, f"{at}[]")
    else:
        yield at
