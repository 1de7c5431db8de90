"""What is refused, said as the clients of another API read it; the words for programs differ, the reasons do not."""

import json
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from twinface.web.authentication import API_PREFIX
from twinface.web.problem_details import MEDIA_TYPE

DEEPSTACK_PREFIX = "/v1/vision"
COMPREFACE_PREFIX = f"{API_PREFIX}/recognition"

_BAD_REQUESTS = {409, 422}
"""Neither API knows these statuses: both answer 400."""

_COMPREFACE_CODES = {
    "token_needed": 10,
    "no_face": 28,
    "several_faces": 31,
    "no_such_picture": 11,
    "not_there": 42,
    "does_not_fit": 26,
}
"""By our code: CompreFace's for a wrong key, no face, several, no such image, no such subject, bad arguments."""

_COMPREFACE_OTHERS = 0
_NO_FACE = "No face is found in the given image"

Translation = Callable[[Mapping[str, Any]], dict[str, Any]]


def _for_deepstack(problem: Mapping[str, Any]) -> dict[str, Any]:
    """As DeepStack has it (server/response/response.go), with the `code` of CodeProject.AI beside it."""
    return {"success": False, "error": problem["detail"], "code": _status(problem), "duration": 0.0}


def _for_compreface(problem: Mapping[str, Any]) -> dict[str, Any]:
    """As CompreFace has it (CommonExceptionCode.java)."""
    code = problem["code"]
    message = _NO_FACE if code == "no_face" else problem["detail"]
    return {"message": message, "code": _COMPREFACE_CODES.get(code, _COMPREFACE_OTHERS)}


_TRANSLATIONS: Mapping[str, Translation] = {
    f"{DEEPSTACK_PREFIX}/": _for_deepstack,
    f"{COMPREFACE_PREFIX}/": _for_compreface,
}


def _status(problem: Mapping[str, Any]) -> int:
    status = int(problem["status"])
    return 400 if status in _BAD_REQUESTS else status


class InTheirWords:
    """Replaces problem details by what the API of the address answers; everything else passes as it is."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        path = scope["path"]
        translate = next((one for prefix, one in _TRANSLATIONS.items() if path.startswith(prefix)), None)
        if scope["type"] != "http" or translate is None:
            await self._app(scope, receive, send)
            return
        body = b""
        headers: dict[str, str] | None = None

        async def send_translated(message: MutableMapping[str, Any]) -> None:
            nonlocal body, headers
            if message["type"] == "http.response.start":
                found = {name.decode("latin-1"): value.decode("latin-1") for name, value in message["headers"]}
                if found.get("content-type") == MEDIA_TYPE:
                    headers = {name: value for name, value in found.items() if not name.startswith("content-")}
                    return
            elif headers is not None:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    problem = json.loads(body)
                    answer = JSONResponse(translate(problem), status_code=_status(problem), headers=headers)
                    await answer(scope, receive, send)
                return
            await send(message)

        await self._app(scope, receive, send_translated)
