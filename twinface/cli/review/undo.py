"""`twinface undo`: what people changed is taken back."""

from typing import Annotated

import typer

from twinface.cli.configuration import chosen_settings
from twinface.cli.console import say, say_json
from twinface.cli.shared_options import GalleryOption, JsonOption

StepArgument = Annotated[
    int | None,
    typer.Argument(metavar="STEP", help="Its number, as `twinface corrections` prints it; default: the last one."),
]


def undo(step: StepArgument = None, *, gallery: GalleryOption = None, as_json: JsonOption = False) -> None:
    """Take back what was said or changed: a rejection, confirmation, addition, enrolment, rename, merge or removal.

    Everything is then as it was before, to the byte, half a second later also for the matcher. Where a person has
    changed since, it says by what and does nothing. An undo is a step, too: `undo` of its number does it again. What
    `forget` erased is gone for good.
    """
    from twinface.corrections.steps import step_to_plain
    from twinface.review.undo import undo as take_back

    taken_back = take_back(chosen_settings(gallery=gallery and gallery.absolute()), step)
    if as_json:
        say_json("undo", step_to_plain(taken_back, {}))
        return
    say(f"step {taken_back.number} taken back: {taken_back.said}")
