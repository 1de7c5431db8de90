"""The HTTP server, in a thread of its own beside the process's loop."""

import asyncio
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from twinface.box.listening import address_to_type, listen
from twinface.errors import TwinfaceError
from twinface.web.certificate import Certificate
from twinface.web.door import Waiting
from twinface.web.protocol import REQUEST_WITHIN_S, GuardedProtocol, GuardedSocket

_STOP_TIMEOUT_S = 4.0
_MAX_REQUEST_BYTES = 16 * 1024
_PING_EVERY_S = 5.0
_TICK_S = 1.0

PONG_WITHIN_S = 10.0
"""A socket whose other end does not answer a ping within this is closed; a browser does, also for a hidden page."""


class _Server(uvicorn.Server):
    """Looks once a second whether it is to end, and when it is told so; uvicorn looks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._ends = asyncio.Event()

    async def main_loop(self) -> None:
        """See uvicorn.Server; each of its ticks is a tenth of a second, and every tenth one does something."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._ends.wait()

    def end(self) -> None:
        """Have it end; in its loop."""
        self.should_exit = True
        self._ends.set()


class _Loop(asyncio.SelectorEventLoop):
    """Knows deadlines for the beginning and end of TLS, which uvicorn leaves at a minute and half of one."""

    async def create_server(self, *arguments: Any, **more: Any) -> asyncio.Server:
        """See asyncio.AbstractEventLoop."""
        if more.get("ssl"):
            more |= {"ssl_handshake_timeout": REQUEST_WITHIN_S, "ssl_shutdown_timeout": REQUEST_WITHIN_S}
        return await super().create_server(*arguments, **more)


def _handing_out(certificate: Certificate | None) -> Callable[..., ssl.SSLContext] | None:
    return (lambda *_: certificate.context) if certificate else None


class PageServer:
    """Listens on `host` and `port` (0 = any free one) from the moment it is made.

    Connections that wait for their request are limited to `most_per_client` of each. With a certificate it speaks TLS.
    `url` is what to type on another machine, if that can reach it. Raises SettingsError when it cannot listen.
    """

    def __init__(self, host: str, port: int, most_per_client: int = 32, certificate: Certificate | None = None) -> None:
        self._most_per_client = most_per_client
        self._certificate = certificate
        self._socket = listen(host, port)
        shown = address_to_type(host)
        name, scheme = f"[{shown}]" if ":" in shown else shown, "https" if certificate else "http"
        self.url = f"{scheme}://{name}:{self._socket.getsockname()[1]}/"
        self._loop = _Loop()
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def start(self, app: ASGIApp, on_exit: Callable[[], None]) -> None:
        """Begin to serve; `on_exit` is called in the server's thread when it ends, for whatever reason."""

        class Protocol(GuardedProtocol):
            waiting = Waiting(self._most_per_client)

        config = uvicorn.Config(
            app,
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            lifespan="off",
            http=Protocol,
            h11_max_incomplete_event_size=_MAX_REQUEST_BYTES,
            ws=GuardedSocket,
            ssl_context_factory=_handing_out(self._certificate),
            ws_max_size=_MAX_REQUEST_BYTES,
            ws_ping_interval=_PING_EVERY_S,
            ws_ping_timeout=PONG_WITHIN_S,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=1,
        )
        self._server = server = _Server(config)

        def serve() -> None:
            try:
                self._loop.run_until_complete(server.serve(sockets=[self._socket]))
            finally:
                on_exit()

        self._thread = threading.Thread(target=serve, name="http", daemon=True)
        self._thread.start()

    def post(self, callback: Callable[..., None], *arguments: object) -> None:
        """Call `callback` soon in the server's event loop; from any thread."""
        self._loop.call_soon_threadsafe(callback, *arguments)

    def stop(self, end_streams: Callable[[], None]) -> None:
        """End every stream, then the server; TwinfaceError when it had ended before, by itself."""
        if self._server is None or self._thread is None:
            return
        died = not self._thread.is_alive()
        if not died:
            self.post(end_streams)
            self.post(self._server.end)
            self._thread.join(_STOP_TIMEOUT_S)
        self._socket.close()
        if not self._thread.is_alive():
            self._loop.close()
        if died:
            raise TwinfaceError("the HTTP server ended by itself; see the log")
