"""The face API of DeepStack and CodeProject.AI, as their clients call it.

After DeepStack's server/server.go and CodeProject.AI's API reference; docs/integrations/deepstack.md says what differs.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from fastapi import FastAPI, Request
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from twinface.box.handed_files import MOST_BYTES, HandedFile, read_handed
from twinface.errors import TooManyWrongTokensError
from twinface.review.rename import remove
from twinface.web.api.bodies import BoundedBodies
from twinface.web.api.context import Context, who_asks
from twinface.web.api.refusals import answer_with_problems
from twinface.web.api.uploads import parts_of, receiving
from twinface.web.authentication import client_address, visitor_of
from twinface.web.face_apis.people_and_pictures import box_of, enrol, find_person
from twinface.web.tokens import Role

_MOST_FORM_BYTES = 2 * MOST_BYTES + 64 * 1024
_MOST_FIELD_BYTES = 10_000

_MOST_GUEST_BYTES = 8_000_000
"""Of a form that brings its key itself: nobody knows whose it is before it has come."""

_guests = asyncio.Semaphore(4)

_UNKNOWN = "unknown"
"""The userid of a face that has no name."""


@dataclass(slots=True)
class _SentForm:
    """The fields of a form, and its pictures in the order they came."""

    fields: dict[str, str] = field(default_factory=dict)
    pictures: list[HandedFile] = field(default_factory=list)

    def picture(self) -> HandedFile:
        """The first one. Raises HTTPException where there is none."""
        if not self.pictures:
            raise HTTPException(400, "No valid image file found")
        return self.pictures[0]

    def user(self) -> str:
        """The userid. Raises HTTPException where there is none."""
        if not self.fields.get("userid"):
            raise HTTPException(400, "userid not specified")
        return self.fields["userid"]

    def least_confidence(self) -> float:
        """The min_confidence, 0 where none was sent. Raises HTTPException for what is none."""
        try:
            value = float(self.fields.get("min_confidence") or 0.0)
        except ValueError:
            raise HTTPException(400, "Invalid value for min_confidence") from None
        if not value <= 1.0:
            raise HTTPException(400, "min_confidence cannot be greater than 1")
        return value


def create_deepstack_api(context: Context) -> FastAPI:
    """`/face` and what is below it, to be mounted where DEEPSTACK_PREFIX says."""
    app = FastAPI(openapi_url=None)
    app.add_middleware(BoundedBodies, most_bytes=lambda _path: _MOST_FORM_BYTES)
    answer_with_problems(app)

    @app.post("/face")
    async def detect(request: Request) -> dict[str, Any]:
        """Where faces are."""
        async with _sent_form(request, context) as form:
            least, began_s = form.least_confidence(), time.monotonic()
            found = await run_in_threadpool(context.pictures.ask, "detect", {}, form.picture())
        faces = [one for one in found["faces"] if one["detection_score"] >= least]
        return _done(began_s, [{"confidence": one["detection_score"], **box_of(one)} for one in faces])

    @app.post("/face/recognize")
    async def recognize(request: Request) -> dict[str, Any]:
        """Where faces are, and whose."""
        async with _sent_form(request, context) as form:
            form.least_confidence()
            began_s = time.monotonic()
            found = await run_in_threadpool(context.pictures.ask, "identify", {}, form.picture())
        return _done(began_s, [_named(one) for one in found["faces"]])

    @app.post("/face/match")
    async def match(request: Request) -> dict[str, Any]:
        """How alike the largest faces of two pictures are."""
        async with _sent_form(request, context) as form:
            if len(form.pictures) != 2:
                raise HTTPException(400, f"expected two image files, {len(form.pictures)} found")
            first, second = form.pictures
            began_s, other = time.monotonic(), {"other": second.handle}
            found = await run_in_threadpool(context.pictures.ask, "match", other, first)
        return _done(began_s, similarity=found["score"])

    @app.post("/face/register")
    async def register(request: Request) -> dict[str, Any]:
        """Add pictures to somebody, new or known."""
        async with _sent_form(request, context, changes=True) as form:
            form.picture()
            began_s, name = time.monotonic(), form.user()
            message = await run_in_threadpool(_register, context, name, form.pictures, who_asks(request))
        return _done(began_s, message=message)

    _add_lists(app, context)
    return app


def _add_lists(app: FastAPI, context: Context) -> None:
    @app.post("/face/list")
    async def list_faces(request: Request) -> dict[str, Any]:
        """The names of everybody."""
        async with _sent_form(request, context):
            names = [one.name for one in (await run_in_threadpool(context.people.by_id)).values()]
        return _done(time.monotonic(), faces=names)

    @app.post("/face/delete")
    async def delete(request: Request) -> dict[str, Any]:
        """Remove somebody; nobody of this name is no error there."""
        async with _sent_form(request, context, changes=True) as form:
            began_s = time.monotonic()
            await run_in_threadpool(_remove, context, form.user(), who_asks(request))
        return _done(began_s)


def _register(context: Context, name: str, pictures: Sequence[HandedFile], who: str) -> str:
    is_known = find_person(context, name) is not None
    enrol(context, name, pictures, who)
    return "face updated" if is_known else "face added"


def _remove(context: Context, name: str, who: str) -> None:
    if person := find_person(context, name):
        remove(context.settings, person.name, who=who)


def _named(face: Mapping[str, Any]) -> dict[str, Any]:
    confidence = face["score"] if face["name"] else 0.0
    return {"confidence": confidence, "userid": face["name"] or _UNKNOWN, **box_of(face)}


def _done(began_s: float, predictions: Sequence[Mapping[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    """What was done, with what CodeProject.AI adds to DeepStack's answers: `code`, `count`, `processMs`."""
    took_s = time.monotonic() - began_s
    counted = {} if predictions is None else {"predictions": predictions, "count": len(predictions)}
    common = {"success": True, "code": 200, "duration": round(took_s, 4), "processMs": round(took_s * 1e3)}
    return {**common, **counted, **more}


@asynccontextmanager
async def _sent_form(request: Request, context: Context, *, changes: bool = False) -> AsyncIterator[_SentForm]:
    """The form of a request whose sender may do this: by a header or, as these clients have it, by a field of the form.

    Raises HTTPException where they may not, and for what is no form.
    """
    is_guest = visitor_of(request).role is None
    form = _SentForm()
    with ExitStack() as stack:
        if request.headers.get("content-type", "").startswith("multipart/"):
            async with _guests if is_guest else receiving:
                await _fill(form, request, stack, _MOST_GUEST_BYTES if is_guest else None)
        else:
            form.fields = await _url_encoded(request)
        if is_guest:
            _require_key(form.fields, request, context, changes=changes)
        yield form


async def _fill(form: _SentForm, request: Request, stack: ExitStack, most_bytes: int | None) -> None:
    async with aclosing(parts_of(request, most_bytes)) as parts:
        async for part in parts:
            stack.callback(part.content.close)
            if part.filename or part.name.startswith("image"):
                form.pictures.append(part.content)
            elif part.content.size_bytes <= _MOST_FIELD_BYTES:
                text = read_handed(part.content.handle, _MOST_FIELD_BYTES)
                form.fields[part.name] = text.decode("utf-8", "replace")


async def _url_encoded(request: Request) -> dict[str, str]:
    """The fields of a form without pictures; none where there is no body."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_FIELD_BYTES:
            raise HTTPException(413, "pictures have to come as multipart/form-data")
    return dict(parse_qsl(body.decode("utf-8", "replace")))


def _require_key(fields: Mapping[str, str], request: Request, context: Context, *, changes: bool) -> None:
    """DeepStack asks for an admin_key where something is changed, Double Take sends the api_key: either may have it."""
    key = fields.get("admin_key") or fields.get("api_key") if changes else fields.get("api_key")
    access = context.authentication
    try:
        role = access.check_token(client_address(request), key) if access and key else None
    except TooManyWrongTokensError:
        raise HTTPException(429, "too many wrong tokens; wait a minute", {"Retry-After": "60"}) from None
    if role is None:
        raise HTTPException(401, "Incorrect api key")
    if changes and role is Role.LOOK:
        raise HTTPException(
            403, "this key may look only; `twinface token --role change` makes one that may change people"
        )
