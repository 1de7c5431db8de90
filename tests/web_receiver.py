"""A real HTTP server that takes webhooks: it notes what was posted, and answers as it is asked to."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Posted:
    """What was posted: `status` is what it was answered with."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int

    @property
    def event(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def number(self) -> int:
        """The number of the event."""
        return int(self.event["data"]["sequence"])


@dataclass
class Receiver:
    """`statuses` are given in their order, then `status`; `refuses` are numbers of events that are answered 500."""

    status: int = 204
    statuses: list[int] = field(default_factory=list)
    refuses: set[int] = field(default_factory=set)
    headers: dict[str, str] = field(default_factory=dict)
    port: int = 0
    posted: list[Posted] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    hangs: bool = False

    @property
    def url(self) -> str:
        """Where to post."""
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def taken(self) -> list[int]:
        """The numbers of the events that were answered with 2xx, in the order in which they came."""
        return [one.number for one in self.posted if one.status // 100 == 2]

    @property
    def kinds(self) -> set[str]:
        """The kinds of the events that came."""
        return {one.event["data"]["kind"] for one in self.posted}

    def answer(self, body: bytes) -> int:
        """The status of the next answer."""
        if self.hangs:
            self.released.wait()
        if self.statuses:
            return self.statuses.pop(0)
        if self.refuses and json.loads(body)["data"].get("sequence") in self.refuses:
            return 500
        return self.status


@contextmanager
def receiving(**how: Any) -> Iterator[Receiver]:
    """A receiver at a free port of this machine, until the block ends."""
    receiver = Receiver(**how)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = receiver.answer(body)
            receiver.posted.append(Posted(self.path, {k.lower(): v for k, v in self.headers.items()}, body, status))
            self.send_response(status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.released.set()
            server.shutdown()
            thread.join()
