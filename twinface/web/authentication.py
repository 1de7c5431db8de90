"""Who somebody is, where other machines are let in: a bearer of a token, or of the cookie that a login gave."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from twinface.errors import TooManyWrongTokensError
from twinface.types import Clock
from twinface.web.access import FORGOTTEN_AFTER_S, PROBE_PATHS, WRONG_TOKENS, WrongTokens
from twinface.web.door import client_of
from twinface.web.problem_details import problem
from twinface.web.sessions import Session, Sessions
from twinface.web.tokens import Role, TokenFile

API_PREFIX = "/api/v1"
SESSION_PATH = f"{API_PREFIX}/session"
"""Where somebody logs in and out."""

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
"""Of requests that change nothing."""

_ASKING = re.compile(
    rf"{API_PREFIX}/pictures/.*|{API_PREFIX}/recognition/recognize|/v1/vision/face(/(recognize|match|list))?"
)
"""What is posted there is asked about, and changes nothing."""

_KEY_IN_FORM_FOLDER = "/v1/vision/"
"""Who answers there looks for a token in the form, where none came in a header: these clients have it so."""

_OPEN_PATHS = frozenset({"/", *PROBE_PATHS, SESSION_PATH})
_OPEN_FOLDER = "/static/"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sent a request: `role` is None of a stranger, `session` there is after a login.

    `may_stay` says whether the token or session still holds, for what goes on after the request was let in.
    """

    role: Role | None
    session: Session | None = None
    may_stay: Callable[[], bool] = lambda: True


NO_TOKEN_NEEDED = Visitor(Role.CHANGE)
"""Everybody on a loopback address."""


def visitor_of(connection: HTTPConnection) -> Visitor:
    """Who sent a request, as TokenRequired found out."""
    found: Visitor = getattr(connection.state, "visitor", NO_TOKEN_NEEDED)
    return found


def cookie_name(connection: HTTPConnection) -> str:
    """Cookies are a host's, whatever the port: each box of a machine has its own."""
    server = connection.scope.get("server")
    return f"twinface-{server[1]}" if server and server[1] else "twinface"


def client_address(connection: HTTPConnection) -> str:
    """Whose wrong tokens and connections are counted together."""
    return client_of(connection.client.host) if connection.client else ""


NoteLogin = Callable[[str, str, str], None]
"""Takes what was done, in a word and in words, and the client that did it."""


class Authentication:
    """Checks tokens, and keeps the sessions of who has logged in. `clock` only goes on.

    `note` is told what is done, in words, and by whom: logins, and of wrong tokens a client's first and last in a
    minute, so that whoever brings many fills no book.
    """

    def __init__(self, tokens: TokenFile, note: NoteLogin, clock: Clock = time.monotonic) -> None:
        self._tokens = tokens
        self._note = note
        self._clock = clock
        self._wrong = WrongTokens()
        self.sessions = Sessions(tokens, clock)

    def check_token(self, client: str, token: str) -> Role | None:
        """What the bearer of a token may do; None of a wrong one, which is counted. Raises TooManyWrongTokensError."""
        now_s = self._clock()
        if self._wrong.too_many(client, now_s):
            raise TooManyWrongTokensError
        role = self._tokens.role_of(token)
        if role is None:
            count = self._wrong.add(client, now_s)
            if count in {1, WRONG_TOKENS}:
                self._note("login refused", "too many wrong tokens" if count > 1 else "a wrong token", client)
        return role

    def log_in(self, client: str, token: str) -> tuple[str, Session] | None:
        """A session and its secret for a token; None for a wrong one. Raises as `check_token`."""
        role = self.check_token(client, token)
        token_hash = self._tokens.hash_of(role) if role else None
        if not role or not token_hash:
            return None
        self._note("login", f"may {role}", client)
        return self.sessions.open(role, token_hash)

    def visitor(self, connection: HTTPConnection) -> Visitor:
        """Who sent a request. Raises as `check_token`."""
        brought = _token_brought(connection.headers)
        if brought is not None:
            role = self.check_token(client_address(connection), brought)
            return Visitor(role, may_stay=lambda: self._tokens.role_of(brought) is role)
        secret = connection.cookies.get(cookie_name(connection))
        session = self.sessions.find(secret) if secret else None
        if not secret or session is None:
            return Visitor(None)
        return Visitor(session.role, session, lambda: self.sessions.find(secret) is not None)


def refuse_more_tokens() -> Response:
    """What a client is answered after too many wrong ones."""
    headers = {"Retry-After": f"{FORGOTTEN_AFTER_S:.0f}"}
    return problem(429, "too many wrong tokens; wait a minute", "too_many_wrong_tokens", headers)


def _token_brought(headers: Headers) -> str | None:
    """The token of `Authorization: Bearer` or, of clients of CompreFace, `x-api-key`; None where neither came."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme:
        return token.strip() if scheme.lower() == "bearer" else ""
    return headers.get("x-api-key")


class TokenRequired:
    """Lets in whoever brings a token in a header or has logged in.

    Others get the page, which holds nothing of anybody and lets them log in, and learn from PROBE_PATHS whether all is
    well, and nothing else.
    """

    def __init__(self, app: ASGIApp, authentication: Authentication) -> None:
        self._app = app
        self._authentication = authentication

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        connection, path = HTTPConnection(scope), scope["path"]
        try:
            visitor = self._authentication.visitor(connection)
        except TooManyWrongTokensError:
            return refuse_more_tokens()
        if visitor.role is None:
            is_open = (
                path in _OPEN_PATHS
                or path.startswith(_KEY_IN_FORM_FOLDER)
                or (path.startswith(_OPEN_FOLDER) and scope.get("method") in SAFE_METHODS)
            )
            if _token_brought(connection.headers) is not None or not is_open:
                return _refuse_stranger(connection)
        changes = scope["type"] == "http" and scope["method"] not in SAFE_METHODS
        if visitor.role is Role.LOOK and changes and path != SESSION_PATH and not _ASKING.fullmatch(path):
            needed = "this token may look only; `twinface token --role change` makes one that may change something"
            return problem(403, needed, "may_only_look")
        scope.setdefault("state", {})["visitor"] = visitor
        return None


def _refuse_stranger(connection: HTTPConnection) -> Response:
    headers = {"WWW-Authenticate": "Bearer"}
    if "authorization" not in connection.headers and cookie_name(connection) in connection.cookies:
        return problem(401, "the login is over; log in again", "session_expired", headers)
    needed = "the header `Authorization: Bearer TOKEN` is needed, or a login; `twinface token` makes a token"
    return problem(401, needed, "token_needed", headers)
