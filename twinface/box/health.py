"""How a process is, in one word and a reason: by what supervisord says of it, and by its heart."""

from dataclasses import dataclass
from enum import StrEnum

from twinface.box.supervision import ProcessState
from twinface.messages.schema import Heartbeat

STALE_AFTER_S = 3.0
"""Heartbeats come once a second; who has sent none for so long is silent."""

_TRYING_AGAIN_S = 20.0
"""Who waits starts again between two attempts, and says nothing while it does."""


class Condition(StrEnum):
    """How a process is. RUNNING, ENDED and STOPPED are well; the others are not, or not yet."""

    RUNNING = "RUNNING"
    ENDED = "ENDED"  # a source that has come to its end
    STOPPED = "STOPPED"  # it runs on request only, and nobody asks
    STARTING = "STARTING"  # it runs, and its heart has not beaten yet
    RESTARTING = "RESTARTING"  # it has ended and is started again
    WAITING = "WAITING"  # it cannot work now, and tries again
    DEGRADED = "DEGRADED"  # it works, and something is wrong
    HUNG = "HUNG"  # it runs, and is silent
    FAILED = "FAILED"


_WELL = {Condition.RUNNING, Condition.ENDED, Condition.STOPPED}
_BY_STATE = {
    "ended": Condition.ENDED,
    "starting": Condition.STARTING,
    "waiting": Condition.WAITING,
    "degraded": Condition.DEGRADED,
    "failed": Condition.FAILED,
}


@dataclass(frozen=True, slots=True)
class Health:
    """Of one process; `reason` says more, for people."""

    name: str
    condition: Condition
    reason: str

    @property
    def ok(self) -> bool:
        """Whether nothing has to be done about it."""
        return self.condition in _WELL

    @property
    def is_silent(self) -> bool:
        """Whether it runs, and cannot say by itself what is wrong."""
        return self.condition in {Condition.STARTING, Condition.HUNG}

    @property
    def problem(self) -> str:
        """One line, empty where it is well."""
        return "" if self.ok else f"{self.name}: {self.condition.lower()}{', ' if self.reason else ''}{self.reason}"


def health_by_heart(name: str, beat: Heartbeat | None, age_s: float, *, autostart: bool = True) -> Health:
    """How a process is by its latest heartbeat, which came `age_s` ago."""
    if beat is None:
        return Health(name, Condition.STARTING, "no heartbeat yet")
    if beat.state == "stopped":
        return Health(name, Condition.RESTARTING if autostart else Condition.STOPPED, "it has stopped")
    if age_s > (_TRYING_AGAIN_S if beat.state == "waiting" else STALE_AFTER_S):
        return Health(name, Condition.HUNG, f"no heartbeat for {age_s:.0f} s")
    return Health(name, _BY_STATE.get(beat.state, Condition.RUNNING), beat.detail)


def health_by_supervisor(state: ProcessState, beat: Heartbeat | None, *, autostart: bool) -> Health:
    """How a process is by what supervisord says, and by the heartbeat that came lately, if one did."""
    if state.failed and (state.state == "FATAL" or not autostart):
        return Health(state.name, Condition.FAILED, "see its log")
    if not state.pid:
        reason = "started again" if autostart else ""
        return Health(state.name, Condition.RESTARTING if autostart else Condition.STOPPED, reason)
    if beat is not None and beat.pid == state.pid:
        return health_by_heart(state.name, beat, 0.0)
    if beat is not None or state.uptime_s < STALE_AFTER_S:
        return Health(state.name, Condition.STARTING, "no heartbeat yet")
    return Health(state.name, Condition.HUNG, f"no heartbeat, {state.uptime_s:.0f} s after its start")
