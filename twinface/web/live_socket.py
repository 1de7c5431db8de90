"""`/api/v1/live`: one socket a page, over which pictures, events and health come and the page says what it looks at."""

import asyncio
import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from twinface.bus.control import Ask
from twinface.errors import ServiceError
from twinface.web.authentication import visitor_of
from twinface.web.hub import Hub
from twinface.web.problem_details import problem
from twinface.web.viewer import Viewer, message

SUBPROTOCOL = "twinface.live.1"

_CameraName = Annotated[str, Field(max_length=200)]


class _Watch(BaseModel):
    type: Literal["watch"]
    cameras: Annotated[list[_CameraName], Field(max_length=64)]


class _Taken(BaseModel):
    type: Literal["taken"]
    camera: _CameraName


class _Present(BaseModel):
    type: Literal["present"]


_SAID: TypeAdapter[_Watch | _Taken | _Present] = TypeAdapter(
    Annotated[_Watch | _Taken | _Present, Field(discriminator="type")]
)


def live_route(path: str, hub: Hub, ask_matcher: Ask) -> WebSocketRoute:
    """The socket, at a path."""

    async def live(socket: WebSocket) -> None:
        if SUBPROTOCOL not in socket.scope["subprotocols"]:
            refusal = problem(400, f"the subprotocol {SUBPROTOCOL} is needed", "subprotocol_needed")
            await socket.send_denial_response(refusal)
            return
        await socket.accept(SUBPROTOCOL)
        page = _Page(socket, hub, ask_matcher)
        try:
            await page.serve()
        finally:
            hub.part(page.viewer)

    return WebSocketRoute(path, live)


class _Page:
    """One connected page."""

    def __init__(self, socket: WebSocket, hub: Hub, ask_matcher: Ask) -> None:
        self.viewer = hub.join()
        self._socket, self._hub, self._ask_matcher = socket, hub, ask_matcher
        self._may_stay = visitor_of(socket).may_stay
        self._present_wanted = asyncio.Event()
        self._present_wanted.set()

    async def serve(self) -> None:
        """Until one side ends it."""
        parts = {asyncio.create_task(part()) for part in (self._send, self._listen, self._answer)}
        try:
            ended, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for part in parts:
                part.cancel()
            await asyncio.gather(*parts, return_exceptions=True)
        for part in ended:
            part.result()

    async def _send(self) -> None:
        viewer: Viewer = self.viewer
        while not viewer.closed and self._may_stay():
            match viewer.next(time.monotonic()):
                case None:
                    await viewer.wait()
                case str() as text:
                    await self._socket.send_text(text)
                case data:
                    await self._socket.send_bytes(data)
        await self._socket.close(*self._why_it_ends())

    def _why_it_ends(self) -> tuple[int, str]:
        if self._hub.closed:
            return 1001, "the box stops"
        return (1013, "too slow") if self.viewer.closed else (4401, "the login is over")

    async def _listen(self) -> None:
        while (received := await self._socket.receive())["type"] == "websocket.receive":
            self._hear(received)

    def _hear(self, received: Mapping[str, Any]) -> None:
        try:
            said = _SAID.validate_json(received.get("text") or b"")
        except ValidationError as error:
            self._refuse("", error.errors(include_url=False)[0]["msg"], "does_not_fit")
            return
        match said:
            case _Watch():
                unknown = self.viewer.watch(said.cameras)
                self._hub.note_watched()
                if unknown:
                    self._refuse("watch", f"no such camera: {', '.join(unknown)}", "not_there")
            case _Taken():
                self.viewer.take(said.camera)
                if said.camera not in self._hub.watched:
                    self._hub.note_watched()
            case _Present():
                self._present_wanted.set()

    def _refuse(self, about: str, detail: str, code: str) -> None:
        self.viewer.add(message("problem", {"about": about, "detail": detail, "code": code}))

    async def _answer(self) -> None:
        """Ask the matcher who is there, once at a time, whenever the page wants to know."""
        while True:
            await self._present_wanted.wait()
            self._present_wanted.clear()
            try:
                present = await run_in_threadpool(self._ask_matcher, "snapshot", {})
            except ServiceError as error:
                self._refuse("present", str(error), error.code.replace(" ", "_"))
            else:
                self.viewer.replace("present", message("present", present))
