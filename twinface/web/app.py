"""The page and its JSON API."""

from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from twinface.errors import ServiceError
from twinface.web.guard import SecurityHeaders, allowed_hosts
from twinface.web.hub import PICTURE_HEAD, Hub
from twinface.web.outlets import LiveStream, Outlet

_STATIC = Path(__file__).parent / "static"
_IDLE_S = 5.0

AskMatcher = Callable[[str], Mapping[str, Any]]
"""A control request (its verb) → the answer. May take seconds; raises ServiceError."""


def create_app(hub: Hub, host: str, ask_matcher: AskMatcher) -> Starlette:
    """The ASGI app for a server that is bound to `host`."""

    async def page(_request: Request) -> Response:
        return FileResponse(_STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    async def snapshot(_request: Request) -> Response:
        try:
            return JSONResponse(await run_in_threadpool(ask_matcher, "snapshot"))
        except ServiceError as error:
            return JSONResponse({"error": str(error), "code": error.code}, status_code=503)

    async def events(_request: Request) -> Response:
        outlet = hub.listen()
        return LiveStream(outlet.chunks(b": idle\n\n", _IDLE_S), "text/event-stream", lambda: hub.leave(outlet))

    async def health(_request: Request) -> Response:
        return JSONResponse(hub.health.report())

    async def healthz(_request: Request) -> Response:
        problems = hub.health.problems()
        return JSONResponse({"ok": not problems, "problems": problems}, status_code=503 if problems else 200)

    async def preview(request: Request) -> Response:
        outlet = hub.watch(request.path_params["camera"])
        if outlet is None:
            raise HTTPException(404, "no such camera")
        kind = "multipart/x-mixed-replace; boundary=frame"
        return LiveStream(_pictures(outlet), kind, lambda: hub.leave(outlet))

    return Starlette(
        routes=[
            Route("/", page),
            Route("/healthz", healthz),
            Route("/api/snapshot", snapshot),
            Route("/api/events", events),
            Route("/api/health", health),
            Route("/preview/{camera}.mjpeg", preview),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(host), www_redirect=False),
        ],
    )


async def _pictures(outlet: Outlet) -> AsyncIterator[bytes]:
    yield PICTURE_HEAD
    async for part in outlet.chunks():
        yield part
