"""The tables, and how a file of an earlier version becomes one of this."""

import sqlite3
from collections.abc import Sequence
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
)
"""Statements that lead from one version (its index) to the next. Only ever added to."""

STORED_NS = "ifnull(stored_ns, at_ns)"
"""When a row was stored, by the age clock; of one of an earlier version the wall clock is all there is."""

VERSION = len(MIGRATIONS)


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
