"""Somebody enrolled from pictures: one by one with an answer to each, in memory until it is finished."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool

from twinface.box.handed_files import MOST_BYTES, read_handed
from twinface.web.api.context import Context, who_asks
from twinface.web.api.picture_schemas import JPEG, Box
from twinface.web.api.uploads import PICTURE_BODY, one_picture

Number = Annotated[int, Path(ge=1, le=1_000_000)]
Key = Annotated[str, Path(max_length=100)]


class Enrolment(BaseModel):
    """Who is to be enrolled: with `merge` they may be in the gallery already; with `force` the gate objects to nothing
    but pictures without a face.
    """

    name: str = Field(max_length=1000)
    merge: bool = False
    force: bool = False


class Begun(BaseModel):
    """The id by which pictures are sent; it ends ten minutes after its last use."""

    enrolment: str
    name: str


class Judged(BaseModel):
    """Picture number `picture`: accepted, or the gate's `reason` for programs, with `words` of what would be better;
    what was measured of its face, where that is, and where its crop can be seen.
    """

    picture: int
    accepted: bool
    reason: str | None
    words: str
    measures: dict[str, float]
    box_xyxy: Box | None
    picture_url: str | None


class Left(BaseModel):
    """How many accepted pictures there are."""

    accepted: int


class Enrolled(BaseModel):
    """Who is in the gallery now; `added` pictures were new, which the step of this number takes back."""

    name: str
    id: str
    added: int
    step: int | None


class Cancelled(BaseModel):
    """Whose enrolment is over; nothing was kept."""

    name: str


def enrolments_routes(context: Context) -> APIRouter:
    """`/enrolments`."""
    router = APIRouter(prefix="/enrolments", tags=["enrolment"])

    async def answer(verb: str, arguments: Mapping[str, Any]) -> Any:
        return await run_in_threadpool(context.pictures.ask, verb, arguments)

    @router.post("")
    async def begin(wanted: Enrolment) -> Begun:
        """Begin to enrol somebody. Nothing is in the gallery until it is finished."""
        return Begun.model_validate(await answer("enrol", wanted.model_dump()))

    @router.post("/{enrolment}/pictures", openapi_extra=PICTURE_BODY)
    async def add_picture(enrolment: Key, request: Request) -> Judged:
        """Send a picture; a refused one costs nothing, and says what would be better."""
        async with one_picture(request) as picture:
            found = await run_in_threadpool(context.pictures.ask, "enrol picture", {"enrolment": enrolment}, picture)
        url = f"/api/v1/enrolments/{enrolment}/pictures/{found['picture']}" if found["has_crop"] else None
        return Judged(picture_url=url, **{name: found[name] for name in Judged.model_fields if name in found})

    @router.get("/{enrolment}/pictures/{number}", response_class=Response, responses={200: {"content": JPEG}})
    async def show_picture(enrolment: Key, number: Number) -> Response:
        """The face that was cut out of a picture."""
        found = await answer("enrol crop", {"enrolment": enrolment, "number": number})
        return Response(read_handed(found["jpeg"], MOST_BYTES), media_type="image/jpeg")

    @router.delete("/{enrolment}/pictures/{number}")
    async def take_out(enrolment: Key, number: Number) -> Left:
        """Take a picture out again."""
        return Left.model_validate(await answer("enrol without", {"enrolment": enrolment, "number": number}))

    @router.post("/{enrolment}/finish")
    async def finish(enrolment: Key, request: Request) -> Enrolled:
        """Put the accepted pictures into the gallery. It can be taken back."""
        arguments = {"enrolment": enrolment, "who": who_asks(request)}
        return Enrolled.model_validate(await answer("enrol finish", arguments))

    @router.delete("/{enrolment}")
    async def cancel(enrolment: Key) -> Cancelled:
        """Forget the pictures, and whom they show."""
        return Cancelled.model_validate(await answer("enrol cancel", {"enrolment": enrolment}))

    return router
