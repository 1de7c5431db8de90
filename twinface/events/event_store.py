"""The database of events as its one writer has it.

WAL, so that readers never wait for the writer nor it for them. `synchronous` is FULL: a commit is on the disk before
anybody can read its numbers, so that after a power cut no number is given a second time to something else. What is
deleted is overwritten (`secure_delete`), because it may be names.
"""

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

from twinface.errors import ArtefactError
from twinface.events.age_clock import AgeClock
from twinface.events.database import is_in_place, is_there, migrate, reading
from twinface.events.event import Event, LookRecord, Past, TrackKey
from twinface.events.event_queries import INSERT, SELECT, newest_of, readable, to_row
from twinface.events.kept_pictures import let_go_of_pictures
from twinface.events.look_queries import insert_looks
from twinface.events.retention import (
    LetGo,
    let_go,
    make_shrinkable,
    read_age_clock,
    used_bytes,
    write_age_clock,
)
from twinface.locks import open_locked

_BUSY_TIMEOUT_S = 2.0
_MAX_WAL_BYTES = 4 << 20
_REMEMBERED_EXITS = 4096

_OPEN_TRACKS = """
    SELECT camera, stream, track, since_ns FROM events WHERE subject = 'track' AND kind = 'enter' EXCEPT
    SELECT camera, stream, track, since_ns FROM events WHERE subject = 'track' AND kind = 'exit'
"""
_OPEN_VISITS = """
    SELECT camera, name, since_ns FROM events WHERE subject = 'person' AND kind = 'enter' EXCEPT
    SELECT camera, name, since_ns FROM events WHERE subject = 'person' AND kind = 'exit'
"""
_STILL_OPEN = f"""
    {SELECT} WHERE subject = 'track' AND (camera, stream, track, since_ns) IN ({_OPEN_TRACKS})
                OR subject = 'person' AND (camera, name, since_ns) IN ({_OPEN_VISITS}) ORDER BY sequence
"""
_LAST_SIGHTING = f"{SELECT} WHERE camera = ? AND name = ? ORDER BY sequence DESC LIMIT 1"
_LAST_STREAMS = """
    SELECT camera, stream FROM events WHERE sequence IN (SELECT max(sequence) FROM events GROUP BY camera)
    ORDER BY camera
"""


class EventStore:
    """Opened for writing, as a context manager; made, or brought to this version, where need be. One at a time.

    May be used by one thread after another. Raises ArtefactError when another process writes, or the file is not ours,
    and, as all its methods do, sqlite3.Error and OSError.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _lock(path)
        try:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._inode = path.stat().st_ino
            self._connection = sqlite3.connect(
                path, timeout=_BUSY_TIMEOUT_S, isolation_level=None, check_same_thread=False
            )
        except BaseException:
            os.close(self._lock)
            raise
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def is_in_place(self) -> bool:
        """Whether the file is still the one that was opened; somebody may have moved it away."""
        return is_in_place(self.path, self._inode)

    def append(
        self,
        events: Sequence[Event],
        looks: Sequence[LookRecord] = (),
        *,
        clock: AgeClock | None = None,
        looks_per_track: int = 8,
    ) -> None:
        """Store events, which get the next numbers in their order, and looks, all or none, as of the age `clock`.

        A look that is there already stays as it is. Of a track the newest look is kept and the best of the others.
        Without a clock what is stored is as old as its wall clock says.
        """
        stored_ns = None if clock is None else clock.ran_ns
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.executemany(INSERT, ((*to_row(event), stored_ns) for event in events))
            insert_looks(self._connection, looks, looks_per_track, stored_ns)
            if clock is not None:
                write_age_clock(self._connection, clock)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def age_clock(self, wall_ns: int) -> AgeClock:
        """The age clock, begun after what was stored last; a new one with `wall_ns`, or the newest event if earlier."""
        stored = read_age_clock(self._connection)
        if stored is not None:
            began_ns = stored.ran_ns + 1  # so that what was stored before has an earlier stamp
            return replace(stored, ran_ns=began_ns, started_ns=began_ns)
        newest = self._connection.execute("SELECT at_ns FROM events ORDER BY sequence DESC LIMIT 1").fetchone()
        return AgeClock.begun(min(wall_ns, newest[0]) if newest else wall_ns)

    def newest(self) -> int:
        """The number that was given last, 0 when there was none."""
        return newest_of(self._connection)

    def past(self) -> Past:
        """What the writer before this one left."""
        streams = self._connection.execute(_LAST_STREAMS)
        ended = self._connection.execute(
            "SELECT camera, stream, track FROM events WHERE subject = 'track' AND kind = 'exit' "
            "ORDER BY sequence DESC LIMIT ?",
            (_REMEMBERED_EXITS,),
        )
        sightings = [
            self._connection.execute(_LAST_SIGHTING, (camera, name)).fetchone()
            for camera, name, _ in self._connection.execute(_OPEN_VISITS).fetchall()
        ]
        return Past(
            tuple(readable(self._connection.execute(_STILL_OPEN))),
            tuple(readable(sightings)),
            tuple((camera, stream) for camera, stream in streams),
            frozenset(TrackKey(*row) for row in ended),
        )

    def let_go(self, before_ns: int, max_bytes: int) -> LetGo:
        """Forget what is too old or too much, a part at a time: `retention.let_go`."""
        return let_go(self._connection, before_ns, max_bytes)

    def let_go_of_pictures(self, before_ns: int | None) -> int:
        """Forget the pictures of looks that are too old: `kept_pictures.let_go_of_pictures`."""
        return let_go_of_pictures(self._connection, before_ns)

    def make_shrinkable(self) -> bool:
        """Have the file shrink when something is forgotten: `retention.make_shrinkable`."""
        return make_shrinkable(self._connection)

    @property
    def used_bytes(self) -> int:
        """How much of the file holds anything."""
        return used_bytes(self._connection)

    def close(self) -> None:
        """Let go of file and lock."""
        try:
            self._connection.close()
        finally:
            os.close(self._lock)

    def _prepare(self) -> None:
        # The version first: the file of another program is not even switched to WAL.
        migrate(self._connection, self.path)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA secure_delete = ON")
        self._connection.execute(f"PRAGMA journal_size_limit = {_MAX_WAL_BYTES}")


def read_unfinished(path: Path) -> tuple[list[Event], int]:
    """The events of tracks and visits that have not ended, in their order, and the number that was given last.

    Nothing, and 0, where there is no store yet. Raises ArtefactError as `read_events` does.
    """
    if not is_there(path):
        return [], 0
    with reading(path) as connection:
        connection.execute("BEGIN")
        return readable(connection.execute(_STILL_OPEN)), newest_of(connection)


def _lock(path: Path) -> int:
    """A lock of its own file: a descriptor of the database itself would take SQLite's locks along when it is closed."""
    try:
        return open_locked(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, wait_s=0.0)
    except BlockingIOError as error:
        raise ArtefactError(f"{path}: another matcher writes there; name another file in [events] path") from error
