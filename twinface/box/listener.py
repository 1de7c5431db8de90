"""The protocol of supervisord's event listeners (https://supervisord.org/events.html): events in, results out."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO


@dataclass(frozen=True, slots=True)
class SupervisorEvent:
    """What supervisord says: its name, and its payload as pairs of words."""

    name: str
    payload: dict[str, str]

    @property
    def process(self) -> str:
        """Which process it is about, as supervisord calls it: `group:name`."""
        return f"{self.payload.get('groupname', '')}:{self.payload.get('processname', '')}"

    @property
    def is_unexpected_end(self) -> bool:
        """Whether a process has ended that was not asked to."""
        return self.name == "PROCESS_STATE_EXITED"


class SupervisorEvents:
    """One conversation with supervisord; reads what there is, and never waits for more."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._descriptor = incoming.fileno()
        self._outgoing = outgoing
        self._read = b""
        os.set_blocking(self._descriptor, False)

    def ask_for_next(self) -> None:
        """Ask for the next event."""
        self._say(b"READY\n")

    def read(self, take: Callable[[SupervisorEvent], None]) -> None:
        """Read what has come, and acknowledge every event that is whole once `take` was called with it.

        Raises EOFError when supervisord has closed its end.
        """
        chunk = os.read(self._descriptor, 65536)
        if not chunk:
            raise EOFError("supervisord has closed the pipe of events")
        self._read += chunk
        while (event := self._next()) is not None:
            take(event)
            self._say(b"RESULT 2\nOK")
            self.ask_for_next()

    def _next(self) -> SupervisorEvent | None:
        head, line_end, rest = self._read.partition(b"\n")
        if not line_end:
            return None
        header = _pairs(head)
        length = int(header["len"])
        if len(rest) < length:
            return None
        self._read = rest[length:]
        return SupervisorEvent(header["eventname"], _pairs(rest[:length].partition(b"\n")[0]))

    def _say(self, text: bytes) -> None:
        self._outgoing.write(text)
        self._outgoing.flush()


def _pairs(words: bytes) -> dict[str, str]:
    return dict(word.split(":", 1) for word in words.decode("utf-8", "replace").split() if ":" in word)
