"""No request may send more than is good for it."""

from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


class BoundedBodies:
    """Refuses bodies of more than `most_bytes` for their path, also where their length is not said before; 413 is the
    answer.
    """

    def __init__(self, app: ASGIApp, most_bytes: Callable[[str], int]) -> None:
        self._app, self._most_bytes = app, most_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most_bytes = self._most_bytes(scope["path"])
        told, taken = int(Headers(scope=scope).get("content-length", "0")), 0

        async def receive_some() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if max(taken, told) > most_bytes:
                raise HTTPException(413, f"the body is larger than {most_bytes // 1024} KB")
            return message

        await self._app(scope, receive_some, send)
