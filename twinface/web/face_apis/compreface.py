"""The face recognition service of CompreFace, as its clients call it.

After CompreFace's own description of its REST API; docs/integrations/compreface.md says what differs.
"""

import base64
import binascii
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from starlette.concurrency import run_in_threadpool

from twinface.box.handed_files import MOST_BYTES, HandedFile
from twinface.errors import ServiceError
from twinface.gallery.names import checked_name
from twinface.gallery.person import PersonVectors
from twinface.gallery.person_files import crop_key
from twinface.review.person_pictures import remove_pictures
from twinface.review.rename import remove, rename
from twinface.web.api.bodies import BoundedBodies
from twinface.web.api.context import LARGEST, Context, who_asks
from twinface.web.api.refusals import answer_with_problems
from twinface.web.api.uploads import one_picture, receiving
from twinface.web.face_apis.people_and_pictures import box_of, enrol, find_person
from twinface.web.protocol import LONG_BODY

_MOST_BODY_BYTES = MOST_BYTES * 4 // 3 + 64 * 1024
"""Of a picture in base64."""

_Name = Annotated[str, Query(max_length=1000)]


class _Subject(BaseModel):
    """Somebody's name."""

    subject: str = Field(max_length=1000)


class _Base64Picture(BaseModel):
    """A picture in JSON: base64, a data URL too."""

    file: str


class _WhatToFind(BaseModel):
    """The parameters of a recognition: faces that are surer than `det_prob_threshold`, the `limit` largest where it is
    not 0, each with `prediction_count` names, and what else is told of them.
    """

    limit: int = Field(0, ge=0, le=LARGEST)
    det_prob_threshold: float = Field(0.0, ge=0.0, le=1.0)
    prediction_count: int = Field(1, ge=1, le=LARGEST)
    face_plugins: str = Field("", max_length=200)
    status: bool = False


def create_compreface_api(context: Context) -> FastAPI:
    """`/recognize`, `/faces` and `/subjects`, to be mounted where COMPREFACE_PREFIX says."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(BoundedBodies, most_bytes=lambda _path: _MOST_BODY_BYTES)
    answer_with_problems(app)

    @app.post("/recognize")
    async def recognize(request: Request, wanted: Annotated[_WhatToFind, Query()]) -> dict[str, Any]:
        """Where faces are, and whose."""
        async with _sent_picture(request) as picture:
            found = await run_in_threadpool(context.pictures.ask, "identify", {}, picture)
        faces = [one for one in found["faces"] if one["measures"]["detection_score"] >= wanted.det_prob_threshold]
        if not faces:
            raise ServiceError("no face", "no face")
        faces.sort(key=lambda one: -_area(one))
        shown = [_shown(one, wanted) for one in faces[: wanted.limit or None]]
        versions = {"detector": "yunet", "calculator": context.settings.network}
        return {"result": shown, **({"plugins_versions": versions} if wanted.status else {})}

    _add_faces(app, context)
    _add_subjects(app, context)
    return app


def _add_faces(app: FastAPI, context: Context) -> None:
    @app.post("/faces", status_code=201)
    async def add_face(request: Request, subject: _Name) -> dict[str, str]:
        """Add a picture to somebody, new or known."""
        async with _sent_picture(request) as picture:
            return await run_in_threadpool(_add, context, subject, picture, who_asks(request))

    @app.get("/faces")
    def list_faces(
        page: Annotated[int, Query(ge=0, le=LARGEST)] = 0,
        size: Annotated[int, Query(ge=1, le=LARGEST)] = 20,
        subject: _Name = "",
    ) -> dict[str, Any]:
        """The pictures of everybody, or of one."""
        people = [one for one in context.people.by_id().values() if subject in {"", one.name}]
        faces = [_face(key, one.name) for one in people for key in map(crop_key, one.vectors)]
        counts = {"page_number": page, "page_size": size, "total_pages": -(-len(faces) // size)}
        return {"faces": faces[page * size : (page + 1) * size], **counts, "total_elements": len(faces)}

    @app.delete("/faces")
    def delete_faces(request: Request, subject: _Name) -> dict[str, int]:
        """Remove all pictures of somebody, who is not in the gallery any more then."""
        person = find_person(context, subject)
        if person is None:
            return {"deleted": 0}
        remove(context.settings, person.name, who=who_asks(request))
        return {"deleted": len(person.files)}

    @app.delete("/faces/{image_id}")
    def delete_face(image_id: UUID, request: Request) -> dict[str, str]:
        """Remove one picture; with their last one somebody leaves the gallery."""
        person = _owner(context, image_id)
        if len(person.files) == 1:
            remove(context.settings, person.name, who=who_asks(request))
        else:
            remove_pictures(context.settings, person.name, [image_id.hex], who=who_asks(request))
        return _face(image_id.hex, person.name)

    @app.get("/faces/{image_id}/img", response_class=Response)
    def show_face(image_id: UUID) -> Response:
        """The face of a picture, where crops are kept; nothing elsewhere, as there."""
        png = context.people.crops(_owner(context, image_id).name).get(image_id.hex, b"")
        return Response(png, media_type="image/png")


def _add_subjects(app: FastAPI, context: Context) -> None:
    @app.get("/subjects")
    def list_subjects() -> dict[str, list[str]]:
        """The names of everybody."""
        return {"subjects": [one.name for one in context.people.by_id().values()]}

    @app.post("/subjects", status_code=201)
    def add_subject(wanted: _Subject) -> dict[str, str]:
        """Whether somebody may be called so; they are in the gallery with their first picture."""
        return {"subject": checked_name(wanted.subject)}

    @app.put("/subjects/{subject:path}")
    def rename_subject(subject: str, wanted: _Subject, request: Request) -> dict[str, bool]:
        """Give another name; who is one person with somebody of that name is put together with them."""
        old, is_there = _require(context, subject).name, find_person(context, wanted.subject) is not None
        rename(context.settings, old, wanted.subject, merge=is_there, who=who_asks(request))
        return {"updated": True}

    @app.delete("/subjects/{subject:path}")
    def delete_subject(subject: str, request: Request) -> dict[str, str]:
        """Remove somebody."""
        person = _require(context, subject)
        remove(context.settings, person.name, who=who_asks(request))
        return {"subject": person.name}


def _add(context: Context, name: str, picture: HandedFile, who: str) -> dict[str, str]:
    before = _keys(find_person(context, name))
    added = enrol(context, name, [picture], who)
    after = _keys(find_person(context, added["name"]))
    new = [one for one in after if one not in before]
    return _face((new or after)[-1], added["name"])


def _require(context: Context, name: str) -> PersonVectors:
    person = find_person(context, name)
    if person is None:
        raise ServiceError(f"Subject {name} does not exist", "not there")
    return person


def _keys(person: PersonVectors | None) -> list[str]:
    return [] if person is None else [*map(crop_key, person.vectors)]


def _face(key: str, name: str) -> dict[str, str]:
    return {"image_id": str(UUID(hex=key)), "subject": name}


def _owner(context: Context, image_id: UUID) -> PersonVectors:
    """Whose picture this is. Raises ServiceError where it is nobody's."""
    for person in context.people.by_id().values():
        if image_id.hex in _keys(person):
            return person
    raise ServiceError(f"Image {image_id} not found", "no such picture")


def _area(face: Mapping[str, Any]) -> float:
    left, top, right, bottom = face["box_xyxy"]
    return float((right - left) * (bottom - top))


def _shown(face: Mapping[str, Any], wanted: _WhatToFind) -> dict[str, Any]:
    """A face as CompreFace tells it: names only where the box gives one, the best first."""
    named = face["candidates"] if face["name"] else []
    subjects = [{"subject": one["name"], "similarity": one["score"]} for one in named]
    subjects.sort(key=lambda one: one["subject"] != face["name"])
    shown = {
        "box": {"probability": face["measures"]["detection_score"], **box_of(face)},
        "subjects": subjects[: wanted.prediction_count],
    }
    if "landmarks" in wanted.face_plugins.split(","):
        shown["landmarks"] = [[round(x), round(y)] for x, y in face["landmarks"]]
    return {**shown, **({"execution_time": {}} if wanted.status else {})}


@asynccontextmanager
async def _sent_picture(request: Request) -> AsyncIterator[HandedFile]:
    """The picture of a request: the field `file` of a form, or of JSON in base64."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        async with one_picture(request, "file") as picture:
            yield picture
        return
    request.scope["state"][LONG_BODY] = True
    async with receiving:
        body = await request.body()
    with HandedFile() as picture:
        try:
            text = _Base64Picture.model_validate_json(body).file
            picture.write(base64.b64decode(text.rpartition(",")[2], validate=True))
        except (ValidationError, binascii.Error) as error:
            raise RequestValidationError([{"loc": ("body", "file"), "msg": "a picture in base64 is needed"}]) from error
        yield picture
