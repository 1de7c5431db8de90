"""Logging in and out with a browser."""

from typing import Annotated

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from twinface.errors import TooManyWrongTokensError
from twinface.web.api.context import Context
from twinface.web.authentication import (
    NO_TOKEN_NEEDED,
    Visitor,
    client_address,
    cookie_name,
    refuse_more_tokens,
    visitor_of,
)
from twinface.web.problem_details import Problem, problem
from twinface.web.sessions import SESSION_S
from twinface.web.tokens import Role


class Login(BaseModel):
    """A token, as `twinface token` has shown it."""

    token: Annotated[str, Field(max_length=1000)]


class SessionShown(BaseModel):
    """What whoever asks may do; `role` is null where a token is needed and was not brought, `expires_ns` when the login
    ends, null without one.
    """

    role: Role | None
    needs_token: bool
    expires_ns: int | None


def session_routes(context: Context) -> APIRouter:
    """`/session`. Where no token is needed, there is nothing to log in to, and every answer says so."""
    router, authentication = APIRouter(prefix="/session", tags=["session"]), context.authentication

    def shown(visitor: Visitor) -> SessionShown:
        expires_ns = visitor.session.expires_ns if visitor.session else None
        return SessionShown(role=visitor.role, needs_token=authentication is not None, expires_ns=expires_ns)

    @router.get("")
    async def show_session(request: Request) -> SessionShown:
        """Whether somebody is logged in, and as what."""
        return shown(visitor_of(request))

    @router.post("", response_model=SessionShown, responses={429: {"model": Problem, "description": "Too many logins"}})
    async def log_in(login: Login, request: Request, response: Response) -> SessionShown | Response:
        """Have the browser keep a cookie that stands for a token."""
        if authentication is None:
            return shown(NO_TOKEN_NEEDED)
        try:
            opened = authentication.log_in(client_address(request), login.token.strip())
        except TooManyWrongTokensError:
            return refuse_more_tokens()
        if opened is None:
            return problem(401, "this is no token of this box; `twinface token` makes one", "wrong_token")
        secret, session = opened
        secure = request.url.scheme == "https"
        response.set_cookie(
            cookie_name(request), secret, max_age=int(SESSION_S), secure=secure, httponly=True, samesite="strict"
        )
        return shown(Visitor(session.role, session))

    @router.delete("")
    async def log_out(request: Request, response: Response) -> SessionShown:
        """End the login of whoever asks."""
        if authentication is None:
            return shown(NO_TOKEN_NEEDED)
        authentication.sessions.close(request.cookies.get(cookie_name(request), ""))
        response.delete_cookie(cookie_name(request), httponly=True, samesite="strict")
        return shown(Visitor(None))

    return router
