"""Events on their way to somebody else: each consumer has a cursor in the database, and nothing is passed over unseen.

At least once: what was handed out and not acknowledged is handed out again, to the next process of that name too, with
the same number. Retention and `forget` wait for no consumer; what they erase first is counted as passed over.
"""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from twinface.errors import ArtefactError
from twinface.events.database import is_in_place, is_there, migrate, reading
from twinface.events.event import Event
from twinface.events.event_queries import SELECT, readable

_BUSY_TIMEOUT_S = 2.0
_PENDING = f"{SELECT} WHERE sequence > ? ORDER BY sequence LIMIT ?"
_NEWEST = "ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'events'), 0)"
_OLDEST = f"ifnull((SELECT min(sequence) - 1 FROM events), {_NEWEST})"  # noqa: S608
_REGISTER = f"INSERT OR IGNORE INTO consumers VALUES (?, {_NEWEST}, 0)"  # noqa: S608 — nothing that a user says
_REGISTER_FROM_OLDEST = f"INSERT OR IGNORE INTO consumers VALUES (?, {_OLDEST}, 0)"  # noqa: S608
_CURSOR = f"SELECT acknowledged, {_NEWEST} FROM consumers WHERE name = ?"  # noqa: S608
_BACKLOG = f"SELECT {_NEWEST} - acknowledged, passed_over FROM consumers WHERE name = ?"  # noqa: S608
_BACKLOGS = f"SELECT name, {_NEWEST} - acknowledged, passed_over FROM consumers"  # noqa: S608
_REWIND = f"""
    UPDATE consumers SET acknowledged = max(:through, min(acknowledged, {_OLDEST}))
    WHERE name = :name AND acknowledged > max(:through, {_OLDEST})
"""  # noqa: S608
_ADVANCE = """
    UPDATE consumers SET passed_over = passed_over + :through - acknowledged - :handed_out, acknowledged = :through
    WHERE name = :name AND acknowledged < :through
"""

_Result = TypeVar("_Result")


class Backlog(NamedTuple):
    """How many numbers a consumer has not acknowledged, and how many it never saw: erased or damaged before."""

    waiting: int
    passed_over: int


def read_backlogs(path: Path) -> dict[str, Backlog]:
    """The backlog of every consumer of a store, none where there is no store yet. Raises ArtefactError."""
    if not is_there(path):
        return {}
    with reading(path) as connection:
        return {name: Backlog(waiting, passed_over) for name, waiting, passed_over in connection.execute(_BACKLOGS)}


class Outbox:
    """The events of a store for one consumer, which begins with what is stored after its first `Outbox`, or with the
    oldest that is kept then.

    The store is made where there is none. One process at a time for a consumer, which calls from one thread. Methods
    raise ArtefactError where the store is not ours, or cannot be read or written; they may be called again after that.
    """

    def __init__(self, path: Path, consumer: str, *, from_oldest: bool = False) -> None:
        self._path = path
        self._consumer = consumer
        self._register = _REGISTER_FROM_OLDEST if from_oldest else _REGISTER
        self._connection: sqlite3.Connection | None = None
        self._inode = 0
        self._handed_out: list[int] = []
        self.backlog()

    def pending(self, limit: int) -> list[Event]:
        """At most `limit` of the events that are not acknowledged, the oldest first: those that were handed out before
        and not acknowledged once more.
        """
        return self._use(lambda connection: self._pending(connection, limit))

    def acknowledge(self, through: int) -> None:
        """Never hand out again what has the number `through` or a lower one; only what was handed out."""
        self._use(lambda connection: self._acknowledge(connection, through))

    def acknowledged(self) -> int:
        """The number that was acknowledged last; before that, the one before the first that the consumer gets."""
        return self._use(lambda connection: int(connection.execute(_CURSOR, [self._consumer]).fetchone()[0]))

    def rewind(self, through: int) -> bool:
        """Hand out again what follows the number `through`, as far as it is kept; whether that is anything new."""
        values = {"name": self._consumer, "through": through}
        return self._use(lambda connection: connection.execute(_REWIND, values).rowcount > 0)

    def backlog(self) -> Backlog:
        """What waits, and what was passed over since the consumer began."""
        return self._use(lambda connection: Backlog(*connection.execute(_BACKLOG, [self._consumer]).fetchone()))

    def close(self) -> None:
        """Let go of the store."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _pending(self, connection: sqlite3.Connection, limit: int) -> list[Event]:
        # Both of one state of the store: a number that was given and has no row was erased, and is not on its way.
        connection.execute("BEGIN")
        try:
            acknowledged, newest = connection.execute(_CURSOR, [self._consumer]).fetchone()
            rows = connection.execute(_PENDING, [acknowledged, limit]).fetchall()
        finally:
            connection.execute("COMMIT")
        events = readable(rows)
        self._handed_out = [event.sequence for event in events if event.sequence is not None]
        if not events and newest > acknowledged:
            self._advance(connection, rows[-1][-1] if rows else newest, handed_out=0)
            return self._pending(connection, limit) if rows else []
        return events

    def _acknowledge(self, connection: sqlite3.Connection, through: int) -> None:
        if done := [number for number in self._handed_out if number <= through]:
            self._advance(connection, done[-1], handed_out=len(done))
            self._handed_out = self._handed_out[len(done) :]

    def _advance(self, connection: sqlite3.Connection, through: int, *, handed_out: int) -> None:
        connection.execute(_ADVANCE, {"name": self._consumer, "through": through, "handed_out": handed_out})

    def _use(self, work: Callable[[sqlite3.Connection], _Result]) -> _Result:
        try:
            return work(self._open())
        except (sqlite3.Error, OSError) as error:
            self.close()
            raise ArtefactError(f"{self._path}: events cannot be passed on ({error}); it is tried again") from error

    def _open(self) -> sqlite3.Connection:
        """The store, opened again where another file has taken its place."""
        if self._connection is not None and is_in_place(self._path, self._inode):
            return self._connection
        self.close()
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        if (inode := self._path.stat().st_ino) != self._inode:
            self._inode, self._handed_out = inode, []  # numbers of one store say nothing in another
        connection = sqlite3.connect(self._path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False)
        try:
            migrate(connection, self._path)
            connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may have something handed out once more
            connection.execute(self._register, [self._consumer])
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        return connection
