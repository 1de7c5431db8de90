"""How a running box is: every process, its health, and the books of every link."""

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from twinface.box.accounts import LinkBooks, read_links
from twinface.box.health import STALE_AFTER_S, Health, Heart, ProcessState, health_by_supervisor
from twinface.box.last_heard import ask_hearts, last_error
from twinface.box.supervision import process_states
from twinface.bus.pubsub import latest_heartbeats
from twinface.bus.rundir import RunDirectory
from twinface.messages.schema import Heartbeat
from twinface.processes import find_process
from twinface.settings import Settings


@dataclass(frozen=True, slots=True)
class BoxStatus:
    """`healths` are of the processes `states`, in their order; `beats` are the hearts that beat lately, by name."""

    run: RunDirectory
    states: Sequence[ProcessState]
    beats: Mapping[str, Heartbeat]
    healths: Sequence[Health]
    links: Sequence[LinkBooks]

    @property
    def problems(self) -> list[str]:
        """A line for each process that is not well, and for each link whose books do not balance."""
        found = [one.problem for one in self.healths if not one.ok]
        unbalanced = [link for link in self.links if not link.balanced]
        return found + [f"{link.topic} of {link.sender}: the books do not balance" for link in unbalanced]

    @property
    def plain(self) -> dict[str, object]:
        """JSON-ready."""
        hearts = {name: dataclasses.asdict(beat) for name, beat in self.beats.items()}
        return {
            "run_directory": str(self.run.path),
            "box": "running",
            "ok": not self.problems,
            "problems": self.problems,
            "processes": [
                {
                    **dataclasses.asdict(state),
                    "condition": str(health.condition),
                    "ok": health.ok,
                    "reason": health.reason,
                    "health": hearts.get(state.name),
                }
                for state, health in zip(self.states, self.healths, strict=True)
            ],
            "links": [{**dataclasses.asdict(link), "balanced": link.balanced} for link in self.links],
        }


def read_status(settings: Settings, run: RunDirectory) -> BoxStatus:
    """How the box is now; takes up to `STALE_AFTER_S` where a heart does not beat.

    Raises ServiceError where none runs, or its supervisord does not answer.
    """
    states = process_states(run, settings)
    beats = latest_heartbeats(run, [state.name for state in states if state.pid], timeout_s=STALE_AFTER_S)
    links = read_links(run)
    return BoxStatus(run, states, beats, _healths(states, beats, run, settings), links)


def _healths(
    states: Sequence[ProcessState], beats: Mapping[str, Heartbeat], run: RunDirectory, settings: Settings
) -> list[Health]:
    """Whoever was silent while `beats` were listened to is judged by what the sentinel has heard of it before."""
    hearts = {name: Heart(beat.pid, beat.state, beat.detail, 0.0) for name, beat in beats.items()}
    heard = ask_hearts(run) if any(state.pid and state.name not in hearts for state in states) else {}
    start_s = None if heard is None else settings.sentinel.start_s
    return [
        _health(state, hearts.get(state.name) or (heard or {}).get(state.name), start_s, run, settings)
        for state in states
    ]


def _health(
    state: ProcessState, heart: Heart | None, start_s: float | None, run: RunDirectory, settings: Settings
) -> Health:
    """How a process is; of one that says nothing any more its last error is added."""
    health = health_by_supervisor(state, heart, autostart=find_process(state.name).autostart, start_s=start_s)
    if not health.is_silent:
        return health
    error = last_error(run, health.name, settings, time.time() - state.uptime_s)
    return dataclasses.replace(health, reason=f"{health.reason}: {error}")
