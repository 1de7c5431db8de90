"""Events of a box on their way to the database of all boxes: stored here first, forwarded in order, each exactly once.

What was committed there and not yet noted here is sent again, and the key (box, time, number) keeps it one event.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from twinface.errors import ArtefactError
from twinface.events.event import Event, Kind, LookRecord, Subject, TrackKey
from twinface.events.event_queries import COLUMNS, to_row
from twinface.events.look_queries import read_sound_looks
from twinface.events.outbox import Backlog, Outbox, read_backlogs
from twinface.postgres.tables import Connection, as_halfvec
from twinface.sharing.face_search import index_looks
from twinface.sharing.link import WHILE_NOTHING_IS_ERASED

log = logging.getLogger(__name__)

CONSUMER = "database"
"""The name of its cursor in the store of a box."""

AT_ONCE = 500
"""Events in one transaction."""

_DAY_NS = 86_400 * 10**9
_EVENT = (
    f"INSERT INTO events (box, sequence, {', '.join(COLUMNS)}) "  # noqa: S608 — names of columns
    f"VALUES (%s, %s, {', '.join(['%s'] * len(COLUMNS))}) ON CONFLICT DO NOTHING"
)
_LOOK = """
    INSERT INTO looks (box, camera, stream, track, crop, at_ns, network, vector, search, quality, state, name, score,
                       enrolled_as)
    VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_NOTE = """
    INSERT INTO forwarded AS before (box, through, events, passed_over) VALUES (%s, %s, %s, %s)
    ON CONFLICT (box) DO UPDATE SET through = excluded.through, events = before.events + excluded.events,
        passed_over = before.passed_over + excluded.passed_over, at = now()
"""
_THROUGH = "SELECT through FROM forwarded WHERE box = %s"


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What one turn did: `events` that are new there, `refused` ones that no database takes, `looks_refused`, which are
    damaged here or not taken either, the `tracks` that ended, and whether there is `more`.
    """

    events: int = 0
    refused: int = 0
    looks_refused: int = 0
    tracks: tuple[TrackKey, ...] = ()
    more: bool = False


class Forwarder:
    """Takes the events of the store at `path` over, of a box with an id of its own. One at a time for a store.

    `forwarded`, `refused` and `looks_refused` count them; what is refused stays at this box. It begins with the oldest
    event that is kept. Methods raise ArtefactError where the store cannot be read, and psycopg.Error; they may be
    called again after that.
    """

    def __init__(self, path: Path, box: str) -> None:
        self._path, self._box = path, box
        self._outbox = Outbox(path, CONSUMER, from_oldest=True)
        self.forwarded = self.refused = self.looks_refused = 0

    @property
    def backlog(self) -> Backlog:
        """Events that the database does not have yet, and those that it will never have: erased here before."""
        return self._outbox.backlog()

    @property
    def counts(self) -> dict[str, int]:
        """What became of events and looks, by the names of its meters; also for another thread."""
        backlog = Backlog(0, 0)
        with suppress(ArtefactError):  # the matcher says what is wrong with its store
            backlog = read_backlogs(self._path).get(CONSUMER, backlog)
        return {
            "events_waiting": backlog.waiting,
            "events_passed_over": backlog.passed_over,
            "events_forwarded": self.forwarded,
            "events_refused": self.refused,
            "looks_refused": self.looks_refused,
        }

    def turn(self, connection: Connection) -> bool:
        """As a part of the link: forward the next events; whether there are more."""
        done = self.forward(connection)
        self.forwarded += done.events
        self.refused += done.refused
        self.looks_refused += done.looks_refused
        return done.more

    def forward(self, connection: Connection) -> Forwarded:
        """Forward the next events, with the looks of tracks that ended, in one transaction."""
        from psycopg import DataError

        if not self.backlog.waiting:
            return Forwarded()
        try:
            return self._forward(connection, AT_ONCE)
        except DataError:
            return self._forward(connection, AT_ONCE, one_by_one=True)

    def close(self) -> None:
        """Let go of the store."""
        self._outbox.close()

    def _forward(self, connection: Connection, limit: int, *, one_by_one: bool = False) -> Forwarded:
        with connection.transaction():
            # Read under the lock: what is erased here before that is not read, what is erased after it waits there.
            connection.execute(WHILE_NOTHING_IS_ERASED)
            row = connection.execute(_THROUGH, [self._box]).fetchone()
            # A database that is restored from a backup, or a new one, has less than this box has sent.
            self._outbox.rewind(row[0] if row else 0)
            events = self._outbox.pending(limit)
            if not events:
                through = self._outbox.acknowledged()
                connection.execute(_NOTE, [self._box, through, 0, max(0, through - row[0]) if row else 0])
                return Forwarded()
            ended = tuple(dict.fromkeys(event.key for event in events if event.key and _ends(event)))
            for day in {event.at_ns // _DAY_NS for event in events}:
                connection.execute("SELECT keep_day(%s)", [day])
            looks, damaged = read_sound_looks(self._path, ended)
            if damaged:
                log.warning("looks are damaged, and not forwarded", extra={"looks": damaged})
            for network, dimensions in {(look.network, look.vector.size) for look in looks}:
                index_looks(connection, network, dimensions)
            stored, refused = self._insert(connection, events, one_by_one=one_by_one)
            damaged += self._insert_looks(connection, looks, one_by_one=one_by_one)
            numbers = [event.sequence or 0 for event in events]
            passed_over = _missing(numbers, row[0] if row else self._outbox.acknowledged())
            connection.execute(_NOTE, [self._box, numbers[-1], stored, passed_over])
        self._outbox.acknowledge(numbers[-1])
        return Forwarded(stored, refused, damaged, ended, more=len(events) == limit)

    def _insert(self, connection: Connection, events: Sequence[Event], *, one_by_one: bool) -> tuple[int, int]:
        """How many are new there, and how many no database takes: a text with a zero byte, say."""
        from psycopg import DataError

        rows = [(self._box, event.sequence, *to_row(event)) for event in events]
        with connection.cursor() as cursor:
            if not one_by_one:
                cursor.executemany(_EVENT, rows)
                return cursor.rowcount, 0
            stored = refused = 0
            for row in rows:
                try:
                    with connection.transaction():
                        stored += cursor.execute(_EVENT, row).rowcount
                except DataError as error:
                    refused += 1
                    log.warning("an event cannot be forwarded", extra={"number": row[1], "error": type(error).__name__})
            return stored, refused

    def _insert_looks(self, connection: Connection, looks: Sequence[LookRecord], *, one_by_one: bool) -> int:
        """How many of them no database takes."""
        from psycopg import DataError

        if not one_by_one:
            insert_looks(connection, self._box, looks)
            return 0
        refused = 0
        for look in looks:
            try:
                with connection.transaction():
                    insert_looks(connection, self._box, [look])
            except DataError as error:
                refused += 1
                log.warning("a look cannot be forwarded", extra={"crop": look.crop, "error": type(error).__name__})
        return refused


def insert_looks(connection: Connection, box: str, looks: Sequence[LookRecord]) -> None:
    """Store the looks of a box in the database of all boxes; those that are there stay. Raises psycopg.Error."""
    with connection.cursor() as cursor:
        cursor.executemany(_LOOK, [_look_row(box, look) for look in looks])


def _look_row(box: str, look: LookRecord) -> tuple[Any, ...]:
    search = as_halfvec(look.vector.tolist())
    vector = look.vector.astype("<f4").tobytes()
    row = (*look.key, look.crop, look.at_ns, look.network, vector, search, look.quality, look.state)
    return (box, *row, look.name, look.score, look.enrolled_as)


def _missing(numbers: Sequence[int], through: int) -> int:
    """How many were given after the number `through`, up to the last of `numbers`, and are not there any more."""
    return max(0, numbers[-1] - through - sum(number > through for number in numbers))


def _ends(event: Event) -> bool:
    return (event.subject, event.kind) == (Subject.TRACK, Kind.EXIT)
