"""What a box keeps no longer goes from the database of all boxes too, by its own `[events] keep_days`.

The database's clock says what is old: a box whose clock is wrong erases nothing early. What goes at a box because its
disk is small stays in the database.
"""

import time
from collections.abc import Callable

from twinface.postgres.tables import Connection

EVERY_S = 600.0
_AT_ONCE = 5000
_DAY_NS = 86_400 * 10**9
_BEFORE = "SELECT (extract(epoch FROM clock_timestamp()) * 1e9)::bigint - %s"
_OLD = (
    """DELETE FROM events AS one USING (
        SELECT at_ns, sequence FROM events WHERE box = %(box)s AND at_ns < %(before)s ORDER BY at_ns LIMIT %(most)s
    ) AS old WHERE one.box = %(box)s AND one.at_ns = old.at_ns AND one.sequence = old.sequence""",
    """DELETE FROM looks AS one USING (
        SELECT camera, stream, track, crop FROM looks WHERE box = %(box)s AND at_ns < %(before)s LIMIT %(most)s
    ) AS old WHERE one.box = %(box)s AND one.camera = old.camera AND one.stream = old.stream
        AND one.track = old.track AND one.crop = old.crop""",
)


class LettingGo:
    """A part of the link: erases what a box has forwarded and is older than `keep_days`, some at a time."""

    def __init__(self, box: str, keep_days: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._box, self._keep_ns, self._clock = box, int(keep_days * _DAY_NS), clock
        self._due_s = float("-inf")

    def turn(self, connection: Connection) -> bool:
        """Erase some of it, where it is time to; whether there is more."""
        if self._clock() < self._due_s:
            return False
        row = connection.execute(_BEFORE, [self._keep_ns]).fetchone()
        before_ns = int(row[0]) if row else 0
        values = {"box": self._box, "before": before_ns, "most": _AT_ONCE}
        erased = [connection.execute(statement.encode(), values).rowcount for statement in _OLD]
        if max(erased) == _AT_ONCE:
            return True
        connection.execute("SELECT drop_empty_days(%s)", [before_ns // _DAY_NS])
        self._due_s = self._clock() + EVERY_S
        return False
