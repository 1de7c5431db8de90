"""What the trainer does on request: a head retrained, or a ResNet50 taught."""

import dataclasses
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from twinface.box.training_job import LEARNING, Outcome, Work
from twinface.errors import InputError
from twinface.progress import SayHowFar
from twinface.settings import Settings
from twinface.training.heads.head_training import TrainOptions
from twinface.training.retraining.head_retraining import retrain

if TYPE_CHECKING:
    from twinface.distillation.checkpoints import Progress
    from twinface.distillation.training_period import Figures

log = logging.getLogger(__name__)


def retraining(settings: Settings, arguments: Mapping[str, Any]) -> Work:
    """Retrain the head of the settings. Raises KeyError, TypeError or ValueError where this is not what was asked."""
    options = TrainOptions(
        arguments["architecture"], epochs=int(arguments["epochs"]), normalize=bool(arguments["normalize"])
    )
    features = Path(arguments["features"]) if arguments["features"] else None

    def work(say: SayHowFar, _stop_asked: Callable[[], bool]) -> Outcome:
        report = retrain(settings, options, features, say)
        detail = "published" if report.published else "the present head is kept"
        return Outcome(detail, dataclasses.asdict(report) | {"published": report.published})

    return work


def teaching(arguments: Mapping[str, Any]) -> Work:
    """Teach a ResNet50 as `twinface.distillation.run_order` says. Raises as `retraining` does."""
    from twinface.distillation.run_order import from_plain, summary
    from twinface.distillation.training_run import Listener, carry_out

    order = from_plain(arguments)

    def work(say: SayHowFar, stop_asked: Callable[[], bool]) -> Outcome:
        packed = 0

        def on_picture(_path: Path, error: InputError | None) -> None:
            nonlocal packed
            packed += 1
            say(f"preparing, {packed:,} pictures")
            if error is not None:
                log.warning("picture left out", extra={"error": str(error)})
            if stop_asked():
                raise InputError("stopped before it began to learn")

        def on_step(state: "Progress", done: float) -> None:
            say(f"{LEARNING}, {state.samples:,} samples", done)

        def on_figures(figures: "Figures") -> None:
            log.info("measured", extra=dataclasses.asdict(figures))

        def on_resumed(state: "Progress") -> None:
            log.info("going on from the last checkpoint", extra={"samples": state.samples})

        @contextmanager
        def hear_stop() -> Iterator[Callable[[], bool]]:
            yield stop_asked

        reached = carry_out(order, Listener(on_picture, on_step, on_figures, on_resumed, hear_stop))
        return Outcome(summary(order, reached))

    return work
