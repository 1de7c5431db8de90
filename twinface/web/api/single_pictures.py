"""Single pictures: where faces are in one, and whose."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from twinface.web.api.context import LATEST_NS, Context
from twinface.web.api.look_pictures import FoundPictures
from twinface.web.api.picture_schemas import Box
from twinface.web.api.uploads import PICTURE_BODY, one_picture


class CandidateShown(BaseModel):
    """Somebody of the gallery, and how well they fit, 0…1."""

    name: str
    id: str
    score: float


class FaceFound(BaseModel):
    """A face: its box and five landmarks in pixels of the picture as it stands upright, and what was measured of it."""

    box_xyxy: Box
    landmarks: list[tuple[float, float]]
    detection_score: float
    measures: dict[str, float]


class Prepared(BaseModel):
    """Whether pictures are read at once now; the looks to search through may still be on their way."""

    ready: bool


class FaceNamed(BaseModel):
    """A face and who it is: `name` and `id` with the state `known` only; `reason` is why it is no name.

    A name is given from the `threshold` on.
    """

    box_xyxy: Box
    state: str
    name: str | None
    id: str | None
    score: float
    threshold: float
    candidates: list[CandidateShown]
    reason: str
    measures: dict[str, float]


class Detected(BaseModel):
    """The faces of a picture, the surest first; `warning` says where it lies on its side, and is empty elsewhere."""

    width_px: int
    height_px: int
    warning: str
    faces: list[FaceFound]


class Identified(BaseModel):
    """The faces of a picture and who they are; `warning` as in what `/pictures/detect` answers."""

    width_px: int
    height_px: int
    warning: str
    faces: list[FaceNamed]


class WhichVisits(BaseModel):
    """Of looks taken at `since_ns` ≤ t < `until_ns` and at a `camera`, where given; `face` is one of several in the
    picture, the largest where it is not given.
    """

    model_config = ConfigDict(extra="forbid")

    since_ns: int | None = Field(None, ge=0, le=LATEST_NS)
    until_ns: int | None = Field(None, ge=0, le=LATEST_NS)
    camera: str | None = Field(None, max_length=1000)
    face: int | None = Field(None, ge=0, le=10_000)
    limit: int = Field(20, ge=1, le=200)


class FaceBox(BaseModel):
    """Where a face is."""

    box_xyxy: Box


class VisitMatching(BaseModel):
    """A track of which a look matches: from when to when it was seen, who it was said to be, the best `score`, the
    number of that `look`, and where its picture is, if it is kept.
    """

    track: str
    look: int
    camera: str
    since_ns: int
    until_ns: int
    name: str | None
    id: str | None
    state: str
    score: float
    picture: str | None


class Searched(BaseModel):
    """The visits that the face number `face` of the picture matches, best first: their looks reach the `threshold`,
    which a share `false_accept_rate` of the pairs of two people reach, too; null where nobody has measured it.
    """

    faces: list[FaceBox]
    face: int
    threshold: float
    false_accept_rate: float | None
    visits: list[VisitMatching]


def single_pictures_routes(context: Context) -> APIRouter:
    """`/pictures`. Nothing of a picture is kept."""
    router = APIRouter(prefix="/pictures", tags=["pictures"])
    pictures = FoundPictures(context)

    async def answer(request: Request, verb: str, arguments: Mapping[str, Any]) -> Any:
        async with one_picture(request) as picture:
            return await run_in_threadpool(context.pictures.ask, verb, arguments, picture)

    @router.post("/prepare")
    def prepare() -> Prepared:
        """Start the process that reads pictures, and have it load what the first one would have to wait for."""
        return Prepared(**context.pictures.ask("prepare", {}))

    @router.post("/detect", openapi_extra=PICTURE_BODY)
    async def detect(request: Request) -> Detected:
        """Where faces are in a picture."""
        return Detected.model_validate(await answer(request, "detect", {}))

    @router.post("/identify", openapi_extra=PICTURE_BODY)
    async def identify(request: Request) -> Identified:
        """Where faces are in a picture, and whose they are."""
        return Identified.model_validate(await answer(request, "identify", {}))

    @router.post("/search", openapi_extra=PICTURE_BODY)
    async def search(request: Request, which: Annotated[WhichVisits, Query()]) -> Searched:
        """Was this person ever here: every visit of which a kept look matches the face."""
        answered = await answer(request, "search", which.model_dump())
        for visit in answered["visits"]:
            visit["picture"] = pictures.url(f"{visit['track']}#{visit['look']}")
        return Searched.model_validate(answered)

    return router
