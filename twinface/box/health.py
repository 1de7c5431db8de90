"""How a process is, in one word and a reason: by what supervisord says of it, and by its heart."""

from dataclasses import dataclass
from enum import StrEnum

TRIED_AGAIN_GAUGE = "tried_again_in_s"
"""Gauge of a process that waits and then replaces itself by a new start."""

STALE_AFTER_S = 3.0
"""Heartbeats come once a second; who has sent none for so long is silent."""

_START_S = 120.0
"""A start may be silent for so long, also the one between two attempts of who waits."""

_UNHEARD_START_S = 20.0
"""So long a silent process is taken for one that starts, where nobody knows whether its heart has beaten before."""


class Condition(StrEnum):
    """How a process is. RUNNING, ENDED and STOPPED are well; the others are not, or not yet."""

    RUNNING = "RUNNING"
    ENDED = "ENDED"  # a source that has come to its end
    STOPPED = "STOPPED"  # it runs on request only, and nobody asks
    STARTING = "STARTING"  # it runs, and its heart has not beaten yet
    RESTARTING = "RESTARTING"  # it has ended, and is started again
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
class ProcessState:
    """A process as supervisord sees it: `name` as on the bus, `state` its word (RUNNING, BACKOFF, FATAL, …)."""

    name: str
    state: str
    pid: int
    uptime_s: float
    failed: bool


@dataclass(frozen=True, slots=True)
class Heart:
    """What a process, which was `pid` then, said of itself in its latest heartbeat, which came `age_s` ago."""

    pid: int
    state: str
    detail: str
    age_s: float


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


def health_by_heart(name: str, heart: Heart | None, *, lives: bool = True, autostart: bool = True) -> Health:
    """How a process is by its heart; `lives` is whether the process that it was heard of still exists."""
    if heart is None:
        return Health(name, Condition.STARTING, "no heartbeat yet")
    if heart.state == "stopped":
        return Health(name, Condition.RESTARTING if autostart else Condition.STOPPED, "it has stopped")
    if not lives and not autostart:
        return Health(name, Condition.FAILED, "it has ended without a word, see its log")
    if not lives:
        return Health(name, Condition.RESTARTING, "it has ended, and is started again")
    if heart.age_s > (_START_S if heart.state in {"starting", "waiting"} else STALE_AFTER_S):
        return Health(name, Condition.HUNG, f"no heartbeat for {heart.age_s:.0f} s")
    return Health(name, _BY_STATE.get(heart.state, Condition.RUNNING), heart.detail)


def health_by_supervisor(
    state: ProcessState, heart: Heart | None, *, autostart: bool, start_s: float | None = None
) -> Health:
    """How a process is by what supervisord says, and by its heart, or that of an earlier start, where one was heard.

    `start_s` is how long a start may take; None where nobody knows whether a silent process was heard before.
    """
    if state.failed and (state.state == "FATAL" or not autostart):
        return Health(state.name, Condition.FAILED, "see its log")
    if not state.pid:
        reason = "started again" if autostart else ""
        return Health(state.name, Condition.RESTARTING if autostart else Condition.STOPPED, reason)
    if heart is not None and heart.pid == state.pid:
        return health_by_heart(state.name, heart)
    if heart is not None or state.uptime_s <= (_UNHEARD_START_S if start_s is None else start_s):
        return Health(state.name, Condition.STARTING, "no heartbeat yet")
    said = f"no heartbeat within {STALE_AFTER_S:.0f} s, started {state.uptime_s:.0f} s ago"
    return Health(state.name, Condition.HUNG, said)
