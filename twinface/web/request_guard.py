"""What stands before the page: headers that keep it to itself, other names, other sites, everybody's share."""

from collections.abc import MutableMapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from twinface.web.access import PROBE_PATHS, is_loopback
from twinface.web.authentication import SAFE_METHODS, client_address
from twinface.web.problem_details import problem

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class SecurityHeaders:
    """Adds the headers to every answer; nothing is kept in a cache unless the answer says so itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""

        async def send_with_headers(message: MutableMapping[str, Any]) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                headers = MutableHeaders(scope=message)
                headers.update(_HEADERS)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


def allowed_hosts(host: str) -> list[str]:
    """Names under which a page bound to `host` may be asked for.

    On a loopback address only its own names: a foreign page whose name was made to point here (DNS rebinding) is
    refused. On any other address everything, because the box's names in its network are not known here; who asks there
    has to bring a token, which no foreign page has.
    """
    if not is_loopback(host):
        return ["*"]
    return ["localhost", "127.0.0.1", "[::1]", f"[{host}]" if ":" in host else host]


class OwnOrigin:
    """Refuses requests that change something, and sockets, where a browser sends them for another site's page.

    Such a page cannot read the answer to a request that changes nothing; what comes over a socket it could. Browsers
    say so in `Sec-Fetch-Site` and, older ones too, in `Origin` (https://www.w3.org/TR/fetch-metadata/); programs send
    neither.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope.get("method") in SAFE_METHODS or _is_own(Headers(scope=scope)):
            await self._app(scope, receive, send)
            return
        refusal = problem(403, "a page of another site may neither change nor follow anything here", "foreign_origin")
        await refusal(scope, receive, send)


def _is_own(headers: Headers) -> bool:
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2] != headers.get("host"):
        return False
    return headers.get("sec-fetch-site", "none") in {"same-origin", "none"}


class FairShare:
    """Answers each client `most_per_client` requests at a time, which streams never end, and all four times as many.

    As many sockets besides: a page has one for as long as it is open, and pages that are open keep no request out.
    """

    def __init__(self, app: ASGIApp, most_per_client: int) -> None:
        self._app = app
        self._most_per_client = most_per_client
        self._requests: dict[str, int] = {}
        self._sockets: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        client = client_address(HTTPConnection(scope))
        answering = self._requests if scope["type"] == "http" else self._sockets
        theirs, all_of_them = answering.get(client, 0), sum(answering.values())
        if scope["path"] in PROBE_PATHS:
            await self._app(scope, receive, send)
        elif theirs >= self._most_per_client or all_of_them >= 4 * self._most_per_client:
            detail, headers = (
                "close a page, or raise connections_per_client",
                {"Connection": "close", "Retry-After": "5"},
            )
            refusal = problem(503, f"too many requests at a time; {detail}", "too_many_requests", headers)
            await refusal(scope, receive, send)
        else:
            answering[client] = theirs + 1
            try:
                await self._app(scope, receive, send)
            finally:
                answering[client] -= 1
                if not answering[client]:
                    del answering[client]
