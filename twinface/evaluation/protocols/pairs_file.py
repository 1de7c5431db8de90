"""Lists of pairs to verify: LFW's pairs.txt, and lines of two paths and whether they show one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError

_SUFFIXES = (".jpg", ".png", ".jpeg", ".JPG", ".PNG", ".webp", ".bmp")
_FORMATS = "`NAME i j`, `NAME1 i NAME2 j` or `PATH1 PATH2 0|1`"


@dataclass(frozen=True, slots=True, eq=False)
class PairList:
    """Pair i compares `pictures[first[i]]` with `pictures[second[i]]`, and `same[i]` says whether they show one person.

    `person` has the number of whom each picture shows, int32 (pictures,), and `names` the words that may name them (in
    lists of paths all folders of the path). `folds` is how many equal parts, one after the other, the list says it
    has; None where it does not.
    """

    pictures: tuple[Path, ...]
    names: tuple[tuple[str, ...], ...]
    person: NDArray[np.int32]
    first: NDArray[np.int32]
    second: NDArray[np.int32]
    same: NDArray[np.bool_]
    folds: int | None


@dataclass(frozen=True, slots=True)
class _Line:
    """`people` are names where the line has them, else none."""

    number: int
    pictures: tuple[str, str]
    people: tuple[str, str] | None
    same: bool


def read_pairs(path: Path, images: Path) -> PairList:
    """Read a list of pairs, whose pictures are below `images`.

    Columns have spaces between them, or tabs or commas where the line has any (then names may have spaces). A first
    line `FOLDS PAIRS` says that FOLDS parts of PAIRS pairs of the same and PAIRS of different people follow.
    Raises InputError, with the line: unreadable, no pairs, another form, a picture that is not there, a header that
    does not fit, pairs of one kind only.
    """
    try:
        rows = [line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines()]
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise InputError(f"{path}: cannot be read ({reason}); name a list of pairs such as LFW's pairs.txt") from error
    numbered = [(number, _columns(row)) for number, row in enumerate(rows, start=1) if row]
    header = numbered.pop(0)[1] if numbered and _is_header(numbered[0][1]) else []
    lines = [_parse(path, number, columns) for number, columns in numbered]
    folds = _check_header(path, [int(part) for part in header], len(lines))
    _check_both_kinds(path, lines)
    if not images.is_dir():
        raise InputError(f"{images}: no such folder; name the one with the pictures of {path.name} with --images")
    return _to_list(path, images, lines, folds)


def _is_header(columns: Sequence[str]) -> bool:
    return len(columns) <= 2 and all(part.isdecimal() for part in columns)


def _columns(row: str) -> list[str]:
    separator = next((mark for mark in ("\t", ",") if mark in row), None)
    return [part.strip() for part in row.rstrip("\t, ").split(separator)]


def _parse(path: Path, number: int, columns: list[str]) -> _Line:
    match columns:
        case [name, one, two] if one.isdecimal() and two.isdecimal():
            return _Line(number, (_lfw(name, one), _lfw(name, two)), (name, name), True)
        case [name, one, other, two] if one.isdecimal() and two.isdecimal():
            return _Line(number, (_lfw(name, one), _lfw(other, two)), (name, other), name == other)
        case [one, two, ("0" | "1") as same]:
            return _Line(number, (one, two), None, same == "1")
    found = f"{len(columns)} columns" if len(columns) not in {3, 4} else repr(" ".join(columns))
    raise InputError(f"{path}:{number}: {found}; a line is {_FORMATS}")


def _lfw(name: str, number: str) -> str:
    return f"{name}/{name}_{int(number):04d}"


def _check_header(path: Path, header: Sequence[int], pairs: int) -> int | None:
    """How many folds the header says; one number alone is a count of pairs."""
    if not pairs:
        raise InputError(f"{path}: no pairs in it; a line is {_FORMATS}")
    if len(header) != 2:
        return None
    folds, each = header
    if folds < 2:
        raise InputError(
            f"{path}: {folds} fold; the threshold is chosen on the other folds, so at least two are needed"
            " (without a first line, ten are made)"
        )
    if folds * each * 2 != pairs:
        raise InputError(
            f"{path}: its first line says {folds} folds of {each} pairs of each kind, {2 * folds * each} lines, but"
            f" {pairs} follow; get the whole list, or take the first line out"
        )
    return folds


def _check_both_kinds(path: Path, lines: Sequence[_Line]) -> None:
    for same, kind in ((True, "the same person"), (False, "different people")):
        if not any(line.same == same for line in lines):
            raise InputError(f"{path}: no pairs of {kind}; both kinds are needed, add some")


def _to_list(path: Path, images: Path, lines: Sequence[_Line], folds: int | None) -> PairList:
    place_of: dict[Path, int] = {}
    names: list[tuple[str, ...]] = []
    groups: list[str] = []
    sides: list[list[int]] = [[], []]
    for line in lines:
        for side in (0, 1):
            picture = _find(path, line.number, images, line.pictures[side], is_lfw=line.people is not None)
            if picture not in place_of:
                place_of[picture] = len(names)
                names.append((line.people[side],) if line.people else Path(line.pictures[side]).parts[:-1])
                groups.append(line.people[side] if line.people else str(picture.parent))
            sides[side].append(place_of[picture])
    first, second = (np.array(side, np.int32) for side in sides)
    same = np.array([line.same for line in lines])
    person = _number_people(groups, first, second, same)
    return PairList(tuple(place_of), tuple(names), person, first, second, same, folds)


def _find(path: Path, number: int, images: Path, picture: str, *, is_lfw: bool) -> Path:
    candidates = [images / f"{picture}{suffix}" for suffix in _SUFFIXES] if is_lfw else [images / picture]
    for candidate in candidates:
        if candidate.is_file():
            return candidate
    raise InputError(f"{path}:{number}: {candidates[0]} is not there; name the folder of the pictures with --images")


def _number_people(
    groups: Sequence[str], first: NDArray[np.int32], second: NDArray[np.int32], same: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Whom each picture shows: pictures that a pair says are of one person, and those of one group.

    A group is what the list names, or a folder; folders tell nothing where two of different people share one.
    """
    parent = np.arange(len(groups))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = int(parent[place])
        return place

    for one, two in zip(first[same], second[same], strict=True):
        parent[root(int(one))] = root(int(two))
    if not any(groups[one] == groups[two] for one, two in zip(first[~same], second[~same], strict=True)):
        leader: dict[str, int] = {}
        for place, group in enumerate(groups):
            parent[root(place)] = root(leader.setdefault(group, place))
    roots = np.array([root(place) for place in range(len(groups))])
    return np.unique(roots, return_inverse=True)[1].astype(np.int32)
