"""The page, its JSON API, what probes ask, and metrics."""

from collections.abc import Iterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from twinface.settings import WebSettings
from twinface.web.access import HEALTH_PATH, LIVE_PATH, READY_PATH
from twinface.web.api.context import Context
from twinface.web.authentication import API_PREFIX, Authentication, TokenRequired, visitor_of
from twinface.web.face_apis.compreface import create_compreface_api
from twinface.web.face_apis.deepstack import create_deepstack_api
from twinface.web.face_apis.in_their_words import COMPREFACE_PREFIX, DEEPSTACK_PREFIX, InTheirWords
from twinface.web.hub import Hub
from twinface.web.live_socket import live_route
from twinface.web.metrics import METRICS_PATH, expose
from twinface.web.outlets import LiveStream
from twinface.web.problem_details import refuse
from twinface.web.request_guard import FairShare, OwnOrigin, SecurityHeaders, allowed_hosts

_STATIC = Path(__file__).parent / "static"
_IDLE_S = 5.0


def create_app(hub: Hub, context: Context, api: ASGIApp) -> Starlette:
    """The ASGI app for a server that is bound to `host` of `[web]`; with an authentication, for whom that knows."""

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

    async def livez(_request: Request) -> Response:
        return JSONResponse({"alive": True})

    async def readyz(request: Request) -> Response:
        reasons = hub.health.unready()
        shown = {"reasons": reasons} if visitor_of(request).role else {}
        return JSONResponse({"ready": not reasons, **shown}, status_code=503 if reasons else 200)

    async def metrics(request: Request) -> Response:
        readings, accept = hub.health.readings(), request.headers.get("accept", "")
        text, media_type = await run_in_threadpool(expose, readings, context.run, context.settings, accept)
        return Response(text, headers={"Content-Type": media_type})

    return Starlette(
        routes=[
            Route("/", page),
            Route(LIVE_PATH, livez),
            Route(HEALTH_PATH, healthz),
            Route(READY_PATH, readyz),
            Route(METRICS_PATH, metrics),
            live_route(f"{API_PREFIX}/live", hub, context.ask_matcher),
            Route(f"{API_PREFIX}/live/events", events),
            Mount(DEEPSTACK_PREFIX, create_deepstack_api(context)),
            Mount(COMPREFACE_PREFIX, create_compreface_api(context)),
            Mount(API_PREFIX, api),
            Mount("/static", StaticFiles(directory=_STATIC)),
        ],
        exception_handlers={HTTPException: refuse},
        middleware=[*_guards(context.settings.web, context.authentication)],
    )


def _guards(web: WebSettings, authentication: Authentication | None) -> Iterator[Middleware]:
    """What a request passes, from the outside to the inside."""
    yield Middleware(SecurityHeaders)
    yield Middleware(InTheirWords)
    yield Middleware(TrustedHostMiddleware, allowed_hosts=allowed_hosts(web.host), www_redirect=False)
    yield Middleware(OwnOrigin)
    if authentication:
        yield Middleware(TokenRequired, authentication=authentication)
    yield Middleware(FairShare, most_per_client=web.connections_per_client)
