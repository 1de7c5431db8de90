"""Following a matcher from outside: every event once, in order, however slow the reader or the start."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from typing import Any

from twinface.bus.control import ask
from twinface.bus.pubsub import subscribed
from twinface.bus.rundir import RunDirectory
from twinface.errors import ServiceError, WireError
from twinface.messages.codec import body_from
from twinface.messages.schema import MatchEvent
from twinface.messages.topics import CONTROL, MATCHES
from twinface.processes import MATCHER

log = logging.getLogger(__name__)

_PAGE_EVENTS = 200
_IDLE_S = 1.0
"""After so long without an event the matcher is asked whether there was one."""

_TURN_S = 0.25

_GONE_S = 3.0
"""So long may a matcher that is not supervised be away, before it counts as stopped."""


class MatchFollower:
    """Listens to `matches` and asks again for what it missed; follows a restarted matcher.

    A context manager. Raises ServiceError (`not running`) when nothing runs in the run directory.
    """

    def __init__(self, run: RunDirectory) -> None:
        if not _is_running(run):
            raise ServiceError(f"nothing is running in {run.path}; start it with `twinface up`", "not running")
        self.missed = 0
        self.streams_open: int | None = None
        self._run = run
        self._control = run.endpoint(CONTROL, MATCHER.name)
        self._epoch = 0
        self._next_sequence = 0
        self._heard_at_s = time.monotonic()
        self._closing = ExitStack()
        self._subscriber = self._closing.enter_context(subscribed([run.endpoint(MATCHES, MATCHER.name)], MATCHES))

    def __enter__(self) -> "MatchFollower":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Listen no more."""
        self._closing.close()

    def begin(self, *, from_start: bool = False) -> Mapping[str, Any]:
        """The matcher's snapshot, waiting for one that is just starting; events follow from it on.

        With `from_start`, all events that the matcher still keeps come first.
        """
        snapshot = self._ask("snapshot")
        if snapshot is None:
            log.warning("waiting for the matcher")
        while snapshot is None:
            snapshot = self._ask("snapshot")
        self._epoch = snapshot["epoch"]
        self._next_sequence = 0 if from_start else snapshot["next_sequence"]
        self.streams_open = None if from_start else snapshot["streams_open"]
        return snapshot

    def snapshot(self) -> Mapping[str, Any] | None:
        """The present as the matcher has it; None when it does not answer."""
        return self._ask("snapshot")

    def poll(self, timeout_s: float) -> list[MatchEvent]:
        """The next events, none when there were none within `timeout_s`.

        `streams_open` is then what the last event said about it, or None. Raises ServiceError when the pipeline has
        stopped.
        """
        try:
            message = self._subscriber.receive(timeout_s)
        except WireError as error:
            log.warning("message refused", extra={"error": str(error)})
            return []
        if message is None:
            idle = time.monotonic() - self._heard_at_s >= _IDLE_S
            return self._catch_up() if idle else []
        self._heard_at_s = time.monotonic()
        event = message.body
        if not isinstance(event, MatchEvent) or (event.epoch, event.sequence) < (self._epoch, self._next_sequence):
            return []
        if (event.epoch, event.sequence) != (self._epoch, self._next_sequence):
            return self._replay()
        return self._took([event])

    def batches(self) -> Iterator[list[MatchEvent]]:
        """The events as they come, from `begin` on, until every stream has ended; also empty ones, four a second."""
        while self.streams_open != 0:
            yield self.poll(_TURN_S)

    def __iter__(self) -> Iterator[MatchEvent]:
        """The events one by one, from `begin` on, until every stream has ended."""
        for events in self.batches():
            yield from events

    def _catch_up(self) -> list[MatchEvent]:
        snapshot = self._ask("snapshot")
        if snapshot is None:
            return []
        events = []
        if (snapshot["epoch"], snapshot["next_sequence"]) != (self._epoch, self._next_sequence):
            events = self._replay()
        if snapshot["next_sequence"] == self._next_sequence:
            self.streams_open = snapshot["streams_open"]
        return events

    def _replay(self) -> list[MatchEvent]:
        events: list[MatchEvent] = []
        while (reply := self._ask("replay", {"since": self._next_sequence, "limit": _PAGE_EVENTS})) is not None:
            if reply["epoch"] != self._epoch:
                self._epoch, self._next_sequence = reply["epoch"], 0
                continue
            page = [body_from(MatchEvent, event) for event in reply["events"]]
            if not page:
                break
            self.missed += page[0].sequence - self._next_sequence
            events += self._took(page)
        return events

    def _took(self, events: list[MatchEvent]) -> list[MatchEvent]:
        self._next_sequence = events[-1].sequence + 1
        self.streams_open = events[-1].streams_open
        return events

    def _ask(self, verb: str, arguments: Mapping[str, Any] | None = None) -> Mapping[str, Any] | None:
        """The matcher's answer; None when it is away for now."""
        try:
            answer: Mapping[str, Any] = ask(self._control, verb, arguments, timeout_s=_IDLE_S)
        except ServiceError as error:
            if error.code != "timeout":
                raise
            if time.monotonic() - self._heard_at_s > _GONE_S and not _is_running(self._run):
                raise ServiceError("the pipeline has stopped; see `twinface status`", "not running") from error
            return None
        self._heard_at_s = time.monotonic()
        return answer


def _is_running(run: RunDirectory) -> bool:
    return run.is_locked(MATCHER.name) or run.is_locked("supervisord")
