"""What the processes took over the last hours, and how long a face waited for its name: a ring in memory."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinface.messages.schema import Heartbeat
from twinface.processes import CAMERA, MATCHER

STEP_S = 15.0
LONGEST_S = 6 * 3600.0
_STEPS = int(LONGEST_S / STEP_S)

_LATENCY = "capture_to_match"
_FRAMES = "frames"

Values = list[float | None]
"""A value a step, the oldest first; None where nothing is known."""


class _Reading(NamedTuple):
    pid: int
    at_s: float
    cpu_s: float
    frames: int


@dataclass(frozen=True, slots=True)
class History:
    """`cpu` in cores, `memory_mb` in megabytes, by process; `latency_ms` from the capture to the match as p50 and p95.

    Values are of the steps that began at `at_ns`, by the wall clock.
    """

    at_ns: list[int]
    cpu: dict[str, Values]
    memory_mb: dict[str, Values]
    latency_ms: dict[str, Values]


class BoxHistory:
    """Six hours in steps of 15 s: float32, 6 KB a series. Times are of one clock that only goes on, in seconds."""

    def __init__(self) -> None:
        self._series: dict[tuple[str, str], NDArray[np.float32]] = {}
        self._first = self._step = -1
        self._began: dict[str, _Reading] = {}
        self._latest: dict[str, _Reading] = {}

    def take(self, beat: Heartbeat, now_s: float) -> None:
        """A heartbeat that has come just now."""
        self._advance(int(now_s // STEP_S))
        reading = _Reading(beat.pid, now_s, beat.cpu_s, beat.counters.get(_FRAMES, 0))
        began = self._began.get(beat.process)
        if began is None or began.pid != beat.pid:
            began = self._began[beat.process] = reading
        self._latest[beat.process] = reading
        passed_s = reading.at_s - began.at_s
        if passed_s > 0.0:
            self._put(beat.process, "cpu", (reading.cpu_s - began.cpu_s) / passed_s)
            if beat.process.startswith(f"{CAMERA.name}."):
                self._put(beat.process, "fps", (reading.frames - began.frames) / passed_s)
        self._put(beat.process, "memory_mb", beat.memory_mb)
        if beat.process == MATCHER.name and _LATENCY in beat.latency_ms:
            for name, value in zip(("p50", "p95"), beat.latency_ms[_LATENCY], strict=True):
                self._put("", name, value)

    def fps(self, process: str, now_s: float) -> float | None:
        """Frames a second that a camera's process has taken in this step or, while it is young, in the one before."""
        step, series = int(now_s // STEP_S), self._series.get((process, "fps"))
        if series is None or step - self._step > 1:
            return None
        found = [float(series[one % _STEPS]) for one in (self._step, self._step - 1)]
        return next((round(value, 1) for value in found if not np.isnan(value)), None)

    def read(self, hours: float, now_s: float, now_ns: int) -> History:
        """The last hours, or as much as there is; `now_ns` is what the wall clock says at `now_s`. Any thread may."""
        last = self._step
        first = max(self._first, last - _STEPS + 1, int((now_s - hours * 3600.0) // STEP_S))
        steps = np.arange(first, last + 1) if self._first >= 0 else np.zeros(0, int)
        at_ns = [now_ns - int((now_s - step * STEP_S) * 1e9) for step in steps.tolist()]
        series = {key: _plain(values[steps % _STEPS]) for key, values in list(self._series.items())}
        return History(
            at_ns,
            cpu={process: values for (process, what), values in series.items() if what == "cpu"},
            memory_mb={process: values for (process, what), values in series.items() if what == "memory_mb"},
            latency_ms={what: series.get(("", what), [None] * len(at_ns)) for what in ("p50", "p95")},
        )

    def _advance(self, step: int) -> None:
        if step == self._step:
            return
        if self._first < 0:
            self._first = self._step = step
        passed = np.arange(max(self._step + 1, step - _STEPS + 1), step + 1) % _STEPS
        for values in self._series.values():
            values[passed] = np.nan
        self._step, self._began = step, dict(self._latest)

    def _put(self, process: str, what: str, value: float) -> None:
        values = self._series.get((process, what))
        if values is None:
            values = self._series[process, what] = np.full(_STEPS, np.nan, np.float32)
        values[self._step % _STEPS] = value


def _plain(values: NDArray[np.float32]) -> Values:
    return [None if np.isnan(one) else round(one, 3) for one in values.tolist()]
