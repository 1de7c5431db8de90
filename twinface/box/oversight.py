"""What `twinface up` sees of the box that it has started, and what it does where supervisord or the sentinel hang."""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil

from twinface.box.hangs import HangWatch
from twinface.box.health import Condition, Health, Heart, ProcessState, health_by_heart
from twinface.box.last_heard import LastHeard, last_error
from twinface.box.supervision import process_states
from twinface.bus.pubsub import Subscriber, subscribed
from twinface.bus.rundir import RunDirectory
from twinface.errors import ServiceError, WireError
from twinface.messages.schema import Heartbeat
from twinface.messages.topics import HEALTH
from twinface.processes import SENTINEL, process_names
from twinface.settings import Settings

_ASK_SUPERVISORD_S = 2.0
_REMIND_EVERY_S = 10.0
_SILENT_ANSWERS = 3
"""supervisord hangs when it has left so many questions in a row without an answer, ten seconds each."""


class Oversight:
    """Made by `overseeing`; `healths` are those of all processes that start by themselves."""

    def __init__(self, run: RunDirectory, settings: Settings, subscriber: Subscriber) -> None:
        self._run = run
        self._settings = settings
        self._subscriber = subscriber
        self._heard = LastHeard()
        self._began_s = time.time()
        self._said: dict[str, Condition] = {}
        self._sentinel = HangWatch(2.0 * settings.sentinel.hang_s, settings.sentinel.start_s)
        self._asked_s = time.monotonic()
        self._unanswered = 0
        self._remind_s = time.monotonic() + _REMIND_EVERY_S

    @property
    def healths(self) -> list[Health]:
        """How every process is now, by its heart."""
        return [self._health(name) for name in process_names(self._settings)]

    def _health(self, name: str) -> Health:
        heart = self._heard.heart(name)
        return health_by_heart(name, heart, lives=heart is not None and psutil.pid_exists(heart.pid))

    def look(self, timeout_s: float) -> list[str]:
        """Listen for so long; a line for each process that is in another condition than before.

        Raises ServiceError when supervisord hangs.
        """
        self._listen(timeout_s)
        if time.monotonic() - self._asked_s > _ASK_SUPERVISORD_S:
            self._watch_the_watchers()
            self._asked_s = time.monotonic()
        lines = []
        if time.monotonic() > self._remind_s:
            self._remind_s = time.monotonic() + _REMIND_EVERY_S
            lines += [
                f"waiting for {one.name}: {last_error(self._run, one.name, self._settings, self._began_s)}"
                for one in self.healths
                if one.condition is Condition.STARTING
            ]
        for health in self.healths:
            if self._said.get(health.name, Condition.STARTING) is not health.condition:
                self._said[health.name] = health.condition
                heart = self._heard.heart(health.name)
                if heart is not None and heart.state != "stopped":  # who stops as asked needs no line
                    lines.append(health.problem or _well(health, heart))
        return lines

    def _listen(self, timeout_s: float) -> None:
        end_s = time.monotonic() + timeout_s
        while (left_s := end_s - time.monotonic()) > 0:
            with suppress(WireError):
                message = self._subscriber.receive(left_s)
                if message is not None and isinstance(message.body, Heartbeat):
                    self._heard.take(message.body)
                    self._sentinel.hear(message.body, time.monotonic())

    def _watch_the_watchers(self) -> None:
        sentinel = [state for state in self._states() if state.name == SENTINEL.name]
        for hang in self._sentinel.find(sentinel, time.monotonic()):
            with suppress(ProcessLookupError):
                os.kill(hang.pid, signal.SIGKILL)

    def _states(self) -> list[ProcessState]:
        try:
            states = process_states(self._run, self._settings)
        except ServiceError as error:
            self._unanswered += error.code == "hangs"
            if self._unanswered >= _SILENT_ANSWERS:
                raise ServiceError("supervisord hangs; it is killed, and everything with it", "hangs") from error
            return []
        self._unanswered = 0
        return states


def _well(health: Health, heart: Heart) -> str:
    return f"{health.name} {'has ended' if health.condition is Condition.ENDED else 'is running'} (pid {heart.pid})"


@contextmanager
def overseeing(run: RunDirectory, settings: Settings) -> Iterator[Oversight]:
    """An oversight of what runs in a run directory."""
    endpoints = [run.endpoint(HEALTH, name) for name in process_names(settings)]
    with subscribed(endpoints, HEALTH) as subscriber:
        yield Oversight(run, settings, subscriber)
