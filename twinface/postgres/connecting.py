"""A connection to the database that boxes share, and what keeps one from being made, in words."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from twinface.errors import DatabaseError, MissingExtraError
from twinface.placeholders import fill_in_url
from twinface.text import mask_address

if TYPE_CHECKING:
    import psycopg

OLDEST_SERVER = 15
OLDEST_VECTOR = (0, 7)

_CONNECT_WITHIN_S = 4
_CUT_AFTER_MS = 5000
"""A link over which nothing comes back for so long is taken for cut."""


def connect(url: str, who: str) -> "psycopg.Connection[tuple[object, ...]]":
    """A connection of its own, each statement a transaction of its own; `who` is what the administrator sees.

    Raises DatabaseError where there is none, InputError where a placeholder stands for nothing, MissingExtraError.
    """
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtraError("[database] needs psycopg; pip install 'twinface[postgres]'") from error
    filled = fill_in_url(url)
    with errors_of(url):
        try:
            return psycopg.connect(
                filled,
                autocommit=True,
                application_name=who,
                connect_timeout=_CONNECT_WITHIN_S,
                keepalives_idle=2,
                keepalives_interval=1,
                keepalives_count=3,
                tcp_user_timeout=_CUT_AFTER_MS,
            )
        except psycopg.ProgrammingError as error:  # an address that libpq cannot read
            raise DatabaseError(
                f"[database] url {mask_address(url)!r} is no address of PostgreSQL: {_line(error)}"
            ) from error


def check_server(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    """Raise DatabaseError where the server is too old, or has no pgvector that is new enough."""
    version = connection.info.server_version // 10_000
    if version < OLDEST_SERVER:
        raise DatabaseError(
            f"the database is PostgreSQL {version}, and this takes {OLDEST_SERVER} or later; upgrade it"
        )
    row = connection.execute("SELECT extversion FROM pg_extension WHERE extname = 'vector'").fetchone()
    mend = f"""its administrator runs: psql --dbname={connection.info.dbname} --command='{{}} EXTENSION vector{{}}'"""
    if row is None:
        raise DatabaseError("the database has no pgvector; " + mend.format("CREATE", ""))
    if tuple(map(int, re.findall(r"\d+", str(row[0]))[:2])) < OLDEST_VECTOR:
        least = ".".join(map(str, OLDEST_VECTOR))
        raise DatabaseError(
            f"the database has pgvector {row[0]}, and this takes {least} or later; " + mend.format("ALTER", " UPDATE")
        )


@contextmanager
def errors_of(url: str) -> Iterator[None]:
    """Whatever goes wrong with the database within, as a DatabaseError of one line, without its password."""
    import psycopg

    try:
        yield
    except psycopg.OperationalError as error:
        raise DatabaseError(f"the database {_place(url)} {_what(error)}") from error
    except psycopg.Error as error:
        raise DatabaseError(f"the database {_place(url)} refuses: {_line(error)}") from error


def _what(error: "psycopg.OperationalError") -> str:
    state = error.sqlstate or ""
    if state.startswith("53"):  # disk_full, out_of_memory, too_many_connections
        return f"is full: {_line(error)}; nothing was stored"
    if state.startswith("57P"):
        return "was stopped; it is tried again"
    return f"cannot be reached: {_line(error)}"


def _place(url: str) -> str:
    """Where the database is, without who asks, or what the place is called in the configuration."""
    return mask_address(url).partition("?")[0].rpartition("@")[2].rpartition("://")[2]


def _line(error: "psycopg.Error") -> str:
    """What the server says, or libpq, in a line; of several addresses that were tried, of the first one."""
    if error.diag.message_primary:
        return error.diag.message_primary
    lines = [line.strip(" \t-") for line in str(error).splitlines() if "Multiple connection attempts" not in line]
    return (lines or [type(error).__name__])[0].removeprefix("connection failed: ").rpartition("FATAL:  ")[2]
