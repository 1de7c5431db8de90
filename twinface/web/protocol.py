"""uvicorn's HTTP/1.1 with deadlines: it has none for a request that does not come or an answer that is not taken.

Its time-out of idle connections starts again with every byte and holds after an answer only, so that bytes sent one by
one, or no byte at all, keep a connection for ever (https://github.com/Kludex/uvicorn/pull/1192).
"""

import asyncio
import socket
import struct
from typing import Any

from h11 import Request
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.wsproto_impl import WSProtocol

from twinface.web.door import Waiting, client_of

REQUEST_WITHIN_S = 5.0
"""From the connection, an answer, or the first byte after these, to the end of the request."""

TAKEN_WITHIN_S = 10.0
"""When an answer piles up because it is not taken, 48 of the 64 KB that we keep of it have to be gone within this."""

LONG_BODY = "long body"
"""Key of a request's state: who answers it sets this where a body may take longer, such as a phone's picture."""

LEAST_BYTES_PER_S = 16 * 1024
"""Of a long body, in every REQUEST_WITHIN_S for which we have read."""

LONG_BODY_WITHIN_S = 180.0
"""Of this time, too, what we did not read in is not counted."""

_LINGER_NOT = struct.pack("ii", 1, 0)


class _TakenInTime:
    """A connection that is closed, with what it has not taken, when what piles up is not taken in time."""

    transport: asyncio.Transport
    loop: asyncio.AbstractEventLoop
    _sending: asyncio.TimerHandle | None = None

    def pause_writing(self) -> None:
        """See asyncio.Protocol."""
        super().pause_writing()  # type: ignore[misc]  # uvicorn's
        self._send_within(TAKEN_WITHIN_S)

    def resume_writing(self) -> None:
        """See asyncio.Protocol."""
        super().resume_writing()  # type: ignore[misc]  # uvicorn's
        if not self.transport.is_closing():
            self._stop_sending()

    def _send_within(self, seconds: float) -> None:
        self._stop_sending()
        self._sending = self.loop.call_later(seconds, self._reset)

    def _stop_sending(self) -> None:
        if self._sending is not None:
            self._sending.cancel()

    def _reset(self) -> None:
        """Close the connection, and have the system forget what it keeps to be sent, too."""
        connection = self.transport.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        self.transport.abort()


class GuardedProtocol(_TakenInTime, H11Protocol):
    """A connection that is closed at once, with what it has not taken, when it misses a deadline or has to give way."""

    waiting: Waiting["GuardedProtocol"]
    """Shared by all connections of a server; set by whoever makes it."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self._client = ""
        self._began = False
        self._receiving: asyncio.TimerHandle | None = None
        self._leaving: asyncio.Handle | None = None
        self._came_bytes = 0
        self._longer_s = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """See asyncio.Protocol."""
        super().connection_made(transport)
        self._client = client_of(self.client[0]) if self.client else ""
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._let_go()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Request) -> None:
        """The connection is a socket's from now on, with deadlines of its own."""
        self._let_go()
        super().handle_websocket_upgrade(event)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if not self._began:
            self._began = True
            self._longer_s = 0.0
            self._receive_within(REQUEST_WITHIN_S)
        self._came_bytes += len(data)
        super().data_received(data)
        self._note_request()

    def on_response_complete(self) -> None:
        """Called by uvicorn when an answer has been handed to the transport."""
        super().on_response_complete()
        if self.transport.is_closing():
            self._send_within(TAKEN_WITHIN_S)
        elif self.cycle.response_complete:
            self._wait()
        else:
            self._note_request()

    def _wait(self) -> None:
        self._began = False
        self._receive_within(REQUEST_WITHIN_S)
        crowded_out = self.waiting.add(self, self._client)
        if crowded_out is not None:
            crowded_out.give_way()

    def give_way(self, turns: int = 2) -> None:
        """Close the connection unless its request is here: where many come at once, none has been read yet.

        What is there to be read when the connection is made is read within two turns of the loop.
        """
        if turns:
            self._leaving = self.loop.call_soon(self.give_way, turns - 1)
        else:
            self.transport.abort()

    def _note_request(self) -> None:
        """Whether a request has begun to be answered, and whether all of it is here."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.waiting.remove(self, self._client)
            if self._leaving is not None:
                self._leaving.cancel()
            if not self.cycle.more_body and self._receiving is not None:
                self._receiving.cancel()

    def _receive_within(self, seconds: float) -> None:
        if self._receiving is not None:
            self._receiving.cancel()
        self._came_bytes = 0
        self._receiving = self.loop.call_later(seconds, self._miss)

    def _miss(self) -> None:
        """The request is not all here in time: over, but for a long body that comes fast enough, or waits for us."""
        if self._receives_long_body():
            self._receive_within(REQUEST_WITHIN_S)
        else:
            self.transport.abort()

    def _receives_long_body(self) -> bool:
        if self.cycle is None or self.cycle.response_complete or LONG_BODY not in self.cycle.scope["state"]:
            return False
        if not self.flow.read_paused:
            self._longer_s += REQUEST_WITHIN_S
        fast = self._came_bytes >= LEAST_BYTES_PER_S * REQUEST_WITHIN_S
        return self.flow.read_paused or (fast and self._longer_s < LONG_BODY_WITHIN_S)

    def _let_go(self) -> None:
        self.waiting.remove(self, self._client)
        for timer in (self._receiving, self._sending, self._leaving):
            if timer is not None:
                timer.cancel()


class GuardedSocket(_TakenInTime, WSProtocol):
    """A WebSocket that is closed at once when nobody answers its pings, or takes what was sent."""

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._stop_sending()
        super().connection_lost(exc)

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Called by uvicorn when the socket's handler has ended."""
        super().on_task_complete(task)
        if not self.disconnected:
            self._send_within(TAKEN_WITHIN_S)

    def keepalive_timeout(self) -> None:
        """Called by uvicorn when a ping was not answered in time."""
        self._reset()
