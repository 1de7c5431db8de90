"""What was changed by hand, by whom, and how it is taken back."""

from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from twinface.corrections.audit import list_audit
from twinface.corrections.steps import list_steps, step_to_plain, taken_back_by
from twinface.review.undo import undo
from twinface.sharing.opened import shared_database
from twinface.sharing.shared_audit import count_all_audits, read_all_audits
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


class Entry(BaseModel):
    """A change or a login: `what` is the kind of step, or forget, retrain, rollback, token, login, login refused. Of a
    step that is no longer kept `said` is empty.
    """

    number: int
    at_ns: int
    who: str
    what: str
    said: str
    step: int | None
    undone_by: int | None


class BoxEntry(BaseModel):
    """A change or login at a box, with the fields of `twinface corrections --all-boxes --json`."""

    box: str
    box_id: str
    at_ns: int
    who: str
    what: str
    said: str
    step: int | None
    undone_by: int | None


class AuditOfAllBoxes(BaseModel):
    """As `Audit`, of every box that shares the database; none where this box shares nothing, and `shared` is false."""

    shared: bool
    total: int
    entries: list[BoxEntry]
    next: int | None


class Audit(BaseModel):
    """Changes and logins, the newest first: of `total` those from a place on; `next` is the place to go on from."""

    total: int
    entries: list[Entry]
    next: int | None


class Undo(BaseModel):
    """Which step; the last one that is not taken back where none is named."""

    step: Annotated[int, Field(ge=1, le=LARGEST)] | None = None


def changes_routes(context: Context) -> APIRouter:
    """`/corrections`, `/corrections/undo` and `/audit`."""
    router, settings = APIRouter(tags=["review"]), context.settings

    @router.get("/corrections")
    def list_changes() -> Steps:
        """What was said and changed by hand."""
        steps = list_steps(settings.gallery)
        by = taken_back_by(steps)
        return Steps(steps=[StepShown(**step_to_plain(step, by)) for step in steps])

    @router.post("/corrections/undo")
    def take_back(which: Undo, request: Request) -> StepShown:
        """Take a change back; everything is then as it was before. That is a step, too."""
        return StepShown(**step_to_plain(undo(settings, which.step, who=who_asks(request)), {}))

    @router.get("/audit")
    def list_changes_and_logins(
        start: Annotated[int, Query(ge=0, le=LARGEST)] = 0, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> Audit:
        """Who did what, and when; commands, too. Of logins there are some of the last ones."""
        found, end = list_audit(settings.gallery), start + limit
        shown = [Entry(**asdict(one)) for one in found[start:end]]
        return Audit(total=len(found), entries=shown, next=end if end < len(found) else None)

    @router.get("/audit/all-boxes")
    def list_changes_of_all_boxes(
        start: Annotated[int, Query(ge=0, le=LARGEST)] = 0, limit: Annotated[int, Query(ge=1, le=500)] = 100
    ) -> AuditOfAllBoxes:
        """The same of every box of the database, which has to answer, without words that have names in them."""
        if not settings.database.url:
            return AuditOfAllBoxes(shared=False, total=0, entries=[], next=None)
        with shared_database(settings) as connection:
            total, found = count_all_audits(connection), read_all_audits(connection, limit, start)
        shown = [BoxEntry(**one.plain) for one in found]
        end = start + limit
        return AuditOfAllBoxes(shared=True, total=total, entries=shown, next=end if end < total else None)

    return router
