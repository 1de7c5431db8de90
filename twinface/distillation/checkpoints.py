"""A run on disk: weights, optimiser and counters that belong together, replaced as a whole."""

import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.arrays import read_npz
from twinface.errors import ArtefactError
from twinface.files import canonical_json, read_json_object, sync

WEIGHTS, OPTIMISER, PROGRESS, BACKBONE = "student.npz", "optimiser.npz", "progress.json", "backbone.weights.h5"
_PREFIX = "checkpoint-"
_MAX_BYTES = 8 << 30

Weights = dict[str, NDArray[np.float32]]
"""A student's weights by their paths."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is: samples seen in all, and steps and seconds of its present period, which has these settings."""

    samples: int = 0
    steps: int = 0
    seconds: float = 0.0
    finished: bool = False
    size_px: int = 0
    batch: int = 0
    learning_rate: float = 0.0
    hint_weight: float = 0.0
    period_steps: int | None = None
    period_minutes: float | None = None


def save_checkpoint(run: Path, lesson: Any, progress: Progress) -> Path:
    """Write `run`/checkpoint-<samples>/ and remove older ones; a stop at any moment leaves one whole checkpoint."""
    target = run / f"{_PREFIX}{progress.samples:09}"
    temporary = Path(tempfile.mkdtemp(dir=run, prefix=".checkpoint-"))
    try:
        _save(temporary / WEIGHTS, {variable.path: variable for variable in lesson.student.weights})
        lesson.student.resnet.save_weights(temporary / BACKBONE)
        _save(temporary / OPTIMISER, {str(index): value for index, value in enumerate(lesson.optimizer.variables)})
        (temporary / PROGRESS).write_bytes(canonical_json({"format": 1, **asdict(progress)}))
        for path in temporary.iterdir():
            sync(path)
        if target.exists():
            shutil.rmtree(target)
        temporary.rename(target)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    sync(run)
    for path in _checkpoints(run):
        if path != target:
            shutil.rmtree(path)
    return target


def find_checkpoint(run: Path) -> Path | None:
    """The newest whole checkpoint of a run."""
    found = _checkpoints(run)
    return found[-1] if found else None


def sweep(run: Path) -> None:
    """Remove the leftovers of a checkpoint whose writing was cut off, from a run that nobody else is learning."""
    for path in run.glob(f".{_PREFIX}*"):
        shutil.rmtree(path)


def read_progress(checkpoint: Path) -> Progress:
    """How far a checkpoint is. Raises ArtefactError when it is damaged."""
    content = read_json_object(checkpoint / PROGRESS)
    try:
        if content.pop("format") != 1:
            raise ValueError("another format")
        content.pop("depth", None)  # of runs before 0.2.0; whatever it says, their weights are of all blocks
        return Progress(**content)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactError(f"{checkpoint}: not a checkpoint of this version ({error}); start a new run") from error


def load_weights(checkpoint: Path, student: Any) -> None:
    """Give a student the weights of a checkpoint. Raises ArtefactError when they are of another architecture."""
    _assign(checkpoint / WEIGHTS, {variable.path: variable for variable in student.weights})


def mix_in(student: Any, learnt: Weights, share: float) -> None:
    """Mix other weights into a student's, to a `share` of 0…1; what they have no part for, such as hints, stays.

    Halfway back from fine-tuning to where it started, what it has learnt is nearly all there, and little of what it has
    forgotten is lost (Wortsman et al., Robust fine-tuning of zero-shot models, 2022). Raises ArtefactError when they
    are of another architecture.
    """
    for variable in student.weights:
        value = learnt.get(variable.path)
        if value is None and "hint_" in variable.path:
            continue
        if value is None or value.shape != tuple(variable.shape):
            raise ArtefactError(f"--start: of another architecture ({variable.path} differs); name another run")
        variable.assign(share * value + (1 - share) * np.asarray(variable))


def load_optimiser(checkpoint: Path, lesson: Any) -> None:
    """Give the optimiser of a lesson, built already, its state back. Raises ArtefactError when it does not fit."""
    _assign(checkpoint / OPTIMISER, {str(index): value for index, value in enumerate(lesson.optimizer.variables)})


def _save(path: Path, variables: dict[str, Any]) -> None:
    arrays: dict[str, Any] = {name: np.asarray(variable) for name, variable in variables.items()}
    np.savez(path, **arrays)


def read_weights(checkpoint: Path) -> Weights:
    """The weights of a checkpoint's student by their paths. Raises ArtefactError when it is damaged."""
    return _read(checkpoint / WEIGHTS)


def _read(path: Path) -> dict[str, Any]:
    try:
        return read_npz(path, _MAX_BYTES)
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{path}: cannot be read ({error}); remove its folder and start again") from error


def _assign(path: Path, variables: dict[str, Any]) -> None:
    values = _read(path)
    wanted = {name: tuple(variable.shape) for name, variable in variables.items()}
    if {name: value.shape for name, value in values.items()} != wanted:
        raise ArtefactError(f"{path}: of another architecture; give the run's own settings, or start a new run")
    for name, variable in variables.items():
        variable.assign(values[name])


def _checkpoints(run: Path) -> list[Path]:
    return sorted(path for path in run.glob(f"{_PREFIX}*") if path.is_dir())
