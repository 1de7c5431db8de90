"""The event loop of a process: sockets, file descriptors, timers and signals, in one thread."""

import math
import os
import select
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import FrameType
from typing import Any

import zmq

from twinface.bus.orphans import end_within

Callback = Callable[[], object]


@dataclass(slots=True)
class _Timer:
    due_at_s: float
    every_s: float
    callback: Callback


class Loop:
    """Calls back when something is readable or a timer is due, until `stop` or a signal."""

    def __init__(self) -> None:
        self.stopping = False
        self._end_within_s: float | None = None
        self._handlers_before: dict[int, Any] = {}
        self._check: Callback = lambda: None
        self._poller = zmq.Poller()
        self._callbacks: dict[object, Callback] = {}
        self._timers: list[_Timer] = []
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self.add(self._wake_read, self._drain_wakeups)

    def add(self, readable: "zmq.Socket[bytes] | int", callback: Callback) -> None:
        """Call `callback` whenever the socket or file descriptor is readable."""
        self._poller.register(readable, zmq.POLLIN)
        self._callbacks[readable] = callback

    def remove(self, readable: "zmq.Socket[bytes] | int") -> None:
        """Call back no more when it is readable; it must have been added."""
        self._poller.unregister(readable)
        del self._callbacks[readable]

    def every(self, seconds: float, callback: Callback) -> None:
        """Call `callback` every so many seconds."""
        self._timers.append(_Timer(time.monotonic() + seconds, seconds, callback))

    def check_first(self, check: Callback) -> None:
        """Call `check` before every callback from now on; what it raises leaves `run`, and nothing more is called."""
        self._check = check

    def wake(self) -> None:
        """End the present wait; may be called from any thread."""
        try:
            os.write(self._wake_write, b"\0")
        except BlockingIOError:
            return  # enough wake-ups are waiting already

    def stop(self) -> None:
        """Leave `run` after the present callbacks; may be called from any thread."""
        self._begin_to_stop()
        self.wake()

    def handle_signals(self, *, end_within_s: float | None = None) -> None:
        """Stop on SIGTERM and SIGINT; main thread only.

        With `end_within_s` the process is killed when it has not ended so long after the loop was stopped.
        """
        self._end_within_s = end_within_s
        signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGINT):
            self._handlers_before[number] = signal.signal(number, self._on_signal)

    def run(self) -> None:
        """Turn until stopped."""
        while not self.stopping:
            self.turn()

    def turn(self, timeout_s: float = 1.0) -> None:
        """Wait for the next event or timer, at most `timeout_s`, and call back."""
        now = time.monotonic()
        wait_s = min([timeout_s, *(timer.due_at_s - now for timer in self._timers)])
        for readable, _ in self._poller.poll(math.ceil(max(0.0, wait_s) * 1000.0)):
            self._check()
            if callback := self._callbacks.get(readable):  # one that was called before may have removed it
                callback()
        self._call_timers()

    def doze(self, at_most_s: float) -> None:
        """Let what comes wait, so that it is taken up at once, until a signal or `wake`, at most so long."""
        if not self.stopping:
            select.select([self._wake_read], [], [], at_most_s)

    def close(self) -> None:
        """Release the wake-up pipe. Signals do what they did before: nobody looks at `stopping` any more."""
        if self._handlers_before:
            signal.set_wakeup_fd(-1)
        for number, handler in self._handlers_before.items():
            signal.signal(number, handler)
        os.close(self._wake_read)
        os.close(self._wake_write)

    def _call_timers(self) -> None:
        now = time.monotonic()
        for timer in self._timers:
            if timer.due_at_s <= now:
                timer.due_at_s = now + timer.every_s
                self._check()
                timer.callback()

    def _drain_wakeups(self) -> None:
        try:
            while os.read(self._wake_read, 512):
                pass
        except BlockingIOError:
            return

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._begin_to_stop()

    def _begin_to_stop(self) -> None:
        if self._end_within_s is not None and not self.stopping:
            end_within(self._end_within_s)
        self.stopping = True
