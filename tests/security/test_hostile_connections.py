"""Connections that ask for nothing, a byte at a time, or take no answer, against the real server on real sockets."""

import asyncio
import errno
import resource
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, closing

import pytest
from harness import until
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from twinface.web import protocol
from twinface.web.door import Waiting, client_of
from twinface.web.request_guard import FairShare
from twinface.web.server import PageServer

_GET = b"GET /%b HTTP/1.1\r\nHost: localhost\r\n\r\n"
_PATIENCE_S = 60.0
_MOST_PER_CLIENT = 8


async def _hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def _endless(_request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 100_000
            await asyncio.sleep(0)

    return StreamingResponse(chunks())


async def _long(request: Request) -> Response:
    request.scope["state"][protocol.LONG_BODY] = True
    return PlainTextResponse(f"{len(await request.body())} bytes")


async def _late(request: Request) -> Response:
    """Begins to read long after the deadline, as who waits for other pictures does."""
    request.scope["state"][protocol.LONG_BODY] = True
    await asyncio.sleep(4 * protocol.REQUEST_WITHIN_S)
    return PlainTextResponse(f"{len(await request.body())} bytes")


async def _silent(_request: Request) -> Response:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"once"
        await asyncio.Event().wait()

    return StreamingResponse(chunks())


class Server:
    """A server whose answers are easy to tell, with room for as many clients as it likes."""

    def __init__(self) -> None:
        self.ended = threading.Event()
        self._server = PageServer("127.0.0.1", 0, _MOST_PER_CLIENT)
        self.address = ("127.0.0.1", int(self._server.url.rstrip("/").rpartition(":")[2]))
        routes = [Route("/hello", _hello), Route("/endless", _endless), Route("/silent", _silent)]
        routes += [Route(f"/{one.__name__[1:]}", one, methods=["POST"]) for one in (_long, _late)]
        fair = Middleware(FairShare, most_per_client=_MOST_PER_CLIENT)
        app = Starlette(routes=[*routes, Route("/healthz", _hello)], middleware=[fair])
        self._server.start(app, self.ended.set)

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        connection = socket.create_connection(self.address, timeout=_PATIENCE_S, source_address=(source, 0))
        connection.settimeout(_PATIENCE_S)
        return connection

    def ask(self, path: bytes, source: str = "127.0.0.1") -> bytes:
        """The whole answer, on a connection of its own."""
        with closing(self.connect(source)) as connection:
            connection.sendall(b"GET /%b HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n" % path)
            return b"".join(iter(lambda: connection.recv(1000), b""))

    def stand_still_until(self, told: threading.Event) -> None:
        self._server.post(told.wait)

    def stop(self) -> None:
        self._server.stop(lambda: None)


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.stop()


@pytest.fixture
def short_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "REQUEST_WITHIN_S", 0.5)
    monkeypatch.setattr(protocol, "TAKEN_WITHIN_S", 0.5)


def is_closed(connection: socket.socket) -> bool:
    """Whether the other end has closed it, once what it sent before is taken."""
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionError:
        pass
    return True


def _has_ended(connection: socket.socket) -> bool:
    """Whether the other end has closed a connection on which it says nothing, without waiting for it."""
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionError:
        return True


def _drip(connection: socket.socket, data: Callable[[int], bytes]) -> None:
    """Send a byte at a time until the other end has closed the connection."""
    connection.setblocking(False)
    number = 0

    def refused() -> bool:
        nonlocal number
        try:
            connection.send(data(number))
            number += 1
            return connection.recv(1 << 16) == b""
        except BlockingIOError:
            return False
        except ConnectionError:
            return True

    until(refused, _PATIENCE_S, "a connection that sends a byte at a time to be closed")


BEGINNINGS = {
    "nothing": b"",
    "half a head": b"GET /hello HTTP/1.1\r\nHost: local",
    "a body that never comes": b"GET /silent HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc",
    "a body of chunks that never comes": b"GET /silent HTTP/1.1\r\nHost: l\r\nTransfer-Encoding: chunked\r\n\r\n5\r\na",
    "a body after its answer": b"GET /hello HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nabc",
    "a request and nothing more": _GET % b"hello",
    "a request and half of another": _GET % b"hello" + b"GET /hello HTT",
    "two requests at once and nothing more": _GET % b"hello" * 2,
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "a head that is too long": b"GET /hello HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 70_000,
    "a wish for WebSockets": b"GET /hello HTTP/1.1\r\nHost: l\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "a wish to go on": b"POST /hello HTTP/1.1\r\nHost: l\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
}


@pytest.mark.parametrize("kind", BEGINNINGS)
@pytest.mark.usefixtures("short_deadlines")
def test_who_does_not_go_on_is_hung_up_on(server: Server, kind: str) -> None:
    with closing(server.connect()) as connection:
        connection.sendall(BEGINNINGS[kind])
        assert is_closed(connection)
    assert b"hello" in server.ask(b"hello")


@pytest.mark.parametrize("kind", ["head", "head after an answer", "body"])
@pytest.mark.usefixtures("short_deadlines")
def test_a_byte_at_a_time_gains_no_time(server: Server, kind: str) -> None:
    with closing(server.connect()) as connection:
        if kind == "head after an answer":
            connection.sendall(_GET % b"hello")
        elif kind == "body":
            connection.sendall(b"GET /silent HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n")
        _drip(
            connection,
            lambda number: b"x" if kind == "body" else (b"GET /hello HTTP/1.1\r\nX: " + b"x" * 10**6)[number:][:1],
        )


def _head(path: str, size_bytes: int) -> bytes:
    return f"POST /{path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size_bytes}\r\n\r\n".encode()


def _send_slowly(connection: socket.socket, bytes_per_s: float, size_bytes: int) -> None:
    """Send so many bytes; raises ConnectionError where the other end has closed the connection."""
    began_s, sent, pause = time.monotonic(), 0, threading.Event()
    while sent < size_bytes:
        pause.wait(0.02)
        due = min(size_bytes, int(bytes_per_s * (time.monotonic() - began_s)))
        connection.sendall(b"x" * (due - sent))
        sent = due


@pytest.mark.usefixtures("short_deadlines")
def test_a_long_body_that_is_wanted_may_take_longer_while_it_comes(server: Server) -> None:
    size_bytes = 6 * protocol.LEAST_BYTES_PER_S
    with closing(server.connect()) as connection:
        connection.sendall(_head("long", size_bytes))
        _send_slowly(connection, 4.0 * protocol.LEAST_BYTES_PER_S, size_bytes)
        assert b"200 OK" in connection.recv(1000)


@pytest.mark.parametrize("path", ["long", "hello"])
@pytest.mark.usefixtures("short_deadlines")
def test_a_long_body_that_comes_too_slowly_or_is_not_wanted_is_hung_up_on(server: Server, path: str) -> None:
    bytes_per_s = protocol.LEAST_BYTES_PER_S * (0.25 if path == "long" else 4.0)
    size_bytes = int(8.0 * protocol.REQUEST_WITHIN_S * bytes_per_s)
    with closing(server.connect()) as connection:
        connection.sendall(_head(path, 10**8))
        with pytest.raises(ConnectionError):
            _send_slowly(connection, bytes_per_s, size_bytes)


@pytest.mark.usefixtures("short_deadlines")
def test_a_long_body_is_hung_up_on_in_the_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "LONG_BODY_WITHIN_S", 1.0)
    with closing(server.connect()) as connection:
        connection.sendall(_head("long", 10**8))
        with pytest.raises(ConnectionError):
            _send_slowly(connection, 4.0 * protocol.LEAST_BYTES_PER_S, 10**8)


@pytest.mark.usefixtures("short_deadlines")
def test_who_waits_for_us_to_read_is_not_hung_up_on(server: Server) -> None:
    with closing(server.connect()) as connection:
        connection.sendall(_head("late", 3 * 10**6))
        connection.sendall(b"x" * 3 * 10**6)
        assert b"200 OK" in connection.recv(1000)


@pytest.mark.usefixtures("short_deadlines")
def test_who_takes_no_answer_is_hung_up_on(server: Server) -> None:
    with closing(server.connect()) as connection:
        connection.sendall(_GET % b"endless")
        until(lambda: _is_reset(connection), _PATIENCE_S, "the connection to be closed")


def _is_reset(connection: socket.socket) -> bool:
    """Whether the other end has gone; nothing that it sent is taken."""
    return connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == errno.ECONNRESET


@pytest.mark.usefixtures("short_deadlines")
def test_a_stream_goes_on_for_who_takes_it(server: Server) -> None:
    with closing(server.connect()) as connection, closing(server.connect()) as silent:
        silent.sendall(_GET % b"silent")
        connection.sendall(_GET % b"endless")
        with closing(server.connect()) as other:
            while not _has_ended(other):  # the deadlines pass meanwhile
                assert connection.recv(1 << 20)
        assert connection.recv(1 << 20)
        silent.settimeout(0.2)
        assert b"once" in silent.recv(1000)
        with pytest.raises(TimeoutError):
            silent.recv(1)


@pytest.mark.parametrize("clients", [1, 20])
@pytest.mark.parametrize("kind", ["nothing", "half a head", "a body that never comes"])
def test_five_hundred_connections_keep_nobody_out(server: Server, clients: int, kind: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    with ExitStack() as held:
        for number in range(500):
            connection = held.enter_context(closing(server.connect(f"127.0.0.{2 + number % clients}")))
            connection.sendall(BEGINNINGS[kind])
        for source in ("127.0.0.1", "127.0.0.2"):
            assert b"hello" in server.ask(b"healthz", source)
        assert kind.startswith("a body") or b"hello" in server.ask(b"hello", "127.0.0.2")
        assert kind.startswith("a body") or b"hello" in server.ask(b"hello")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_who_asks_among_many_who_come_at_once_is_answered(server: Server) -> None:
    go_on = threading.Event()
    server.stand_still_until(go_on)
    with ExitStack() as held, closing(server.connect()) as asking:
        asking.sendall(_GET % b"healthz")
        for _ in range(3 * _MOST_PER_CLIENT):
            held.enter_context(closing(server.connect()))
        go_on.set()
        answer = b""
        while b"hello" not in answer:
            received = asking.recv(1000)
            assert received, answer
            answer += received


def test_streams_of_one_client_leave_room_for_others_and_for_health(server: Server) -> None:
    with ExitStack() as held:
        for _ in range(_MOST_PER_CLIENT):
            connection = held.enter_context(closing(server.connect("127.0.0.2")))
            connection.sendall(_GET % b"silent")
            assert b"200 OK" in connection.recv(1000)
        assert b"503" in server.ask(b"hello", "127.0.0.2")
        assert b"hello" in server.ask(b"healthz", "127.0.0.2")
        assert b"hello" in server.ask(b"hello", "127.0.0.3")
    until(lambda: b"hello" in server.ask(b"hello", "127.0.0.2"), _PATIENCE_S, "room again once they have gone")


def test_streams_of_many_clients_leave_room_for_health(server: Server) -> None:
    with ExitStack() as held:
        for number in range(4 * _MOST_PER_CLIENT):
            connection = held.enter_context(closing(server.connect(f"127.0.0.{2 + number % 10}")))
            connection.sendall(_GET % b"silent")
            assert b"200 OK" in connection.recv(1000)
        assert b"503" in server.ask(b"hello")
        assert b"hello" in server.ask(b"healthz")


def test_whoever_waited_longest_goes_first_of_those_who_have_most() -> None:
    waiting: Waiting[str] = Waiting(3, most=5)
    assert [waiting.add(name, "a") for name in ("a1", "a2", "a3")] == [None] * 3
    assert waiting.add("a4", "a") == "a1"
    assert [waiting.add(name, "b") for name in ("b1", "b2")] == [None] * 2
    assert waiting.add("c1", "c") == "a2"
    assert waiting.add("a3", "a") is None
    waiting.remove("a4", "a")
    waiting.remove("nobody", "nowhere")
    assert waiting.add("c2", "c") is None


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.168.1.4", "192.168.1.4"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.168.1.4", "192.168.1.4"),
        ("unix", "unix"),
    ],
)
def test_a_client_is_an_address_or_a_network_of_one_machine(address: str, client: str) -> None:
    assert client_of(address) == client
