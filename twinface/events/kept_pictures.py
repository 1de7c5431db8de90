"""Pictures of looks that are kept beside them, in a table of their own; a look that goes takes its picture along."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path

from twinface.events.database import is_there, reading
from twinface.events.event import LookRecord, TrackKey

_INSERT = "INSERT OR IGNORE INTO look_pictures VALUES (?, ?, ?, ?, ?, ?)"
_READ = "SELECT jpeg FROM look_pictures WHERE camera = ? AND stream = ? AND track = ? AND crop = ?"
_HAS_ONE = "SELECT 1 FROM look_pictures WHERE camera = ? AND stream = ? AND track = ? LIMIT 1"


def insert_picture(connection: sqlite3.Connection, look: LookRecord, stored_ns: int | None) -> None:
    """Keep the picture of a look that is stored, where it has one."""
    if look.picture is not None:
        at_ns = look.at_ns if stored_ns is None else stored_ns
        connection.execute(_INSERT, (*look.key, look.crop, at_ns, look.picture))


def let_go_of_pictures(connection: sqlite3.Connection, before_ns: int | None) -> int:
    """Erase the pictures that were stored before `before_ns` of the age clock, all of them for None; how many."""
    if before_ns is None:
        return connection.execute("DELETE FROM look_pictures").rowcount
    return connection.execute("DELETE FROM look_pictures WHERE stored_ns < ?", [before_ns]).rowcount


def read_picture(path: Path, key: TrackKey, crop: int) -> bytes | None:
    """The JPEG of a look, None where none is kept. Raises ArtefactError as `read_events` does."""
    if not is_there(path):
        return None
    with reading(path) as connection:
        row = connection.execute(_READ, (*key, crop)).fetchone()
    return row[0] if row and isinstance(row[0], bytes) else None


def pictured_tracks(path: Path, keys: Iterable[TrackKey]) -> set[TrackKey]:
    """Of which tracks a picture is kept. Raises ArtefactError as `read_events` does."""
    if not is_there(path):
        return set()
    with reading(path) as connection:
        return {key for key in keys if connection.execute(_HAS_ONE, key).fetchone()}


def count_pictures(path: Path) -> int:
    """How many are kept. Raises ArtefactError as `read_events` does."""
    if not is_there(path):
        return 0
    with reading(path) as connection:
        return int(connection.execute("SELECT count(*) FROM look_pictures").fetchone()[0])
