"""What was changed by hand, by whom, and how it is taken back."""

from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field

from twinface.web.api.context import LARGEST, Context, who_asks


class StepShown(BaseModel):
    """A change by hand: when, by whom, and what; `undoes` is the step that it took back, `taken_back_by` the one that
    took it back.
    """

    step: int
    kind: str
    said: str
    names: list[str]
    who: str
    at_ns: int
    undoes: int | None
    taken_back_by: int | None


class Steps(BaseModel):
    """The last hundred changes, the oldest first."""

    steps: list[StepShown]


class Undo(BaseModel):
    """Which step; the last one that is not taken back where none is named."""

    step: Annotated[int, Field(ge=1, le=LARGEST)] | None = None


def changes_routes(context: Context) -> APIRouter:
    """`/corrections` and `/corrections/undo`; loaded when first asked for, as in `review`."""
    router, settings = APIRouter(prefix="/corrections", tags=["review"]), context.settings

    @router.get("")
    def list_changes() -> Steps:
        """What was said and changed by hand."""
        from twinface.review.undo import list_steps, step_to_plain, taken_back_by

        steps = list_steps(settings.gallery)
        by = taken_back_by(steps)
        return Steps(steps=[StepShown(**step_to_plain(step, by)) for step in steps])

    @router.post("/undo")
    def take_back(which: Undo, request: Request) -> StepShown:
        """Take a change back; everything is then as it was before. That is a step, too."""
        from twinface.review.undo import step_to_plain, undo

        return StepShown(**step_to_plain(undo(settings, which.step, who=who_asks(request)), {}))

    return router
