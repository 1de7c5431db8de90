"""What the heartbeats say: who is alive, and whether everything that should be, is."""

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass

from twinface.messages.schema import Heartbeat

STALE_AFTER_S = 3.0
"""Heartbeats come once a second; without one for so long a process counts as down."""


@dataclass(frozen=True, slots=True)
class _Heard:
    heartbeat: Heartbeat
    epoch: int
    at_s: float

    @property
    def age_s(self) -> float:
        return time.monotonic() - self.at_s


class HealthBoard:
    """The latest heartbeat of every process. `expected` are those that have to be alive."""

    def __init__(self, expected: Sequence[str]) -> None:
        self._expected = expected
        self._latest: dict[str, _Heard] = {}

    def take(self, heartbeat: Heartbeat, epoch: int) -> None:
        """Remember a heartbeat that has just come, and which start of its process it is from."""
        self._latest[heartbeat.process] = _Heard(heartbeat, epoch, time.monotonic())

    def report(self) -> dict[str, object]:
        """Everything, in plain containers; `alive` is false for who is silent, `age_s` null for who never spoke."""
        names = [*self._expected, *sorted(set(self._latest) - set(self._expected))]
        return {"ok": not self.problems(), "processes": [self._describe(name) for name in names]}

    def problems(self) -> list[str]:
        """One line for each expected process that is down or has failed."""
        return [problem for name in self._expected if (problem := self._problem(name))]

    def _problem(self, name: str) -> str | None:
        if name not in self._latest:
            return f"{name}: no heartbeat yet"
        heard = self._latest[name]
        if heard.age_s > STALE_AFTER_S:
            return f"{name}: no heartbeat for {heard.age_s:.0f} s"
        state, detail = heard.heartbeat.state, heard.heartbeat.detail
        return f"{name}: {state}, {detail}" if state in {"failed", "waiting"} else None

    def _describe(self, name: str) -> dict[str, object]:
        if name not in self._latest:
            return {"process": name, "alive": False, "age_s": None, "state": "missing", "detail": ""}
        heard = self._latest[name]
        told = {"epoch": heard.epoch, "alive": heard.age_s <= STALE_AFTER_S, "age_s": round(heard.age_s, 3)}
        return {**dataclasses.asdict(heard.heartbeat), **told}
