"""What was made of looks, to be put back: whom they were enrolled as and which unknown visitor they show."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from twinface.errors import InputError
from twinface.events.database import ERASE_EMPTY_UNKNOWNS, changing, is_there, reading
from twinface.events.event import TrackKey

_OF_TRACK = "camera = ? AND stream = ? AND track = ?"
_OF_LOOK = f"{_OF_TRACK} AND crop = ?"
_SELECT = "SELECT camera, stream, track, crop, enrolled_as, stranger FROM looks"
_UPDATE = f"UPDATE looks SET enrolled_as = ?, stranger = ? WHERE {_OF_LOOK}"  # noqa: S608 — no word of a user


class Mark(NamedTuple):
    """A look, and what was made of it."""

    camera: str
    stream: int
    track: int
    crop: int
    enrolled_as: str | None
    unknown: int | None

    @property
    def look(self) -> tuple[str, int, int, int]:
        """Which look it is."""
        return self[:4]


class Marks(NamedTuple):
    """What was made of some looks, and the unknown visitors among them: their numbers and networks."""

    looks: tuple[Mark, ...] = ()
    unknowns: tuple[tuple[int, str], ...] = ()


def to_mark(row: Sequence[object]) -> Mark:
    """A row of six columns as a mark. Raises ValueError where it is none: a column of SQLite takes any type."""
    types = (str, int, int, int, str | None, int | None)
    if len(row) != len(types) or not all(isinstance(value, kind) for value, kind in zip(row, types, strict=True)):
        raise ValueError("marks of a look that are none")
    return Mark._make(row)


def read_marks(path: Path, tracks: Iterable[TrackKey], unknowns: Iterable[int] = ()) -> Marks:
    """Of the looks of tracks, and of those of unknown visitors. Raises ArtefactError as `reading`."""
    tracks, unknowns = tuple(tracks), tuple(unknowns)
    if not (tracks or unknowns) or not is_there(path):
        return Marks()
    found: dict[tuple[str, int, int, int], Mark] = {}
    with reading(path) as connection:
        rows = [
            row
            for key in tracks
            for row in connection.execute(f"{_SELECT} WHERE camera = ? AND stream = ? AND track = ?", key)
        ]
        rows += [row for one in unknowns for row in connection.execute(f"{_SELECT} WHERE stranger = ?", [one])]
        for mark in map(to_mark, rows):
            found[mark.look] = mark
        numbers = sorted({mark.unknown for mark in found.values() if mark.unknown is not None})
        known = [
            row
            for one in numbers
            for row in connection.execute("SELECT number, network FROM strangers WHERE number = ?", [one])
        ]
    return Marks(tuple(found[look] for look in sorted(found)), tuple(known))


def put_back_marks(path: Path, before: Marks, after: Marks) -> None:
    """Have marks be as `before` again, where they are as `after` still, or as before already.

    Looks that were forgotten meanwhile stay so. Raises InputError where others were made of any since, and nothing is
    changed; ArtefactError as `changing`.
    """
    if before == after or not is_there(path):
        return
    made = {mark.look: mark for mark in after.looks}
    with changing(path, "marks cannot be put back") as connection:
        for mark in before.looks:
            row = connection.execute(f"{_SELECT} WHERE {_OF_LOOK}", mark.look).fetchone()
            if row is None or to_mark(row) == mark:
                continue
            if to_mark(row) != made.get(mark.look):
                raise InputError(f"{TrackKey(*mark.look[:3])} was enrolled, or put together with others, since")
            connection.execute(_UPDATE, [mark.enrolled_as, mark.unknown, *mark.look])
        connection.executemany("INSERT OR IGNORE INTO strangers (number, network) VALUES (?, ?)", before.unknowns)
        connection.execute(ERASE_EMPTY_UNKNOWNS)
