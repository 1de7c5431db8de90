"""Labels of people or of pictures: a table with tabs between columns, the first of which says whom a row is about."""

import unicodedata
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError
from twinface.files import read_bounded
from twinface.gallery.person import PersonVectors

_MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A row of the file at `line`: the `labels` of whom it is about, one for each column, "" where there is none."""

    line: int
    whom: str
    labels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LabelTable:
    """The names of the label `columns`, one at least, and the `rows`."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[LabelRow, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LabelledPictures:
    """The row of the table for each picture, int32 (pictures,), -1 where there is none; `of_nobody` rows fit no one."""

    row: NDArray[np.int32]
    of_nobody: int


def read_labels(path: Path) -> LabelTable:
    """Read a file of labels: UTF-8, tabs between columns, a header; blank lines are passed over.

    Raises InputError where it cannot be read or is no such table.
    """
    try:
        text = read_bounded(path, _MAX_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"--groups {path}: cannot be read ({error.strerror}); name a file of labels") from error
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise InputError(f"--groups {path}: no text in UTF-8; save it as UTF-8 with tabs between columns")
    lines = [(number, line.rstrip("\r")) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if len(lines) < 2:
        raise InputError(f"--groups {path}: expected a header and a row for each person or picture; add them")
    header, *rows = [(number, tuple(cell.strip() for cell in line.split("\t"))) for number, line in lines]
    _check_header(path, header[1])
    for number, cells in rows:
        if len(cells) != len(header[1]):
            raise InputError(
                f"--groups {path}:{number}: {len(cells)} columns, the header has {len(header[1])};"
                " put one tab between columns"
            )
        if not cells[0]:
            raise InputError(f"--groups {path}:{number}: the first column is empty; put a person or a picture there")
    return LabelTable(path, header[1][1:], tuple(LabelRow(number, cells[0], cells[1:]) for number, cells in rows))


def _check_header(path: Path, names: Sequence[str]) -> None:
    if len(names) < 2:
        raise InputError(
            f"--groups {path}: no tab in the header; expected columns with tabs between, the first for the person or"
            " picture, the others for labels"
        )
    if "" in names[1:]:
        raise InputError(f"--groups {path}: column {names.index('', 1) + 1} has no name; name it in the header")
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(f"--groups {path}: two columns are called {twice}; rename one")


def match_rows(table: LabelTable, people: Sequence[PersonVectors]) -> LabelledPictures:
    """Find the row of each picture, person after person.

    A row is about the person of this name, else about the picture of this file name, with or without its ending and
    with or without PERSON/ before it. Raises InputError where it fits pictures of several people, or two rows give one
    picture different labels.
    """
    found = np.full(sum(len(person.files) for person in people), -1, np.int32)
    of_nobody = 0
    by_person, by_file = _places(people)
    person_of = np.repeat(np.arange(len(people)), [len(person.files) for person in people])
    for number, row in enumerate(table.rows):
        whom = _compared(row.whom)
        places = by_person.get(whom) or by_file.get(whom) or []
        if len(set(person_of[places])) > 1:
            raise InputError(
                f"--groups {table.path}:{row.line}: {row.whom} is a picture of several people; write PERSON/{row.whom},"
                " or the person's name"
            )
        for place in places:
            if found[place] < 0:
                found[place] = number
            other = table.rows[found[place]]
            if other.labels != row.labels:
                raise InputError(
                    f"--groups {table.path}:{row.line}: {row.whom} has other labels in line {other.line};"
                    " keep one of the two"
                )
        of_nobody += not places
    return LabelledPictures(found, of_nobody)


def _places(people: Sequence[PersonVectors]) -> tuple[Mapping[str, list[int]], Mapping[str, list[int]]]:
    """The pictures of each person by name, and those of each file name."""
    by_person: dict[str, list[int]] = {}
    by_file: dict[str, list[int]] = defaultdict(list)
    start = 0
    for person in people:
        name = _compared(person.name)
        by_person[name] = list(range(start, start + len(person.files)))
        for place, file in enumerate(person.files, start=start):
            known = {_compared(PurePath(file).name), _compared(PurePath(file).stem)}
            for whom in known | {f"{name}/{one}" for one in known}:
                by_file[whom].append(place)
        start += len(person.files)
    return by_person, by_file


def _compared(name: str) -> str:
    """Names that look the same are one."""
    return unicodedata.normalize("NFKC", name)
