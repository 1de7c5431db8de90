"""sentinel: kills what hangs, so that supervisord starts it again. An event listener of supervisord."""

import logging
import os
import signal
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from twinface.box.hangs import Hang, HangWatch
from twinface.box.last_heard import HEARTS_VERB, LastHeard
from twinface.box.listener import SupervisorEvent, SupervisorEvents
from twinface.box.service import run_directory, run_service
from twinface.box.supervision import process_states
from twinface.bus.node import Node
from twinface.errors import ServiceError
from twinface.messages.schema import Heartbeat, Message
from twinface.messages.topics import HEALTH
from twinface.processes import SENTINEL, heard_names
from twinface.settings import Settings

log = logging.getLogger(__name__)

_LOOK_S = 1.0
_SHOWN_FOR_S = 20.0
"""So long after a process was killed its health says so."""


class _Sentinel:
    def __init__(self, node: Node, settings: Settings) -> None:
        self._node = node
        self._settings = settings
        self._run = run_directory(settings)
        self._watch = HangWatch(settings.sentinel.hang_s, settings.sentinel.start_s)
        self._heard = LastHeard()
        self._shown_until_s = 0.0
        node.answer(self._answer)
        node.subscriber(HEALTH, heard_names(settings), self._hear)
        self._events = SupervisorEvents(sys.stdin.buffer, sys.stdout.buffer)
        node.loop.add(sys.stdin.fileno(), self._read_events)
        self._events.ask_for_next()
        node.loop.every(_LOOK_S, self._look)
        node.set_state("running")

    def _hear(self, message: Message) -> None:
        if isinstance(message.body, Heartbeat):
            self._watch.hear(message.body, time.monotonic())
            self._heard.take(message.body)

    def _answer(self, verb: str, _arguments: Mapping[str, Any]) -> Any:
        if verb != HEARTS_VERB:
            raise ServiceError(f"unknown request {verb!r}; known: {HEARTS_VERB}", "unknown")
        return self._heard.plain()

    def _read_events(self) -> None:
        try:
            self._events.read(self._take)
        except EOFError as error:
            log.warning("stopping", extra={"error": str(error)})
            self._node.loop.stop()

    def _take(self, event: SupervisorEvent) -> None:
        if event.is_unexpected_end:
            self._node.meters.count("restarts")
            log.warning("process ended", extra={"ended": event.process})

    def _look(self) -> None:
        try:
            states = process_states(self._run, self._settings)
        except ServiceError as error:
            log.warning("supervisord gives no answer", extra={"error": str(error)})
            return
        others = [state for state in states if state.name != SENTINEL.name]
        for hang in self._watch.find(others, time.monotonic()):
            self._kill(hang)
        if self._node.state == "degraded" and time.monotonic() > self._shown_until_s:
            self._node.set_state("running")

    def _kill(self, hang: Hang) -> None:
        with suppress(ProcessLookupError):
            os.kill(hang.pid, signal.SIGKILL)
        said = f"{hang.name} was silent for {hang.silent_s:.0f} s and is started again"
        times = f", {hang.times} times within ten minutes" if hang.times > 1 else ""
        log.error("process hangs", extra={"hung": hang.name, "pid": hang.pid, "silent_s": round(hang.silent_s, 1)})
        self._node.meters.count("hangs")
        self._node.set_state("degraded", said + times)
        self._shown_until_s = time.monotonic() + _SHOWN_FOR_S


def _work(node: Node, settings: Settings) -> None:
    _Sentinel(node, settings)
    node.loop.run()


if __name__ == "__main__":
    run_service(lambda _settings: SENTINEL.name, _work)
