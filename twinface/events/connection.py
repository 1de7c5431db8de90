"""Connections to the database of events beside its one writer: to read, and to make a change of one's own."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from twinface.errors import ArtefactError
from twinface.events.tables import VERSION, check_version, migrate

_BUSY_TIMEOUT_S = 5.0
_MOST_CHARACTERS = 200


def is_there(path: Path) -> bool:
    """Whether there is a database yet."""
    return path.exists() and path.stat().st_size > 0


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that writes nothing, also where nothing can be written.

    A file that its writer has begun, and not yet filled, reads as one without events. Raises ArtefactError when the
    file is not ours, damaged or of another version.
    """
    try:
        with closing(_connect_to_read(path)) as connection:
            version = check_version(connection, path)
            if not version:
                with closing(sqlite3.connect(":memory:", isolation_level=None)) as empty:
                    migrate(empty, path)
                    yield empty
                return
            if version < VERSION:
                raise ArtefactError(f"{path}: version {version}, not {VERSION}; `twinface up` brings it up to date")
            yield connection
    except (sqlite3.Error, ValueError) as error:
        raise ArtefactError(
            f"{path}: cannot be read ({_in_one_line(error)}); move it away and a new one is made"
        ) from error


@contextmanager
def changing(path: Path, what: str, *, dry_run: bool = False) -> Iterator[sqlite3.Connection]:
    """One transaction, from any process, also while others read and write: all of it, or nothing; of a dry run nothing.

    Another writer is waited for, five seconds. What is deleted is overwritten, and gone from the log beside the file
    when the block ends. Raises ArtefactError when the file is not ours or cannot be written; it says that `what`
    cannot be done.
    """
    try:
        with closing(sqlite3.connect(path, timeout=_BUSY_TIMEOUT_S, isolation_level=None)) as connection:
            migrate(connection, path)
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("BEGIN IMMEDIATE")
            before = connection.total_changes
            yield connection
            if dry_run:
                connection.execute("ROLLBACK")
                return
            connection.execute("COMMIT")
            if connection.total_changes > before:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.Error as error:
        raise ArtefactError(f"{path}: {what} ({_in_one_line(error)}); try again") from error


def _connect_to_read(path: Path) -> sqlite3.Connection:
    """A connection that writes nothing.

    Reading a WAL needs its index beside it, which SQLite makes where it can. Where it cannot, and there is no WAL, no
    writer is at work and the file can be read as it is.
    """
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=_BUSY_TIMEOUT_S)
    try:
        connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError:
        connection.close()
        if path.with_name(f"{path.name}-wal").exists():
            raise
        connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _in_one_line(error: Exception) -> str:
    """What SQLite says; of a damaged file it shows parts as they are."""
    return "".join(letter if letter.isprintable() else " " for letter in str(error))[:_MOST_CHARACTERS]
