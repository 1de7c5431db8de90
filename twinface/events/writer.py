"""Storing events beside the work: what the disk does is never waited for."""

import logging
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from twinface.errors import TwinfaceError
from twinface.events.event import Event, LookRecord, Past
from twinface.events.event_store import EventStore
from twinface.events.upkeep import Upkeep
from twinface.types import Clock

log = logging.getLogger(__name__)

_MOST_WAITING = 10_000
_MOST_LOOKS_WAITING = 1_000
_BATCH = 500
_LOG_EVERY_S = 60.0
_WAKE_EVERY_S = 3600.0


class EventWriter:
    """Writes in a thread of its own, in order. When that fails, events wait, the newest of them, and it is tried again.

    `problem` says what is wrong at present. `stored`, `lost` and `failures` count events, events that nobody will see,
    and attempts; `upkeep` is of what is stored already. Each of `then` is called in that thread with events once they
    are stored, and with them the looks before them.
    """

    def __init__(
        self,
        path: Path,
        upkeep: Upkeep,
        *,
        looks_per_track: int = 8,
        then: Sequence[Callable[[Sequence[Event]], object]] = (),
        retry_s: float = 5.0,
        clock: Clock = time.monotonic,
    ) -> None:
        self.problem = ""
        self.stored = self.lost = self.failures = 0
        self.past = Past()
        self.upkeep = upkeep
        self._path = path
        self._looks_per_track = looks_per_track
        self._then = then
        self._retry_s = retry_s
        self._clock = clock
        self._waiting: deque[Event] = deque()
        self._in_hand: list[Event] = []
        self._looks: deque[LookRecord] = deque(maxlen=_MOST_LOOKS_WAITING)
        self._looks_in_hand: list[LookRecord] = []
        self._newest: int | None = None
        self._changed = threading.Condition()
        self._stopping = False
        self._store: EventStore | None = None
        self._logged_at_s: float | None = None
        try:
            store = self._open()
            self.past, self._newest = store.past(), store.newest()
            self.upkeep.read_clock(store)
        except (sqlite3.Error, OSError, TwinfaceError) as error:
            self._failed(error)
        self._thread = threading.Thread(target=self._run, name="events", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """Events that are not stored yet."""
        return len(self._waiting) + len(self._in_hand)

    def put(self, events: Iterable[Event]) -> None:
        """Have events stored after those before them. Returns at once."""
        with self._changed:
            self._waiting.extend(events)
            while len(self._waiting) > _MOST_WAITING:
                self._waiting.popleft()
                self.lost += 1
            self._changed.notify_all()

    def put_look(self, look: LookRecord) -> None:
        """Have a look kept, before the events that are put after it. Returns at once; of too many the oldest go."""
        with self._changed:
            self._looks.append(look)
            self._changed.notify_all()

    def close(self, timeout_s: float = 3.0) -> None:
        """Store what waits, try once more where that had failed, and stop."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(timeout_s)
        if self.waiting:
            log.error("events lost", extra={"events": self.lost + self.waiting, "error": self.problem})

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(self._has_work, timeout=0.0 if self.upkeep.has_more else _WAKE_EVERY_S)
                stopping = self._stopping
                if not self._in_hand:
                    self._in_hand = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
                if not self._looks_in_hand:
                    self._looks_in_hand = list(self._looks)
                    self._looks.clear()
            done = self._attempt()
            if stopping and not (done and self._waiting):
                break
            if not done:
                with self._changed:
                    self._changed.wait_for(lambda: self._stopping, timeout=self._retry_s)
        self._let_go()

    def _has_work(self) -> bool:
        return self._stopping or bool(self.waiting or self._looks or self._looks_in_hand)

    def _attempt(self) -> bool:
        """Store what is in hand, and tidy up when it is time; False when that failed."""
        try:
            store = self._open()
            clock = self.upkeep.read_clock(store)
            events, looks = self._in_hand, self._looks_in_hand
            if not (events and self._is_stored(store)):
                store.append(events, looks, clock=clock, looks_per_track=self._looks_per_track)
            self._newest = store.newest()
            self.stored += len(events)
            self._in_hand, self._looks_in_hand = [], []
            self.upkeep.tidy(store, clock)
        except Exception as error:  # noqa: BLE001 — a thread that ends would take all that follows with it
            self._failed(error)
            return False
        if self.problem:
            log.info("events are stored again", extra={"lost": self.lost})
            self.problem, self._logged_at_s = "", None
        for follow in self._then if events else ():
            self._follow(follow, events)
        return True

    def _follow(self, then: Callable[[Sequence[Event]], object], events: Sequence[Event]) -> None:
        try:
            then(events)
        except Exception as error:  # noqa: BLE001 — as above; what is damaged may be anything
            log.error("what follows from events was not done", extra={"error": str(error)})

    def _is_stored(self, store: EventStore) -> bool:
        """Whether the last attempt stored them after all: a commit may reach the disk and report an error."""
        return self._newest is not None and store.newest() == self._newest + len(self._in_hand)

    def _open(self) -> EventStore:
        if self._store is not None and not self._store.is_in_place:
            self._let_go()
        if self._store is None:
            self._store = EventStore(self._path)
        return self._store

    def _failed(self, error: Exception) -> None:
        self.failures += 1
        what = error.strerror if isinstance(error, OSError) else str(error).removeprefix(f"{self._path}: ")
        said = f"{self._path}: {what}"
        self.problem = f"events are not stored: {said}"
        self._let_go()
        now_s = self._clock()
        if self._logged_at_s is None or now_s - self._logged_at_s >= _LOG_EVERY_S:
            self._logged_at_s = now_s
            log.error("events not stored", extra={"error": said, "waiting": self.waiting, "lost": self.lost})

    def _let_go(self) -> None:
        store, self._store = self._store, None
        if store is not None:
            with suppress(sqlite3.Error, OSError):
                store.close()
