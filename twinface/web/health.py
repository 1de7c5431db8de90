"""What the heartbeats say: who is alive, and whether everything that should be, is."""

import dataclasses
import time
from collections.abc import Sequence

from twinface.messages.schema import Heartbeat

STALE_AFTER_S = 3.0
"""Heartbeats come once a second; without one for so long a process counts as down."""


class HealthBoard:
    """The latest heartbeat of every process. `expected` are those that have to be alive."""

    def __init__(self, expected: Sequence[str]) -> None:
        self._expected = expected
        self._latest: dict[str, tuple[Heartbeat, float]] = {}

    def take(self, heartbeat: Heartbeat) -> None:
        """Remember a heartbeat that has just come."""
        self._latest[heartbeat.process] = heartbeat, time.monotonic()

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
        heartbeat, heard_at_s = self._latest[name]
        silent_s = time.monotonic() - heard_at_s
        if silent_s > STALE_AFTER_S:
            return f"{name}: no heartbeat for {silent_s:.0f} s"
        return f"{name}: failed, {heartbeat.detail}" if heartbeat.state == "failed" else None

    def _describe(self, name: str) -> dict[str, object]:
        if name not in self._latest:
            return {"process": name, "alive": False, "age_s": None, "state": "missing", "detail": ""}
        heartbeat, heard_at_s = self._latest[name]
        age_s = time.monotonic() - heard_at_s
        return {**dataclasses.asdict(heartbeat), "alive": age_s <= STALE_AFTER_S, "age_s": round(age_s, 3)}
