"""Sockets that take nothing, answer no ping, or stay for ever, against the real server on real sockets."""

import errno
import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest
from harness import PATIENCE_S, until
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket
from websockets.sync.client import connect

from twinface.web import protocol, server
from twinface.web.request_guard import FairShare
from twinface.web.server import PageServer

_MOST_PER_CLIENT = 8
_UPGRADE = (
    b"GET /%b HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


async def _hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def _endless(socket: WebSocket) -> None:
    await socket.accept()
    while True:
        await socket.send_bytes(b"x" * 100_000)


async def _silent(socket: WebSocket) -> None:
    await socket.accept()
    if (await socket.receive())["type"] == "websocket.receive":
        await socket.close()


class Server:
    """Two kinds of socket, and a page."""

    def __init__(self) -> None:
        self._server = PageServer("127.0.0.1", 0, _MOST_PER_CLIENT)
        self.address = ("127.0.0.1", int(self._server.url.rstrip("/").rpartition(":")[2]))
        self.url = f"ws://127.0.0.1:{self.address[1]}"
        routes = [Route("/hello", _hello), WebSocketRoute("/endless", _endless), WebSocketRoute("/silent", _silent)]
        app = Starlette(routes=routes, middleware=[Middleware(FairShare, most_per_client=_MOST_PER_CLIENT)])
        self._server.start(app, threading.Event().set)

    def upgrade(self, path: bytes) -> socket.socket:
        """A connection that has become a socket, of which nothing more is taken."""
        connection = socket.create_connection(self.address, timeout=PATIENCE_S)
        connection.sendall(_UPGRADE % path)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(1)
        assert answer.startswith(b"HTTP/1.1 101 ")
        return connection

    def ask(self) -> bytes:
        with closing(socket.create_connection(self.address, timeout=PATIENCE_S)) as connection:
            connection.sendall(b"GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            return b"".join(iter(lambda: connection.recv(1000), b""))

    def stop(self) -> None:
        self._server.stop(lambda: None)


@pytest.fixture
def box(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(protocol, "REQUEST_WITHIN_S", 0.5)
    monkeypatch.setattr(protocol, "TAKEN_WITHIN_S", 0.5)
    monkeypatch.setattr(server, "PONG_WITHIN_S", 0.5)
    monkeypatch.setattr(server, "_PING_EVERY_S", 0.1)
    box = Server()
    yield box
    box.stop()


def _is_reset(connection: socket.socket) -> bool:
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET


@pytest.mark.parametrize("path", [b"endless", b"silent"])
def test_who_takes_nothing_and_answers_no_ping_is_hung_up_on(box: Server, path: bytes) -> None:
    with closing(box.upgrade(path)) as connection:
        until(lambda: _is_reset(connection), PATIENCE_S, "the connection to be closed")
    assert b"hello" in box.ask()


@pytest.mark.usefixtures("box")
def test_who_is_asked_for_no_pong_and_takes_nothing_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_PING_EVERY_S", 3600.0)
    quiet = Server()
    with closing(quiet.upgrade(b"endless")) as connection:
        until(lambda: _is_reset(connection), PATIENCE_S, "the connection to be closed")
    quiet.stop()


def test_who_says_nothing_and_answers_pings_stays(box: Server) -> None:
    """The deadlines for requests pass meanwhile: another connection misses them."""
    with connect(f"{box.url}/silent") as page, closing(socket.create_connection(box.address)) as other:
        other.settimeout(PATIENCE_S)
        assert other.recv(1) == b""
        pong = page.ping()
        assert pong.wait(PATIENCE_S)


def test_sockets_that_end_leave_room_for_others(box: Server) -> None:
    for _ in range(3 * _MOST_PER_CLIENT):
        with connect(f"{box.url}/silent") as page:
            page.send("the end")
            assert [*page] == []
    assert b"hello" in box.ask()


@pytest.mark.parametrize(
    "kept_back",
    [b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", b"Sec-WebSocket-Version: 13\r\n", b"Connection: Upgrade\r\n"],
)
def test_half_a_handshake_is_refused_and_hung_up_on(box: Server, kept_back: bytes) -> None:
    with closing(socket.create_connection(box.address, timeout=PATIENCE_S)) as connection:
        connection.sendall((_UPGRADE % b"silent").replace(kept_back, b""))
        answer = b"".join(iter(lambda: connection.recv(1000), b""))
        assert answer.startswith(b"HTTP/1.1 4")


def test_garbage_after_the_handshake_ends_it(box: Server) -> None:
    for garbage in (b"\xff" * 64, b"\x81\x05hello", b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff" + b"\0" * 64):
        with closing(box.upgrade(b"silent")) as connection:
            connection.sendall(garbage)
            until(lambda connection=connection: _has_ended(connection), PATIENCE_S, "the connection to be closed")
    assert b"hello" in box.ask()


def _has_ended(connection: socket.socket) -> bool:
    try:
        return connection.recv(1000) == b""
    except ConnectionError:
        return True
