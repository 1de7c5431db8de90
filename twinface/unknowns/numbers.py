"""Numbers of unknown visitors where boxes share them: which are this box's alone, and how they become everybody's."""

import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinface.events.database import changing, is_there, reading
from twinface.types import Vectors
from twinface.unknowns.unknowns import newest_looks

_ALONE = "SELECT number, network FROM strangers WHERE NOT shared ORDER BY number"
_SHARED = "SELECT number FROM strangers WHERE shared ORDER BY number"
_MOVE_LOOKS = "UPDATE looks SET stranger = ? WHERE stranger = ?"
_NEW = "INSERT OR IGNORE INTO strangers (number, network, shared, was) VALUES (?, ?, ?, ?)"


@dataclass(frozen=True, slots=True, eq=False)
class Alone:
    """A visitor whose number only this box knows, with the vectors (n, d) of the newest looks and their cameras."""

    number: int
    network: str
    vectors: Vectors
    cameras: Sequence[str]


def unknowns_alone(path: Path) -> list[Alone]:
    """Visitors whom no other box knows by their number. Raises ArtefactError as `reading`."""
    if not is_there(path):
        return []
    with reading(path) as connection:
        found = [(number, network, newest_looks(connection, number)) for number, network in connection.execute(_ALONE)]
    return [Alone(number, network, *looks) for number, network, looks in found if looks is not None]


def shared_numbers(path: Path) -> list[int]:
    """The numbers here that are those of all boxes. Raises ArtefactError as `reading`."""
    if not is_there(path):
        return []
    with reading(path) as connection:
        return [number for (number,) in connection.execute(_SHARED)]


def share_numbers(path: Path, numbers: Mapping[int, int]) -> None:
    """Give visitors of this box the number that they have at all boxes, each by the one it had; two that turn out to be
    one person become one. Who has such a number here by chance gets a new one first. Raises ArtefactError.
    """
    with changing(path, "unknown visitors cannot be numbered as at the other boxes") as connection:
        taken = connection.execute("SELECT number, network FROM strangers WHERE NOT shared").fetchall()
        targets, networks = set(numbers.values()), dict(taken)
        for number, network in taken:
            if number in targets and number not in numbers:
                _move(connection, number, _free_number(connection, targets), network, shared=False)
        # By numbers that nobody has: one may be given what another still has.
        for number in numbers:
            connection.execute(_MOVE_LOOKS, [-number, number])
            connection.execute("DELETE FROM strangers WHERE number = ? AND NOT shared", [number])
        for number, shared in numbers.items():
            if number in networks:
                connection.execute(_NEW, [shared, networks[number], True, None if shared == number else number])
                connection.execute(_MOVE_LOOKS, [shared, -number])


def unshare_numbers(path: Path, numbers: Collection[int]) -> None:
    """Take numbers for this box's alone again: the database does not know them, as after an old backup."""
    with changing(path, "unknown visitors cannot be numbered again") as connection:
        connection.executemany("UPDATE strangers SET shared = 0 WHERE number = ?", [[number] for number in numbers])


def _move(connection: sqlite3.Connection, number: int, to: int, network: str, *, shared: bool) -> None:
    connection.execute(_NEW, [to, network, shared, number])
    connection.execute(_MOVE_LOOKS, [to, number])
    connection.execute("DELETE FROM strangers WHERE number = ?", [number])


def _free_number(connection: sqlite3.Connection, targets: Collection[int]) -> int:
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'strangers'").fetchone()
    return int(max(row[0] if row else 0, *targets)) + 1
