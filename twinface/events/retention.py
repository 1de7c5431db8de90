"""What is let go of: what is too old, and the oldest where the database has become too large.

Events go in the order of their numbers, with the looks that were stored before the first event that stays. Ages are
those of the age clock; no wall clock is asked. All functions take a connection in autocommit mode.
"""

import dataclasses
import json
import logging
import math
import sqlite3
from typing import NamedTuple

from twinface.events.age_clock import AgeClock, Break
from twinface.events.database import ERASE_EMPTY_UNKNOWNS, STORED_NS

log = logging.getLogger(__name__)

_MOST_AT_ONCE = 5000
"""Events in one transaction: other writers wait for it, and the log beside the file has to hold it."""

_ROOM_SHARE = 0.02
"""So much more than has to go goes, so that a full database is not pruned for every event."""

_EVER_NS = 2**63 - 1
_NUMBERS = "SELECT ifnull(min(sequence), 1), ifnull(max(sequence), 0) FROM events"
_FIRST_YOUNG = f"SELECT sequence FROM events WHERE {STORED_NS} >= ? ORDER BY sequence LIMIT 1"  # noqa: S608
_STORED_FIRST = f"SELECT {STORED_NS} FROM events WHERE sequence >= ? ORDER BY sequence LIMIT 1"  # noqa: S608
_ERASE_LOOKS = f"DELETE FROM looks WHERE {STORED_NS} < ?"  # noqa: S608


class LetGo(NamedTuple):
    """How many events were erased, and whether more have to be."""

    events: int
    more: bool


def read_age_clock(connection: sqlite3.Connection) -> AgeClock | None:
    """The age clock as it was stored last; None where there is none, or a damaged one, which is logged."""
    row = connection.execute("SELECT state FROM age_clock").fetchone()
    if row is None:
        return None
    try:
        state = json.loads(row[0])
        breaks = tuple(Break(*one) for one in state.pop("breaks"))
        clock = AgeClock(**state, breaks=breaks)
        numbers = (*state.values(), *(number for one in breaks for number in one))
        if any(type(number) is not int or abs(number) > _EVER_NS for number in numbers):
            raise ValueError("numbers that are none")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        log.warning("the clock of events is damaged, a new one begins", extra={"error": type(error).__name__})
        return None
    return clock


def write_age_clock(connection: sqlite3.Connection, clock: AgeClock) -> None:
    """Store the age clock in place of the one before."""
    connection.execute("INSERT OR REPLACE INTO age_clock VALUES (1, ?)", [json.dumps(dataclasses.asdict(clock))])


def let_go(connection: sqlite3.Connection, before_ns: int, max_bytes: int) -> LetGo:
    """Erase what was stored before `before_ns` of the age clock, and the oldest beyond `max_bytes`; a part at a time.

    The file shrinks by what was erased. Numbers are not used again.
    """
    oldest, newest = connection.execute(_NUMBERS).fetchone()
    young = connection.execute(_FIRST_YOUNG, [before_ns]).fetchone()
    by_age, by_size = young[0] if young else newest + 1, _first_that_fits(connection, oldest, newest, max_bytes)
    first_kept = min(max(by_age, by_size), oldest + _MOST_AT_ONCE)
    if by_size > by_age:
        stored = connection.execute(_STORED_FIRST, [first_kept]).fetchone()
        before_ns = max(before_ns, stored[0] if stored else _EVER_NS)
    connection.execute("BEGIN IMMEDIATE")
    try:
        events = connection.execute("DELETE FROM events WHERE sequence < ?", [first_kept]).rowcount
        looks = connection.execute(_ERASE_LOOKS, [before_ns]).rowcount
        connection.execute(ERASE_EMPTY_UNKNOWNS)
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    if events or looks:
        # As a script, because a single statement would be stepped once, and give back one page.
        connection.executescript("PRAGMA incremental_vacuum")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return LetGo(events, events > 0 and (max(by_age, by_size) > first_kept or used_bytes(connection) > max_bytes))


def make_shrinkable(connection: sqlite3.Connection) -> bool:
    """Have a file of an earlier version give back its free pages from now on; False when it does so already.

    It is written once more as a whole. Raises sqlite3.Error, with nothing changed, where there is no room for that.
    """
    if connection.execute("PRAGMA auto_vacuum").fetchone()[0]:
        return False
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    connection.execute("VACUUM")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return True


def used_bytes(connection: sqlite3.Connection) -> int:
    """How much of the file holds anything."""
    pages, free, page_bytes = (
        connection.execute(f"PRAGMA {what}").fetchone()[0] for what in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * page_bytes)


def _first_that_fits(connection: sqlite3.Connection, oldest: int, newest: int, max_bytes: int) -> int:
    """The first number that may stay, if all events are about as large."""
    used = used_bytes(connection)
    if used <= max_bytes:
        return oldest
    return oldest + math.ceil((newest + 1 - oldest) * min(1.0, 1.0 - max_bytes / used + _ROOM_SHARE))
