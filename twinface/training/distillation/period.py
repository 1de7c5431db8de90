"""One period of learning, watched: the rate, the figures, the checkpoints, the stop."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.matching.heads import normalised
from twinface.training.distillation.checkpoints import Progress, save_checkpoint
from twinface.training.distillation.schedule import Budget, learning_rate
from twinface.training.distillation.verification import equal_error_rate
from twinface.training.tensorflow_setup import import_keras
from twinface.types import Vectors

_MEASURE_BATCH = 58


@dataclass(frozen=True, slots=True, eq=False)
class HeldOut:
    """People never learnt from: input float32 (m, s, s, 3), whom it is of (m,), the teacher's centred unit vectors."""

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


class Clock:
    """Says when so many minutes of wall-clock time have passed."""

    def __init__(self, every_minutes: float) -> None:
        self._seconds = 60 * every_minutes
        self._last = time.monotonic()

    def due(self) -> bool:
        """Whether it is time again; if so, counting starts anew."""
        if time.monotonic() - self._last < self._seconds:
            return False
        self._last = time.monotonic()
        return True


def make_watch(
    run: Path,
    progress: Progress,
    held_out: HeldOut | None,
    *,
    on_step: Callable[[Progress, float], None],
    on_figures: Callable[[Figures], None],
    stop_asked: Callable[[], bool],
    checkpoint_minutes: float = 5.0,
    measure_minutes: float = 5.0,
) -> Any:
    """The keras callback that runs a period; its `progress` says how far it came."""
    keras = import_keras()
    base: Any = keras.callbacks.Callback
    budget = Budget(progress.period_steps, progress.period_minutes)

    class Watch(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.progress = progress
            self._started = time.monotonic() - progress.seconds
            self._checkpoint, self._measure = Clock(checkpoint_minutes), Clock(measure_minutes)

        def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 - keras calls it so
            self.model.optimizer.learning_rate = learning_rate(self._done(), progress.learning_rate)

        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:  # noqa: ARG002 - keras calls it so
            before = self.progress
            self.progress = replace(
                before,
                samples=before.samples + before.batch,
                steps=before.steps + 1,
                seconds=time.monotonic() - self._started,
            )
            self.progress = replace(self.progress, finished=self._done() >= 1)
            on_step(self.progress, self._done())
            self.model.stop_training = self.progress.finished or stop_asked()
            if self._measure.due() or self.progress.finished:
                self._report(logs or {})
            if self._checkpoint.due() or self.model.stop_training:
                save_checkpoint(run, self.model, self.progress)

        def _done(self) -> float:
            return budget.progress(self.progress.steps, self.progress.seconds)

        def _report(self, logs: dict[str, float]) -> None:
            figures = Figures(
                samples=self.progress.samples,
                minutes=round(self.progress.seconds / 60, 1),
                done=round(self._done(), 4),
                learning_rate=float(self.model.optimizer.learning_rate),
                loss=float(logs["loss"]),
                agreement=float(logs["agreement"]),
                hint_error=float(logs["hint_error"]),
                **(measure(self.model, held_out) if held_out else {}),
            )
            self.model.reset_metrics()
            on_figures(figures)

    return Watch()
