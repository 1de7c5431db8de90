"""What the heartbeats say: who is alive, whether everything that should be is well, and whether faces get names."""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import psutil

from twinface.box.health import STALE_AFTER_S, Condition, Health, health_by_heart
from twinface.box.last_heard import LastHeard
from twinface.messages.schema import Heartbeat
from twinface.processes import CAMERA, EXTRACTOR, MATCHER

_FORGOTTEN_AFTER_S = 60.0
"""A process that runs on request only, and was killed, is a problem for so long."""

_WORKS = {Condition.RUNNING, Condition.DEGRADED, Condition.ENDED}


class Reading(NamedTuple):
    """A process: its `beat`, None where it was never heard, which came `age_s` ago, and its starts after the first."""

    health: Health
    beat: Heartbeat | None
    age_s: float
    restarts: int


class HealthBoard:
    """The latest heartbeat of every process. `expected` are those that have to be alive."""

    def __init__(self, expected: Sequence[str]) -> None:
        self._expected = expected
        self._heard = LastHeard()
        self._epochs: dict[str, int] = {}
        self._restarts: Counter[str] = Counter()

    def take(self, heartbeat: Heartbeat, epoch: int) -> None:
        """Remember a heartbeat that has just come, and which start of its process it is from."""
        self._heard.take(heartbeat)
        if self._epochs.get(heartbeat.process, epoch) != epoch:
            self._restarts[heartbeat.process] += 1
        self._epochs[heartbeat.process] = epoch

    def report(self) -> dict[str, object]:
        """Everything, JSON-ready; `alive` is false for who is silent, `age_s` null for who never spoke."""
        healths = self._healths()
        return {**_sum_up(healths), "processes": [self._describe(health) for health in healths]}

    def summary(self) -> dict[str, object]:
        """`ok`, `state` (ok, degraded, or down where somebody does not work at all) and a line for each problem."""
        return _sum_up(self._healths())

    def readings(self) -> list[Reading]:
        """Everybody who should be alive, and who was started on request and is."""
        found = []
        for health in self._healths():
            beat, heart = self._heard.beat(health.name), self._heard.heart(health.name)
            found.append(Reading(health, beat, heart.age_s if heart else 0.0, self._restarts[health.name]))
        return found

    def unready(self) -> list[str]:
        """Why no face gets a name now, a line for each reason; none where a camera, an extractor and the matcher work.

        An empty gallery is no reason: the page is there to enrol the first.
        """
        readings, reasons = self.readings(), []
        for process in (CAMERA, EXTRACTOR, MATCHER):
            theirs = [one for one in readings if one.health.name.partition(".")[0] == process.name]
            if not any(one.health.condition in _WORKS for one in theirs):
                reasons += [one.health.problem for one in theirs]
        matcher = next(one for one in readings if one.health.name == MATCHER.name)
        if matcher.health.condition is Condition.DEGRADED and matcher.beat and matcher.beat.gauges.get("people") == 0:
            reasons.append(matcher.health.problem)
        return reasons

    def _healths(self) -> list[Health]:
        found = [self._health(name, autostart=True) for name in self._expected]
        for name in sorted(self._heard.names - {*self._expected}):
            health, heart = self._health(name, autostart=False), self._heard.heart(name)
            if health.condition is not Condition.STOPPED and heart and heart.age_s < _FORGOTTEN_AFTER_S:
                found.append(health)
        return found

    def _health(self, name: str, *, autostart: bool) -> Health:
        heart = self._heard.heart(name)
        lives = heart is not None and psutil.pid_exists(heart.pid)
        return health_by_heart(name, heart, lives=lives, autostart=autostart)

    def _describe(self, health: Health) -> dict[str, object]:
        judged = {"condition": str(health.condition), "ok": health.ok, "reason": health.reason}
        beat, heart = self._heard.beat(health.name), self._heard.heart(health.name)
        if beat is None or heart is None:
            missing = {"alive": False, "age_s": None, "state": "missing", "detail": ""}
            return {"process": health.name, **missing, **judged}
        alive = {"alive": heart.age_s <= STALE_AFTER_S, "age_s": round(heart.age_s, 3)}
        return {**dataclasses.asdict(beat), "epoch": self._epochs[health.name], **alive, **judged}


def _sum_up(healths: Sequence[Health]) -> dict[str, object]:
    bad = [health for health in healths if not health.ok]
    degraded = all(health.condition is Condition.DEGRADED for health in bad)
    state = "ok" if not bad else "degraded" if degraded else "down"
    return {"ok": not bad, "state": state, "problems": [health.problem for health in bad]}
