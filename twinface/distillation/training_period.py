"""One period of learning, watched: the rate, the figures, the checkpoints, the stop."""

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.distillation.checkpoints import Progress, save_checkpoint
from twinface.evaluation.figures.verification import verification_figures
from twinface.matching.vectors import normalised
from twinface.training.tensorflow_setup import import_keras
from twinface.types import Vectors

_WARM_UP = 0.05
_FIRST_SHARE = 0.1
_DECAY_FROM = 0.5

STRETCH = 32
"""Steps between two changes of the rate."""

_MEASURE_BATCH = 58


@dataclass(frozen=True, slots=True)
class Budget:
    """A period of learning: so many steps, or so many minutes of wall-clock time. Exactly one of them is given."""

    steps: int | None = None
    minutes: float | None = None

    def progress(self, steps: int, seconds: float) -> float:
        """How much of the period is used up, 0…1."""
        used = steps / self.steps if self.steps else seconds / (60 * (self.minutes or math.inf))
        return min(1.0, used)


def learning_rate(progress: float, peak: float) -> float:
    """The rate at 0…1 of a period: warm-up from a tenth, constant, then a cosine to nothing.

    A constant stretch with a late decay costs nothing against a cosine from the start, and the next period can go on
    from where this one ended (Hägele et al., Scaling laws and compute-optimal training beyond fixed training durations,
    2024; Wen et al., WSD-S, 2024).
    """
    if progress < _WARM_UP:
        return peak * max(_FIRST_SHARE, progress / _WARM_UP)
    if progress < _DECAY_FROM:
        return peak
    return peak * 0.5 * (1 + math.cos(math.pi * (progress - _DECAY_FROM) / (1 - _DECAY_FROM)))


def equal_error_rate(vectors: Vectors, people: NDArray[np.int64]) -> float:
    """The equal error rate, 0…1, of all pairs of `vectors`, float32 (n, d), by cosine; `people` (n,) says of whom.

    Raises ValueError without pairs of the same or of different people.
    """
    vectors = normalised(vectors)
    first, second = np.triu_indices(len(vectors), 1)
    return verification_figures((vectors @ vectors.T)[first, second], people[first] == people[second]).eer


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """People never trained on: input float32 (m, s, s, 3), whom it is of (m,), the teacher's centred unit vectors."""

    pictures: NDArray[np.float32]
    people: NDArray[np.int64]
    wanted: Vectors


@dataclass(frozen=True, slots=True)
class Figures:
    """How a run stands. `loss`, `agreement` (cosine to the teacher less its mean) and `hint_error` are
    means since the last figures.

    The held-out ones are None where nobody is held out: agreement, and equal error rates by cosine of the 2048 numbers
    and of their projection to the teacher's.
    """

    samples: int
    minutes: float
    done: float
    learning_rate: float
    loss: float
    agreement: float
    hint_error: float
    held_out_agreement: float | None = None
    held_out_eer: float | None = None
    held_out_projected_eer: float | None = None


def measure(student: Any, held_out: HeldOut) -> dict[str, float]:
    """The held-out figures of a student."""
    parts = np.array_split(held_out.pictures, max(1, len(held_out.pictures) // _MEASURE_BATCH))
    outputs = [student.predict_on_batch(part) for part in parts]
    vectors, answers = (np.concatenate([np.asarray(output[place]) for output in outputs]) for place in (0, 1))
    return {
        "held_out_agreement": float(np.sum(normalised(answers) * held_out.wanted, axis=1).mean()),
        "held_out_eer": equal_error_rate(vectors, held_out.people),
        "held_out_projected_eer": equal_error_rate(answers, held_out.people),
    }


class StopWatch:
    """Counts seconds on from `seconds`, once it is started."""

    def __init__(self, seconds: float) -> None:
        self._before, self._started = seconds, math.nan

    @property
    def runs(self) -> bool:
        """Whether it has been started."""
        return not math.isnan(self._started)

    def start(self) -> None:
        """Begin to count, unless it does."""
        if not self.runs:
            self._started = time.monotonic()

    def seconds(self) -> float:
        """Seconds counted."""
        return self._before + (time.monotonic() - self._started if self.runs else 0.0)


class Clock:
    """Says when so many minutes of wall-clock time have passed."""

    def __init__(self, every_minutes: float) -> None:
        self._seconds = 60 * every_minutes
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether it is time again; if so, counting starts again."""
        if time.monotonic() - self._last < self._seconds:
            return False
        self._last = time.monotonic()
        return True


def learn(
    run: Path,
    lesson: Any,
    stream_from: Callable[[int], Any],
    progress: Progress,
    held_out: HeldOut | None,
    *,
    on_step: Callable[[Progress, float], None],
    on_figures: Callable[[Figures], None],
    stop_asked: Callable[[], bool],
    measure_minutes: float,
    checkpoint_minutes: float = 5.0,
) -> Progress:
    """Learn until the period is over or a stop is asked for; how far that came, which is on disk then.

    `stream_from` gives what is shown from a number of samples on. The rate changes every `STRETCH` steps only: on some
    backends nothing can be looked at or changed within a call of `fit` without waiting for the device. The first step
    stands alone and takes no time of the period: it may be compiled for a minute.
    """
    budget = Budget(progress.period_steps, progress.period_minutes)
    clock = StopWatch(progress.seconds)
    checkpoint, measuring = Clock(checkpoint_minutes), Clock(measure_minutes)
    means, stopped = Means(), False
    while not stopped:
        first = progress
        steps = _steps_at_once(first, is_first=not clock.runs)
        rate = learning_rate(budget.progress(first.steps - first.steps % STRETCH, first.seconds), first.learning_rate)
        lesson.optimizer.learning_rate = rate

        def reached(steps: int, first: Progress = first) -> Progress:
            seen = first.samples + steps * first.batch
            return replace(first, samples=seen, steps=first.steps + steps, seconds=clock.seconds())

        def on_batch(begun: int, reached: Callable[[int], Progress] = reached) -> bool:
            state = reached(begun)
            done = budget.progress(state.steps, state.seconds)
            on_step(state, done)
            return stop_asked() or done >= 1

        begun, logs = _fit(lesson, stream_from(first.samples), steps, on_batch)
        clock.start()
        means.add(logs, begun)
        progress = reached(begun)
        progress = replace(progress, finished=budget.progress(progress.steps, progress.seconds) >= 1)
        stopped = progress.finished or stop_asked()
        if measuring.due() or progress.finished:
            on_figures(_figures(lesson, progress, means.take(), rate, held_out))
        if checkpoint.due() or stopped:
            save_checkpoint(run, lesson, progress)
    return progress


def _steps_at_once(progress: Progress, *, is_first: bool) -> int:
    """How many steps are taken in one call of `fit`: to the next change of the rate, or to the end of the period."""
    steps = 1 if is_first else STRETCH - progress.steps % STRETCH
    return min(steps, progress.period_steps - progress.steps) if progress.period_steps else steps


def _fit(lesson: Any, stream: Any, steps: int, on_batch: Callable[[int], bool]) -> tuple[int, dict[str, float]]:
    """Fit at most so many steps, fewer when `on_batch` says so; the number begun (all are ended), and mean figures."""
    base: Any = import_keras().callbacks.Callback

    class Pulse(base):  # type: ignore[misc]
        begun = 0

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 - keras calls it so
            self.begun += 1
            self.model.stop_training = on_batch(self.begun)

    pulse = Pulse()
    history = lesson.fit(stream, epochs=1, steps_per_epoch=steps, shuffle=False, verbose=0, callbacks=[pulse])
    return pulse.begun, {name: float(values[-1]) for name, values in history.history.items()}


class Means:
    """Means of figures over steps."""

    def __init__(self) -> None:
        self._sums: Counter[str] = Counter()
        self._steps = 0

    def add(self, logs: dict[str, float], steps: int) -> None:
        """Take the means over so many further steps."""
        self._sums.update({name: value * steps for name, value in logs.items()})
        self._steps += steps

    def take(self) -> dict[str, float]:
        """The means since this was last asked for."""
        means = {name: value / self._steps for name, value in self._sums.items()}
        self._sums.clear()
        self._steps = 0
        return means


def _figures(
    lesson: Any, progress: Progress, means: dict[str, float], rate: float, held_out: HeldOut | None
) -> Figures:
    budget = Budget(progress.period_steps, progress.period_minutes)
    return Figures(
        samples=progress.samples,
        minutes=round(progress.seconds / 60, 1),
        done=round(budget.progress(progress.steps, progress.seconds), 4),
        learning_rate=rate,
        loss=means["loss"],
        agreement=means["agreement"],
        hint_error=means["hint_error"],
        **(measure(lesson.student, held_out) if held_out else {}),
    )
