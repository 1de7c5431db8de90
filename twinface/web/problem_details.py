"""What is answered where something is refused: problem details (RFC 9457), with a code for programs."""

from collections.abc import Mapping
from http import HTTPStatus

from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

MEDIA_TYPE = "application/problem+json"


class Problem(BaseModel):
    """Why something was not done; nothing has changed then.

    `detail` is a line for people, `code` a word for programs.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str


def problem(status: int, detail: str, code: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer."""
    kind, title = f"urn:twinface:problem:{code}", HTTPStatus(status).phrase
    body = Problem(type=kind, title=title, status=status, detail=detail, code=code)
    return JSONResponse(body.model_dump(), status_code=status, headers=headers, media_type=MEDIA_TYPE)


async def refuse(_request: Request, error: Exception) -> JSONResponse:
    """What an app answers where its framework raises an HTTPException: no such address, or method."""
    if not isinstance(error, HTTPException):
        raise error
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    return problem(error.status_code, str(error.detail), code, error.headers)
