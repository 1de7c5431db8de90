"""What `twinface undo` and `corrections` say of a step, for machines."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from twinface.corrections.step import Step


def step_to_plain(step: "Step", by: Mapping[int, int]) -> dict[str, Any]:
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
