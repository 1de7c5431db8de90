"""Somebody enrolled by one request with many pictures, for programs."""

from contextlib import ExitStack, aclosing, suppress
from typing import Any

from fastapi import APIRouter, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool

from twinface.box.handed_files import read_handed
from twinface.errors import ServiceError
from twinface.web.api.context import Context, who_asks
from twinface.web.api.enrolments import Enrolled, Enrolment
from twinface.web.api.forms import Part
from twinface.web.api.picture_schemas import Box
from twinface.web.api.uploads import parts_of

MOST_FORM_BYTES = 150_000_000
"""Of all pictures: they are in memory until the last one has come, since what a person looks like is found by all."""

_MOST_FIELD_BYTES = 10_000

_FORM: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["name", "pictures"],
                    "properties": {
                        "name": {"type": "string", "maxLength": 1000},
                        "merge": {"type": "boolean", "default": False},
                        "force": {"type": "boolean", "default": False},
                        "pictures": {"type": "array", "items": {"type": "string", "format": "binary"}},
                    },
                }
            }
        },
    }
}


class JudgedFile(BaseModel):
    """A picture by its file's name: accepted, or the gate's `reason`, and `words` of what would be better."""

    file: str
    accepted: bool
    reason: str | None
    words: str
    measures: dict[str, float]
    box_xyxy: Box | None


class EnrolledAtOnce(Enrolled):
    """Who is in the gallery now, and what became of each picture."""

    pictures: list[JudgedFile]


def enrolment_at_once_routes(context: Context) -> APIRouter:
    """`POST /people`."""
    router, ask = APIRouter(prefix="/people", tags=["enrolment"]), context.pictures.ask

    @router.post("", openapi_extra=_FORM)
    async def enrol_person(request: Request) -> EnrolledAtOnce:
        """Enrol somebody from pictures; those that the gate refuses are left out. It can be taken back."""
        with ExitStack() as stack:
            fields: dict[str, str] = {}
            pictures: list[Part] = []
            async with aclosing(parts_of(request)) as parts:
                async for part in parts:
                    stack.callback(part.content.close)
                    if part.name in {"picture", "pictures", "pictures[]"}:
                        pictures.append(part)
                    elif part.name in Enrolment.model_fields and part.content.size_bytes <= _MOST_FIELD_BYTES:
                        data = read_handed(part.content.handle, _MOST_FIELD_BYTES)
                        fields[part.name] = data.decode("utf-8", "replace")
            wanted = _checked(fields, pictures)
            return EnrolledAtOnce.model_validate(await run_in_threadpool(_enrol, wanted, pictures, who_asks(request)))

    def _enrol(wanted: Enrolment, pictures: list[Part], who: str) -> Any:
        enrolment = {"enrolment": ask("enrol", wanted.model_dump())["enrolment"]}
        try:
            for part in pictures:
                ask("enrol hold", {**enrolment, "file": part.filename}, part.content)
            return ask("enrol held", {**enrolment, "who": who})
        except ServiceError:
            with suppress(ServiceError):
                ask("enrol cancel", enrolment)
            raise

    return router


def _checked(fields: dict[str, str], pictures: list[Part]) -> Enrolment:
    """What the form asks for. Raises RequestValidationError where it does not fit."""
    if not pictures:
        raise RequestValidationError([{"loc": ("body", "pictures"), "msg": "no such field in the form"}])
    try:
        return Enrolment.model_validate(fields)
    except ValidationError as error:
        raise RequestValidationError([{**one, "loc": ("body", *one["loc"])} for one in error.errors()]) from error
