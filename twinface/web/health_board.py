"""What the heartbeats say: who is alive, and whether everything that should be, is well."""

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass

import psutil

from twinface.box.health import STALE_AFTER_S, Condition, Health, Heart, health_by_heart
from twinface.messages.schema import Heartbeat

_FORGOTTEN_AFTER_S = 60.0
"""A process that runs on request only, and was killed, is a problem for so long."""


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
        """Everything, JSON-ready; `alive` is false for who is silent, `age_s` null for who never spoke."""
        healths = self._healths()
        return {**_sum_up(healths), "processes": [self._describe(health) for health in healths]}

    def summary(self) -> dict[str, object]:
        """`ok`, `state` (ok, degraded, or down where somebody does not work at all) and a line for each problem."""
        return _sum_up(self._healths())

    def _healths(self) -> list[Health]:
        found = [self._health(name, autostart=True) for name in self._expected]
        for name in sorted(set(self._latest) - set(self._expected)):
            health = self._health(name, autostart=False)
            if health.condition is not Condition.STOPPED and self._latest[name].age_s < _FORGOTTEN_AFTER_S:
                found.append(health)
        return found

    def _health(self, name: str, *, autostart: bool) -> Health:
        heard = self._latest.get(name)
        if heard is None:
            return health_by_heart(name, None)
        beat = heard.heartbeat
        heart = Heart(beat.pid, beat.state, beat.detail, heard.age_s)
        return health_by_heart(name, heart, lives=psutil.pid_exists(beat.pid), autostart=autostart)

    def _describe(self, health: Health) -> dict[str, object]:
        judged = {"condition": str(health.condition), "ok": health.ok, "reason": health.reason}
        heard = self._latest.get(health.name)
        if heard is None:
            return {
                "process": health.name,
                "alive": False,
                "age_s": None,
                "state": "missing",
                "detail": "",
                **judged,
            }
        age = {"epoch": heard.epoch, "alive": heard.age_s <= STALE_AFTER_S, "age_s": round(heard.age_s, 3)}
        return {**dataclasses.asdict(heard.heartbeat), **age, **judged}


def _sum_up(healths: Sequence[Health]) -> dict[str, object]:
    bad = [health for health in healths if not health.ok]
    degraded = all(health.condition is Condition.DEGRADED for health in bad)
    state = "ok" if not bad else "degraded" if degraded else "down"
    return {"ok": not bad, "state": state, "problems": [health.problem for health in bad]}
