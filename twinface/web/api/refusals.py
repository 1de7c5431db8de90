"""How the API answers errors: ours, its framework's, and requests that do not fit, all as problem details."""

from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from twinface.errors import (
    ArtefactError,
    ChangedSinceError,
    NameTakenError,
    NotThereError,
    ServiceError,
    TwinfaceError,
    UserError,
)
from twinface.web.problem_details import Problem, problem, refuse

RESPONSES: dict[int | str, dict[str, Any]] = {
    400: {"model": Problem, "description": "The body is no JSON"},
    401: {"model": Problem, "description": "A token is needed, or another login"},
    403: {"model": Problem, "description": "The token may look only, or another site's page asks"},
    404: {"model": Problem, "description": "There is no such thing"},
    409: {"model": Problem, "description": "What there is does not allow it"},
    413: {"model": Problem, "description": "The request is too large"},
    422: {"model": Problem, "description": "The request cannot be understood"},
    503: {"model": Problem, "description": "A part of the box does not answer, or its files cannot be used"},
}
"""What every operation may answer besides its own."""

_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

_STATUS = {
    "not there": 404,
    "no such picture": 404,
    "no picture": 404,
    "refused": 409,
    "several faces": 409,
    "unreadable": 422,
    "no face": 422,
}
"""Of what a process of the box refuses, by its code; 503 for others."""


def answer_with_problems(app: FastAPI) -> None:
    """Have an app answer so."""

    @app.exception_handler(TwinfaceError)
    async def ours(_request: Request, error: TwinfaceError) -> JSONResponse:
        return _problem_of(error)

    @app.exception_handler(RequestValidationError)
    async def does_not_fit(_request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part not in {"body", "query", "path"})
        return problem(422, f"{place}: {first['msg']}" if place else str(first["msg"]), "does_not_fit")

    @app.exception_handler(HTTPException)
    async def theirs(request: Request, error: HTTPException) -> Response:
        if error.status_code != 405:
            return await refuse(request, error)
        allow = {"Allow": ", ".join(_methods_of(app, request))}
        if request.method == "OPTIONS":
            return Response(status_code=204, headers=allow)
        return await refuse(request, HTTPException(405, error.detail, allow))


def _problem_of(error: TwinfaceError) -> JSONResponse:
    match error:
        case NotThereError():
            return problem(404, str(error), "not_there")
        case ChangedSinceError():
            return problem(409, str(error), "changed_meanwhile")
        case NameTakenError():
            mend = "ask with merge where the two are one person, or choose another name"
            return problem(409, f"{error.name} is in the gallery already; {mend}", "name_taken")
        case ServiceError():
            return problem(_STATUS.get(error.code, 503), str(error), error.code.replace(" ", "_"))
        case UserError() if not isinstance(error, ArtefactError):
            return problem(409, str(error), "refused")
        case _:
            return problem(503, str(error), "not_usable")


def _methods_of(app: FastAPI, request: Request) -> list[str]:
    """What may be asked of an address, by all of its routes: each of them knows its own methods only."""

    def has(method: str) -> bool:
        scope = {**request.scope, "method": method}
        return any(route.matches(scope)[0] is Match.FULL for route in app.routes)

    return [*filter(has, _METHODS), "OPTIONS"]
