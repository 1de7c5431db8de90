"""Beside the storing: what time it is, and that no more is kept than is to be kept."""

import logging
import sqlite3
import time
from collections import deque
from collections.abc import Callable

from twinface.events.age_clock import AgeClock
from twinface.events.event_store import EventStore

log = logging.getLogger(__name__)

_EVERY_S = 60.0
_MEASURED_EVERY_S = 10.0
_GROWTH_OVER_S = 3600.0
_WORTH_SAYING_NS = 86_400 * 10**9


def _running_ns() -> int:
    """Monotonic time, that of a suspended machine included."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)


class Upkeep:
    """Of a store that keeps `keep_days` and `max_mb` (10⁶ bytes) at most, by the clocks `wall_ns` and `mono_ns`;
    pictures of looks `keep_pictures_days`, and none for 0.

    `size_bytes` is how much it holds, `grown_bytes_per_hour` what was added to it lately, whatever was let go of
    meanwhile; `has_more` says that there is more to let go of now. For one thread.
    """

    def __init__(
        self,
        keep_days: float,
        max_mb: float = 500.0,
        *,
        keep_pictures_days: float = 0.0,
        wall_ns: Callable[[], int] = time.time_ns,
        mono_ns: Callable[[], int] = _running_ns,
    ) -> None:
        self.size_bytes, self.grown_bytes_per_hour = 0, 0.0
        self.has_more = True
        self._keep_days = keep_days
        self._keep_pictures_days = keep_pictures_days
        self._max_bytes = int(max_mb * 1e6)
        self._wall_ns, self._mono_ns = wall_ns, mono_ns
        self._clock: AgeClock | None = None
        self._clock_read_ns = 0
        self._done_at_s = 0.0
        self._is_shrinkable = False
        self._let_go_bytes = 0
        self._sizes: deque[tuple[float, int]] = deque()

    @property
    def clock(self) -> AgeClock | None:
        """The age clock as it was read last."""
        return self._clock

    @property
    def clock_jump_s(self) -> float:
        """By how much the wall clock disagrees with the time that the box has run; 0 once that is beyond doubt."""
        return self._clock.doubt_ns / 1e9 if self._clock else 0.0

    def read_clock(self, store: EventStore) -> AgeClock:
        """The age clock now; a jump of the wall clock by a day or more is logged once."""
        wall_ns, mono_ns = self._wall_ns(), self._mono_ns()
        before, passed_ns = self._clock, mono_ns - self._clock_read_ns
        if before is None:
            before, passed_ns = store.age_clock(wall_ns), 0
        clock = self._clock = before.advanced(passed_ns, wall_ns)
        self._clock_read_ns = mono_ns
        if min(abs(clock.jump_ns), abs(clock.jump_ns - before.jump_ns)) >= _WORTH_SAYING_NS:
            log.warning("clock has jumped, or the box was off", extra={"by_s": clock.jump_ns // 10**9})
        return clock

    def tidy(self, store: EventStore, clock: AgeClock) -> None:
        """Once a minute: let go of what is too old or too much, a part at a time."""
        now_s = self._mono_ns() / 1e9
        self._measure(store, now_s)
        if not self.has_more and now_s - self._done_at_s < _EVERY_S:
            return
        if not self._is_shrinkable:
            self._make_shrinkable(store)
        before_bytes = store.used_bytes
        pictures_days = self._keep_pictures_days
        store.let_go_of_pictures(clock.stored_before_ns(pictures_days) if pictures_days else None)
        self.has_more = store.let_go(clock.stored_before_ns(self._keep_days), self._max_bytes).more
        self._let_go_bytes += max(0, before_bytes - store.used_bytes)
        self._done_at_s = now_s
        self._measure(store, now_s)

    def _make_shrinkable(self, store: EventStore) -> None:
        self._is_shrinkable = True  # or it is tried again at the next start
        try:
            if store.make_shrinkable():
                log.info("the file of events shrinks from now on when events are let go of")
        except sqlite3.Error as error:
            log.warning("the file of events does not shrink yet", extra={"error": str(error)})

    def _measure(self, store: EventStore, now_s: float) -> None:
        """How much there is, and by how much that grew in the last hour, what was let go of included."""
        self.size_bytes, sizes = store.used_bytes, self._sizes
        if not sizes or now_s - sizes[-1][0] >= _MEASURED_EVERY_S:
            sizes.append((now_s, self.size_bytes + self._let_go_bytes))
        while now_s - sizes[0][0] > _GROWTH_OVER_S and len(sizes) > 2:
            sizes.popleft()
        (first_s, first_bytes), (last_s, last_bytes) = sizes[0], sizes[-1]
        if last_s > first_s:
            self.grown_bytes_per_hour = (last_bytes - first_bytes) / (last_s - first_s) * 3600.0
