"""Events of a person erased, from any process, also while others read and write."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from twinface.errors import ArtefactError
from twinface.events.schema import check_version

_BUSY_TIMEOUT_S = 5.0

_FIND = """
    SELECT sequence FROM events WHERE name = :name OR subject = 'track' AND (camera, stream, track) IN
        (SELECT camera, stream, track FROM events WHERE subject = 'track' AND name = :name)
"""
_ERASE = "DELETE FROM events WHERE sequence = ?"
_ERASE_MENTIONS = "UPDATE events SET details = NULL WHERE instr(details, :quoted)"


def forget_person(path: Path, name: str) -> int:
    """Erase the visits of a person and all events of tracks that bore their name; returns how many. 0 without a store.

    Where others' events mention them, as a candidate, what explains these is erased. Numbers are not used again.
    Raises ArtefactError when the file is not ours or cannot be written.
    """
    if not path.exists() or path.stat().st_size == 0:
        return 0
    values = {"name": name, "quoted": json.dumps(name, ensure_ascii=False)}
    try:
        with closing(sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)) as connection:
            check_version(connection, path)
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("BEGIN IMMEDIATE")
            # Found first: while rows are deleted, SQLite would look among those that are left.
            erased = connection.execute(_FIND, values).fetchall()
            connection.executemany(_ERASE, erased)
            mentions = connection.execute(_ERASE_MENTIONS, values).rowcount
            connection.execute("COMMIT")
            if erased or mentions:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise ArtefactError(f"{path}: {name}'s events cannot be erased ({error}); try again") from error
    return len(erased)
