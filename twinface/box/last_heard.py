"""What each process said of itself last, and how long ago; the sentinel tells it to whoever comes later."""

import dataclasses
import time
from collections.abc import Mapping

from twinface.box.health import Heart
from twinface.bus.control import ask
from twinface.bus.rundir import RunDirectory
from twinface.errors import ServiceError
from twinface.messages.schema import Heartbeat
from twinface.messages.topics import CONTROL
from twinface.processes import SENTINEL

HEARTS_VERB = "hearts"
"""What the sentinel is asked on `control`."""

_ANSWERS_WITHIN_S = 1.0


class LastHeard:
    """The latest heartbeat of each process by its name."""

    def __init__(self) -> None:
        self._latest: dict[str, tuple[Heartbeat, float]] = {}

    def take(self, beat: Heartbeat) -> None:
        """A heartbeat that has come just now."""
        self._latest[beat.process] = beat, time.monotonic()

    def heart(self, name: str) -> Heart | None:
        """What a process said last; None where it was never heard."""
        if name not in self._latest:
            return None
        beat, at_s = self._latest[name]
        return Heart(beat.pid, beat.state, beat.detail, time.monotonic() - at_s)

    def plain(self) -> dict[str, dict[str, object]]:
        """Everybody's, JSON-ready."""
        return {name: dataclasses.asdict(heart) for name in self._latest if (heart := self.heart(name))}


def ask_hearts(run: RunDirectory) -> Mapping[str, Heart] | None:
    """What the sentinel of a box has heard last of each process; None where it does not answer."""
    try:
        hearts = ask(run.endpoint(CONTROL, SENTINEL.name), HEARTS_VERB, timeout_s=_ANSWERS_WITHIN_S)
    except ServiceError:
        return None
    return {name: Heart(**heart) for name, heart in hearts.items()}
