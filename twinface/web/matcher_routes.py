"""The part of the JSON API that the matcher answers."""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from twinface.errors import ServiceError

AskMatcher = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""A control request (its verb and arguments) → the answer. May take seconds; raises ServiceError."""

_LARGEST_NUMBER_DIGITS = 18
_STATUS = {"user": 404, "bad request": 400}
"""Of a refusal, by its code; 503 for others."""


def matcher_routes(ask_matcher: AskMatcher) -> list[Route]:
    """`/api/snapshot`: who is there. `/api/explain?track=…` or `?event=…`: what a decision rests on."""

    async def answer(verb: str, arguments: Mapping[str, Any]) -> Response:
        try:
            return JSONResponse(await run_in_threadpool(ask_matcher, verb, arguments))
        except ServiceError as error:
            refusal = {"error": str(error), "code": error.code}
            return JSONResponse(refusal, status_code=_STATUS.get(error.code, 503))

    async def snapshot(_request: Request) -> Response:
        return await answer("snapshot", {})

    async def explain(request: Request) -> Response:
        event, track = (request.query_params.get(name) for name in ("event", "track"))
        if event is not None and not (event.isdecimal() and len(event) <= _LARGEST_NUMBER_DIGITS):
            raise HTTPException(400, "`event` is the number of an event")
        return await answer("explain", {"event": None if event is None else int(event), "track": track})

    return [Route("/api/snapshot", snapshot), Route("/api/explain", explain)]
