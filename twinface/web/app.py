"""The page and its JSON API."""

from collections.abc import Iterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from twinface.bus.control import Ask
from twinface.settings import WebSettings
from twinface.web.access import HEALTH_PATH
from twinface.web.authentication import API_PREFIX, Authentication, TokenRequired, visitor_of
from twinface.web.hub import Hub
from twinface.web.live_socket import live_route
from twinface.web.outlets import LiveStream
from twinface.web.problem_details import refuse
from twinface.web.request_guard import FairShare, OwnOrigin, SecurityHeaders, allowed_hosts

_STATIC = Path(__file__).parent / "static"
_IDLE_S = 5.0


def create_app(
    hub: Hub,
    web: WebSettings,
    ask_matcher: Ask,
    api: ASGIApp,
    *,
    authentication: Authentication | None = None,
) -> Starlette:
    """The ASGI app for a server that is bound to `web.host`; with an `authentication`, for whom that knows."""

    async def page(_request: Request) -> Response:
        return FileResponse(_STATIC / "index.html", headers={"Cache-Control": "no-cache"})

    async def events(request: Request) -> Response:
        outlet, may_stay = hub.listen(), visitor_of(request).may_stay
        chunks = outlet.chunks(b": idle\n\n", _IDLE_S, may_stay)
        return LiveStream(chunks, "text/event-stream", lambda: hub.leave(outlet))

    async def healthz(request: Request) -> Response:
        summary = hub.health.summary()
        shown = summary if visitor_of(request).role else {"ok": summary["ok"]}
        return JSONResponse(shown, status_code=200 if summary["ok"] else 503)

    return Starlette(
        routes=[
            Route("/", page),
            Route(HEALTH_PATH, healthz),
            live_route(f"{API_PREFIX}/live", hub, ask_matcher),
            Route(f"{API_PREFIX}/live/events", events),
            Mount(API_PREFIX, api),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={HTTPException: refuse},
        middleware=[*_guards(web, authentication)],
    )


def _guards(web: WebSettings, authentication: Authentication | None) -> Iterator[Middleware]:
    """What a request passes, from the outside to the inside."""
    yield Middleware(SecurityHeaders)
    yield Middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(web.host), www_redirect=False)
    yield Middleware(OwnOrigin)
    if authentication:
        yield Middleware(TokenRequired, authentication=authentication)
    yield Middleware(FairShare, most_per_client=web.connections_per_client)
