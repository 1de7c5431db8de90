"""Which processes hang: those that run, and whose heart has not beaten for too long. No clock, no signals."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from twinface.box.health import TRIED_AGAIN_GAUGE, ProcessState
from twinface.messages.schema import Heartbeat
from twinface.processes import find_process

_REMEMBERED_S = 600.0
_MOST_DOUBLINGS = 5


@dataclass(frozen=True, slots=True)
class Hang:
    """A process that is silent for `silent_s`; `times` is how often it was so within the last ten minutes."""

    name: str
    pid: int
    silent_s: float
    times: int


class HangWatch:
    """Told who runs and whose heart beats, it says who hangs.

    A process may be silent for `hang_s`, and for `start_s` from its start to its first heartbeat, also where it waits
    and replaces itself by a new start. Each time it hung of late doubles that, so that a box that is only slow is not
    kept from its work by restarts.
    """

    def __init__(self, hang_s: float, start_s: float) -> None:
        self._hang_s = hang_s
        self._start_s = start_s
        self._began_s: dict[int, float] = {}
        self._heard_s: dict[int, float] = {}
        self._hangs: dict[str, list[float]] = defaultdict(list)
        self._looked_s: float | None = None

    def hear(self, beat: Heartbeat, now_s: float) -> None:
        """A heartbeat has come."""
        if beat.state == "starting" or TRIED_AGAIN_GAUGE in beat.gauges:
            self._heard_s.pop(beat.pid, None)
            self._began_s[beat.pid] = now_s
        else:
            self._heard_s[beat.pid] = now_s

    def find(self, running: Iterable[ProcessState], now_s: float) -> list[Hang]:
        """Who of those that run hangs now; each is said once. To be asked every few seconds.

        Where it was not asked for as long as a process may be silent, it was this process that stood still, the whole
        box perhaps: nobody is blamed for that time.
        """
        pids = {one.pid: one.name for one in running if one.pid}
        if self._looked_s is not None and now_s - self._looked_s > self._hang_s / 2:
            self._began_s = dict.fromkeys(self._began_s, now_s)
            self._heard_s = dict.fromkeys(self._heard_s, now_s)
        self._looked_s = now_s
        self._began_s = {pid: self._began_s.get(pid, now_s) for pid in pids}
        self._heard_s = {pid: at_s for pid, at_s in self._heard_s.items() if pid in pids}
        found = [hang for pid, name in pids.items() if (hang := self._judge(pid, name, now_s))]
        for hang in found:
            self._hangs[hang.name].append(now_s)
            del self._began_s[hang.pid]
            self._heard_s.pop(hang.pid, None)
        return found

    def _judge(self, pid: int, name: str, now_s: float) -> Hang | None:
        recent = [at_s for at_s in self._hangs[name] if now_s - at_s < _REMEMBERED_S]
        self._hangs[name] = recent
        patience = 2.0 ** min(len(recent), _MOST_DOUBLINGS)
        since_s, limit_s = self._began_s[pid], self._start_s
        if pid in self._heard_s:
            since_s, limit_s = self._heard_s[pid], self._hang_s * find_process(name).silent_times
        silent_s = now_s - since_s
        return Hang(name, pid, silent_s, len(recent) + 1) if silent_s > limit_s * patience else None
