"""What the trainer of the running box is asked to do, from beginning to end: a head retrained, or a network taught."""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter

from twinface.box.supervision import process_states, start_process
from twinface.box.training_job import LEARNING
from twinface.bus.control import ask
from twinface.bus.rundir import RunDirectory
from twinface.errors import InputError, ServiceError, TwinfaceError
from twinface.messages.topics import CONTROL
from twinface.processes import TRAINER
from twinface.progress import SayHowFar, say_nothing
from twinface.settings import Settings
from twinface.training.heads.head_training import TrainOptions
from twinface.training.retraining.retraining_report import RetrainReport

if TYPE_CHECKING:
    from twinface.distillation.run_order import Order

_ANSWERS_WITHIN_S = 60.0
_POLL_S = 0.5
_SHORT_S = 1.0


@dataclass(frozen=True, slots=True)
class TrainerProgress:
    """What the trainer says of its work: `state` idle, running, done or failed, `detail` more in words.

    `share` is how much of it is done, 0…1, None where that is not known; `report` what came of a retraining,
    JSON-ready, None of other work and until it is done.
    """

    state: str
    detail: str
    share: float | None = None
    report: Mapping[str, Any] | None = None


def retrain_on_box(
    settings: Settings,
    run: RunDirectory,
    options: TrainOptions,
    features: Path | None = None,
    *,
    say: SayHowFar = say_nothing,
) -> RetrainReport:
    """Have the trainer retrain the head of the running box, wait for it, and return what was found and decided.

    Of the options architecture, epochs and normalize count. `features` are vectors of others to train on as well.
    Raises InputError for options that make no sense together, ServiceError where the box is not up or its trainer does
    other work, TwinfaceError where the training failed; the present head stays then.
    """
    options.check()
    arguments = {
        "features": str(features.absolute()) if features else None,
        "architecture": options.architecture,
        "epochs": options.epochs,
        "normalize": options.normalize,
    }
    _start(settings, run)
    progress = _until(run, _ask(run, "train", arguments), lambda now: now.state != "running", say)
    if progress.state != "done":
        raise TwinfaceError(progress.detail)
    return TypeAdapter(RetrainReport).validate_python(progress.report)


def begin_teaching(
    settings: Settings, run: RunDirectory, order: "Order", *, say: SayHowFar = say_nothing
) -> TrainerProgress:
    """Have the trainer carry out an order; returns once it learns, so that what is wrong with the order is raised here.

    An order that is so short that it is done by then is no mistake. Raises ServiceError where the box is not up or its
    trainer does other work, TwinfaceError where it cannot be carried out.
    """
    from twinface.distillation.run_order import in_full, to_plain

    _start(settings, run)
    asked = _ask(run, "teach", to_plain(in_full(order)))
    progress = _until(run, asked, lambda now: now.state != "running" or now.detail.startswith(LEARNING), say)
    if progress.state == "failed":
        raise TwinfaceError(progress.detail)
    return progress


def stop_teaching(
    settings: Settings, run: RunDirectory, output: Path, *, say: SayHowFar = say_nothing
) -> TrainerProgress:
    """Have the trainer end its work on the run in the folder `output`, and wait until its checkpoint is written.

    Raises InputError where nothing is being trained, ServiceError where the box is not up or other work is done.
    """
    if not _is_running(settings, run):
        raise InputError("nothing is being trained")
    asked = _ask(run, "stop", {"run": str(output.absolute())})
    return _until(run, asked, lambda now: now.state != "running", say)


def _start(settings: Settings, run: RunDirectory) -> None:
    """Returns once the trainer answers. Raises ServiceError where the box is not up, or it does not start."""
    if not _is_running(settings, run):
        start_process(run, TRAINER.name)
    _progress(run)


def _is_running(settings: Settings, run: RunDirectory) -> bool:
    return any(state.name == TRAINER.name and state.pid for state in process_states(run, settings))


def _until(
    run: RunDirectory, progress: TrainerProgress, is_over: Callable[[TrainerProgress], bool], say: SayHowFar
) -> TrainerProgress:
    while not is_over(progress):
        say(progress.detail, progress.share)
        time.sleep(_POLL_S)
        progress = _progress(run)
    return progress


def _progress(run: RunDirectory) -> TrainerProgress:
    """How far it is; it may answer late, while it starts or loads TensorFlow on a busy machine."""
    give_up_at_s = time.monotonic() + _ANSWERS_WITHIN_S
    while True:
        try:
            return _ask(run, "progress")
        except ServiceError as error:
            if error.code != "timeout" or time.monotonic() > give_up_at_s:
                raise


def _ask(
    run: RunDirectory, verb: str, arguments: Mapping[str, object] | None = None, *, timeout_s: float = 10.0
) -> TrainerProgress:
    answer = ask(run.endpoint(CONTROL, TRAINER.name), verb, arguments, timeout_s=timeout_s)
    return TrainerProgress(answer["state"], answer["detail"], answer["share"], answer["report"])


class RetrainingFollowed:
    """Has the trainer retrain, and follows it in a thread, so that nobody who asks how far it is has to wait."""

    def __init__(self, settings: Settings, run: RunDirectory) -> None:
        self._settings, self._run = settings, run
        self._now = TrainerProgress("idle", "")
        self._lock = threading.Lock()

    def begin(self, options: TrainOptions) -> TrainerProgress:
        """Begin, and return at once. Raises InputError for options that make no sense together, ServiceError where a
        head is being trained already. What comes of it, `progress` says.
        """
        options.check()
        with self._lock:
            now = self.progress()
            if now.state == "running":
                raise ServiceError(f"the trainer works already ({now.detail}); wait for its end", "busy")
            begun = self._now = TrainerProgress("running", "starting the trainer")
            threading.Thread(target=self._follow, args=(options,), name="retraining", daemon=True).start()
            return begun

    def progress(self) -> TrainerProgress:
        """How far it is; of work that others asked the trainer for, too, while it goes on."""
        if self._now.state != "running" and self._run.is_locked(TRAINER.name):
            with suppress(ServiceError):
                theirs = _ask(self._run, "progress", timeout_s=_SHORT_S)
                if theirs.state == "running":
                    return theirs
        return self._now

    def _follow(self, options: TrainOptions) -> None:
        try:
            report = retrain_on_box(self._settings, self._run, options, say=self._say)
        except TwinfaceError as error:
            self._now = TrainerProgress("failed", str(error))
            return
        detail = "published" if report.published else "the present head is kept"
        self._now = TrainerProgress("done", detail, 1.0, asdict(report) | {"published": report.published})

    def _say(self, detail: str, share: float | None = None, /) -> None:
        self._now = TrainerProgress("running", detail, share)
