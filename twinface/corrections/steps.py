"""The steps that are kept of a gallery, and which of them were taken back."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from twinface.corrections.steps_file import Step, StepKind, read_step, step_numbers
from twinface.errors import ArtefactError


def list_steps(gallery: Path) -> list[Step]:
    """All steps that are kept of a gallery, the oldest first; one that cannot be read says so."""
    return [_read(gallery, number) for number in step_numbers(gallery)]


def _read(gallery: Path, number: int) -> Step:
    try:
        return read_step(gallery, number)
    except ArtefactError as error:
        return Step(number, StepKind.UNREADABLE, str(error), (), "?", 0, is_done=True)


def taken_back_by(steps: list[Step]) -> Mapping[int, int]:
    """Which steps are taken back, and by which step; who takes back a step that took back another one, undoes that."""
    by: dict[int, int] = {}
    for step in reversed(steps):
        if step.undoes is not None and step.number not in by:
            by[step.undoes] = step.number
    return by


def step_to_plain(step: Step, by: Mapping[int, int]) -> dict[str, Any]:
    """A step, JSON-ready; `by` has the numbers of steps that were taken back, each with that of the one that did."""
    return {
        "step": step.number,
        "kind": str(step.kind),
        "said": step.said,
        "names": list(step.names),
        "who": step.who,
        "at_ns": step.at_ns,
        "undoes": step.undoes,
        "taken_back_by": by.get(step.number),
    }
