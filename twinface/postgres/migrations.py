"""The schema of the database, brought to the version of this twinface one numbered file after the other."""

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from twinface.errors import DatabaseError

if TYPE_CHECKING:
    import psycopg

_TABLE = """
    CREATE TABLE IF NOT EXISTS twinface_migrations (
        number integer PRIMARY KEY,
        name text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    )
"""
_FOLDER = files("twinface.postgres") / "migrations"
_ONE_AT_A_TIME = "SELECT pg_advisory_xact_lock(29815, 0)"


@dataclass(frozen=True, slots=True)
class Migration:
    """What leads from the version before to version `number`."""

    number: int
    name: str
    sql: str


def all_migrations() -> list[Migration]:
    """Those of this twinface, in their order."""
    named = [(re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name), file) for file in _FOLDER.iterdir()]
    found = [Migration(int(match[1]), match[2], file.read_text()) for match, file in named if match]
    return sorted(found, key=lambda one: one.number)


def schema_version(connection: "psycopg.Connection[tuple[object, ...]]") -> int:
    """The number of the last migration that was applied; 0 in a database that twinface has not used yet."""
    row = connection.execute("SELECT to_regclass('twinface_migrations') IS NULL").fetchone()
    if row is None or row[0]:
        return 0
    row = connection.execute("SELECT coalesce(max(number), 0) FROM twinface_migrations").fetchone()
    return int(str(row[0])) if row else 0


def migrate(
    connection: "psycopg.Connection[tuple[object, ...]]", migrations: list[Migration] | None = None
) -> list[str]:
    """Apply what is missing, each in a transaction of its own; the names of what was applied.

    One that is stopped in the middle leaves nothing, and is applied whole the next time. Raises DatabaseError where the
    schema is a later twinface's, psycopg.Error as the database does.
    """
    known = all_migrations() if migrations is None else migrations
    newest = known[-1].number
    found = schema_version(connection)
    if found > newest:
        numbers = f"its schema has number {found}, this one knows {newest}"
        raise DatabaseError(f"the database is of a later twinface ({numbers}); update this box")
    applied = []
    for one in [one for one in known if one.number > found]:
        with connection.transaction():
            connection.execute(_ONE_AT_A_TIME)
            connection.execute(_TABLE)
            done = connection.execute("SELECT 1 FROM twinface_migrations WHERE number = %s", [one.number]).fetchone()
            if done is None:
                connection.execute(one.sql.encode())
                connection.execute(
                    "INSERT INTO twinface_migrations (number, name) VALUES (%s, %s)", [one.number, one.name]
                )
                applied.append(one.name)
    return applied
