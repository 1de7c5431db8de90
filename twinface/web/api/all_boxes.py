"""All boxes that share a database with this one, as each of them has said how it is."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from twinface.sharing.all_boxes import read_boxes
from twinface.web.api.context import Context


class OneBox(BaseModel):
    """A box, with the fields of `twinface boxes --json`."""

    id: str
    name: str
    version: str
    page: str
    is_here: bool
    ok: bool
    health: str
    gallery_version: int
    gallery_behind: int
    events_waiting: int
    clock_ahead_s: float
    started_at_s: float
    seen_at_s: float
    silent_s: float
    warnings: list[str]


class AllBoxes(BaseModel):
    """Every box, by name; none where this box shares nothing, and `shared` is false."""

    shared: bool
    boxes: list[OneBox]


def all_boxes_routes(context: Context) -> APIRouter:
    """`/boxes`."""
    router = APIRouter(tags=["box"])

    @router.get("/boxes")
    def list_boxes() -> AllBoxes:
        """Every box of `[database]`. Its database has to answer."""
        if not context.settings.database.url:
            return AllBoxes(shared=False, boxes=[])
        found: list[dict[str, Any]] = [box.plain for box in read_boxes(context.settings)]
        return AllBoxes(shared=True, boxes=[OneBox.model_validate(box) for box in found])

    return router
