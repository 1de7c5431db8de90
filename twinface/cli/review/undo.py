"""`twinface undo` and `twinface corrections`: what people changed, and how it is taken back."""

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import note, say, say_json
from twinface.cli.options import GalleryOption, JsonOption
from twinface.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from twinface.corrections.step import Step

StepArgument = Annotated[
    int | None,
    typer.Argument(metavar="STEP", help="Its number, as `twinface corrections` prints it; default: the last one."),
]


def undo(step: StepArgument = None, *, gallery: GalleryOption = None, as_json: JsonOption = False) -> None:
    """Take back what was said or changed: a rejection, confirmation, enrolment, rename, merge or removal.

    Everything is then as it was before, to the byte, half a second later also for the matcher. Where a person has
    changed since, it says by what and does nothing. An undo is a step, too: `undo` of its number does it again. What
    `forget` erased is gone for good.
    """
    from twinface.review.undo import undo as take_back

    taken_back = take_back(_settings(gallery), step)
    if as_json:
        say_json(_as_plain(taken_back, {}))
        return
    say(f"step {taken_back.number} taken back: {taken_back.said}")


def corrections(gallery: GalleryOption = None, as_json: JsonOption = False) -> None:
    """Show what was said and changed by hand, the oldest first: number, time, who, and what; the last hundred."""
    from twinface.review.undo import list_steps, taken_back_by

    steps = list_steps(_settings(gallery).gallery)
    by = taken_back_by(steps)
    if as_json:
        say_json([_as_plain(step, by) for step in steps])
        return
    for step in steps:
        at = datetime.datetime.fromtimestamp(step.at_ns / 1e9).astimezone().strftime("%Y-%m-%d %H:%M")
        end = f"; taken back by step {by[step.number]}" if step.number in by else ""
        say(f"{step.number:5}  {at}  {step.who}  {step.kind}: {step.said}{end}")
    if not steps:
        note("nothing was corrected or changed by hand yet")


def _settings(gallery: "Path | None") -> Settings:
    settings = chosen_settings()
    return settings if gallery is None else settings.model_copy(update={"gallery": gallery.absolute()})


def _as_plain(step: "Step", by: Mapping[int, int]) -> dict[str, Any]:
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
