"""The database of events: its tables, and connections beside its one writer, to read and to make a change."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from twinface.errors import ArtefactError

APPLICATION_ID = 0x7477_6576
"""Says in the file itself that it is ours ("twev")."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """
        CREATE TABLE events (
            sequence INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            camera TEXT NOT NULL,
            stream INTEGER NOT NULL,
            track INTEGER,
            name TEXT,
            state TEXT NOT NULL,
            score REAL,
            at_ns INTEGER NOT NULL,
            since_ns INTEGER NOT NULL,
            duration_s REAL NOT NULL,
            media_ms REAL NOT NULL,
            frame INTEGER NOT NULL,
            gallery_version INTEGER NOT NULL,
            head TEXT NOT NULL,
            reason TEXT,
            details TEXT
        )
        """,
        "CREATE INDEX events_by_time ON events (at_ns)",
        "CREATE INDEX events_by_name ON events (name, at_ns) WHERE name IS NOT NULL",
        "CREATE INDEX events_by_track ON events (subject, kind, camera, stream, track, since_ns)",
    ),
    (
        """
        CREATE TABLE looks (
            camera TEXT NOT NULL,
            stream INTEGER NOT NULL,
            track INTEGER NOT NULL,
            crop INTEGER NOT NULL,
            face INTEGER NOT NULL,
            at_ns INTEGER NOT NULL,
            frame INTEGER NOT NULL,
            network TEXT NOT NULL,
            vector BLOB NOT NULL,
            quality REAL NOT NULL,
            state TEXT NOT NULL,
            name TEXT,
            details TEXT NOT NULL,
            enrolled_as TEXT,
            stranger INTEGER,
            PRIMARY KEY (camera, stream, track, crop)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX looks_by_time ON looks (at_ns)",
        "CREATE INDEX looks_by_stranger ON looks (stranger, at_ns) WHERE stranger IS NOT NULL",
        "CREATE TABLE strangers (number INTEGER PRIMARY KEY AUTOINCREMENT, network TEXT NOT NULL)",
    ),
    (
        "ALTER TABLE events ADD COLUMN stored_ns INTEGER",
        "ALTER TABLE looks ADD COLUMN stored_ns INTEGER",
        "DROP INDEX looks_by_time",
        "CREATE INDEX looks_by_age ON looks (ifnull(stored_ns, at_ns))",
        "CREATE TABLE age_clock (one INTEGER PRIMARY KEY CHECK (one = 1), state TEXT NOT NULL)",
    ),
    (
        "DROP INDEX looks_by_stranger",
        "CREATE INDEX looks_by_stranger ON looks (stranger, ifnull(stored_ns, at_ns)) WHERE stranger IS NOT NULL",
    ),
    (
        """
        CREATE TABLE look_pictures (
            camera TEXT NOT NULL,
            stream INTEGER NOT NULL,
            track INTEGER NOT NULL,
            crop INTEGER NOT NULL,
            stored_ns INTEGER NOT NULL,
            jpeg BLOB NOT NULL,
            PRIMARY KEY (camera, stream, track, crop)
        )
        """,
        "CREATE INDEX look_pictures_by_age ON look_pictures (stored_ns)",
        """
        CREATE TRIGGER looks_take_their_pictures AFTER DELETE ON looks BEGIN
            DELETE FROM look_pictures
            WHERE camera = OLD.camera AND stream = OLD.stream AND track = OLD.track AND crop = OLD.crop;
        END
        """,
    ),
    (
        """
        CREATE TABLE consumers (
            name TEXT PRIMARY KEY,
            acknowledged INTEGER NOT NULL,
            passed_over INTEGER NOT NULL
        ) WITHOUT ROWID
        """,
    ),
    (
        """
        CREATE TABLE deliveries (
            target TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            state TEXT NOT NULL,
            attempts INTEGER NOT NULL,
            tried_ns INTEGER NOT NULL,
            due_ns INTEGER NOT NULL,
            error TEXT NOT NULL,
            PRIMARY KEY (target, sequence)
        ) WITHOUT ROWID
        """,
        "CREATE INDEX deliveries_by_event ON deliveries (sequence)",
        """
        CREATE TRIGGER events_take_their_deliveries AFTER DELETE ON events BEGIN
            DELETE FROM deliveries WHERE sequence = OLD.sequence;
        END
        """,
    ),
    (
        "ALTER TABLE strangers ADD COLUMN shared INTEGER NOT NULL DEFAULT 0",
        "ALTER TABLE strangers ADD COLUMN was INTEGER",
    ),
)
"""Statements that lead from one version (its index) to the next. Only ever added to."""

STORED_NS = "ifnull(stored_ns, at_ns)"
"""When a row was stored, by the age clock; of one of an earlier version the wall clock is all there is."""

VERSION = len(MIGRATIONS)

_BUSY_TIMEOUT_S = 5.0
_MOST_CHARACTERS = 200

# In the database, unknown visitors are called strangers: a name is no reason to rewrite every file.
ERASE_EMPTY_UNKNOWNS = """
    DELETE FROM strangers WHERE NOT EXISTS (SELECT 1 FROM looks WHERE stranger = number)
"""


def check_version(connection: sqlite3.Connection, path: Path, newest: int = VERSION) -> int:
    """The version of a database, 0 of an empty one; ArtefactError when it is not ours or newer than `newest`."""
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if application != APPLICATION_ID and (application or version or tables):
        raise ArtefactError(f"{path}: a database of another program; name another file in [events] path")
    if version > newest:
        raise ArtefactError(f"{path}: version {version}, this twinface knows {newest}; update twinface")
    return version


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> None:
    """Bring a database to the newest version, all or nothing. The connection is in autocommit mode.

    Raises ArtefactError as `check_version` does, and sqlite3.Error.
    """
    version = check_version(connection, path, len(migrations))
    if version == len(migrations):
        return
    if not version:
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = check_version(connection, path, len(migrations))  # another process may have been quicker
        for statements in migrations[version:]:
            for statement in statements:
                connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {len(migrations)}")
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def is_there(path: Path) -> bool:
    """Whether there is a database yet."""
    return path.exists() and path.stat().st_size > 0


def is_in_place(path: Path, inode: int) -> bool:
    """Whether the file at a path is still the one that was opened; somebody may have moved it away."""
    try:
        return path.stat().st_ino == inode
    except FileNotFoundError:
        return False


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
