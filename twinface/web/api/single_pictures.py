"""Single pictures: where faces are in one, and whose."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from twinface.web.api.context import Context
from twinface.web.api.uploads import PICTURE_BODY, one_picture

Box = tuple[float, float, float, float]


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


def single_pictures_routes(context: Context) -> APIRouter:
    """`/pictures`. Nothing of a picture is kept."""
    router = APIRouter(prefix="/pictures", tags=["pictures"])

    async def answer(request: Request, verb: str, arguments: Mapping[str, Any]) -> Any:
        async with one_picture(request) as picture:
            return await run_in_threadpool(context.pictures.ask, verb, arguments, picture)

    @router.post("/detect", openapi_extra=PICTURE_BODY)
    async def detect(request: Request) -> Detected:
        """Where faces are in a picture."""
        return Detected.model_validate(await answer(request, "detect", {}))

    @router.post("/identify", openapi_extra=PICTURE_BODY)
    async def identify(request: Request) -> Identified:
        """Where faces are in a picture, and whose they are."""
        return Identified.model_validate(await answer(request, "identify", {}))

    return router
