"""Brings events to one target, in a thread of its own, so that one that hangs keeps none of the others waiting."""

import logging
import random
import threading
import time
from collections import Counter
from pathlib import Path

from twinface.delivery.target import Outcome, Target
from twinface.errors import ArtefactError
from twinface.events.deliveries import (
    Delivery,
    DeliveryState,
    drop_delivery,
    is_gone,
    next_due,
    note_delivery,
)
from twinface.events.event import Event
from twinface.events.outbox import Outbox

log = logging.getLogger(__name__)

_POLL_S = 0.5
_STORE_RETRY_S = 5.0
_BATCH = 100
_LONGEST_PAUSE_S = 300.0
_MOST_DOUBLINGS = 16
_JITTER = (0.8, 1.2)


class Courier:
    """Takes the events of a store in their order and sends those that a target wants, each until it is taken.

    What is not taken is tried again after each of the target's delays, then kept as a dead letter; later events do not
    wait for it. Where one attempt after the other fails, all of them pause, twice as long each time, five minutes at
    most. `problem` says what is wrong at present, `waiting` how many events it has not looked at,
    and `counts` what came of attempts: delivered, failed, dead_letters.
    """

    def __init__(self, path: Path, target: Target, first_pause_s: float = 1.0) -> None:
        self.problem = ""
        self.waiting = 0
        self.counts: Counter[str] = Counter()
        self._path = path
        self._target = target
        self._first_pause_s = first_pause_s
        self._outbox: Outbox | None = None
        self._failures = 0
        self._resume_at_s = 0.0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=target.name, daemon=True)

    def start(self) -> None:
        """Begin; the first time with what happens from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Begin to stop; what breaks off an attempt has the event sent again at the next start."""
        self._stopping.set()

    def join(self, timeout_s: float = 2.0) -> None:
        """Wait for the attempt that is under way."""
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                wait_s = self._turn()
            except ArtefactError as error:
                self.problem, wait_s = str(error), _STORE_RETRY_S
            self._stopping.wait(wait_s)
        if self._outbox is not None:
            self._outbox.close()

    def _turn(self) -> float:
        """One attempt at most; how long to wait before the next turn."""
        if self._outbox is None:
            self._outbox = Outbox(self._path, self._target.name)
        self.waiting = self._outbox.backlog().waiting
        if is_gone(self._path, self._target.name):
            self.problem = f"{self._target.name} wants no more; `twinface webhooks retry` has it tried again"
            return _POLL_S
        if (pause_s := self._resume_at_s - time.monotonic()) > 0.0:
            return min(pause_s, _POLL_S)
        now_ns = time.time_ns()
        if late := next_due(self._path, self._target.name, now_ns, int(max(self._target.delays_s) * 2e9)):
            if self._target.wants(late.event):
                self._attempt(late.event, late)
            else:
                drop_delivery(self._path, late)
            return 0.0
        return 0.0 if self._bring_next(self._outbox) else _POLL_S

    def _bring_next(self, outbox: Outbox) -> bool:
        """Try the next events that are wanted, until one is not taken; False where there were none."""
        events = outbox.pending(_BATCH)
        for event in events:
            if self._stopping.is_set():
                break
            is_taken = self._attempt(event, None) if self._target.wants(event) else True
            outbox.acknowledge(event.sequence or 0)
            if not is_taken:
                break
        return bool(events)

    def _attempt(self, event: Event, late: Delivery | None) -> bool:
        """Send an event, and store what came of it; whether it was taken."""
        outcome = self._target.send(event)
        attempts = 1 if late is None else late.attempts + 1
        if outcome.problem:
            self._failures += 1
            self._resume_at_s = time.monotonic() + max(self._pause_s(), outcome.wait_s)
            self._not_taken(event, attempts, outcome)
            return False
        self._failures, self.problem = 0, ""
        self.counts["delivered"] += 1
        if self._target.remembers:
            taken = DeliveryState.TAKEN
            note_delivery(self._path, Delivery(self._target.name, event, taken, attempts, time.time_ns()))
        elif late is not None:
            drop_delivery(self._path, late)
        return True

    def _not_taken(self, event: Event, attempts: int, outcome: Outcome) -> None:
        """Store that it is to be tried again, or no more."""
        now_ns, delays = time.time_ns(), self._target.delays_s
        state, delay_s = DeliveryState.DEAD, 0.0
        if outcome.is_gone:
            state = DeliveryState.GONE
        elif attempts <= len(delays):
            state, delay_s = DeliveryState.WAITING, delays[attempts - 1] * random.uniform(*_JITTER)
        due_ns = now_ns + int(delay_s * 1e9)
        note_delivery(self._path, Delivery(self._target.name, event, state, attempts, now_ns, due_ns, outcome.problem))
        self.counts["failed"] += 1
        self.counts["dead_letters"] += state is not DeliveryState.WAITING
        self.problem = f"{self._target.name}: {outcome.problem}"
        said = {"target": self._target.name, "number": event.sequence, "attempts": attempts}
        log.warning("not delivered", extra={**said, "error": outcome.problem})

    def _pause_s(self) -> float:
        """How long nothing is tried after so many failures in a row."""
        pause_s = self._first_pause_s * 2.0 ** min(self._failures - 1, _MOST_DOUBLINGS)
        return min(_LONGEST_PAUSE_S, pause_s) * random.uniform(*_JITTER)
