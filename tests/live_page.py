"""A page's socket, spoken by another implementation than the box's."""

import json
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from harness import PATIENCE_S
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin, Subprotocol

SUBPROTOCOL = Subprotocol("twinface.live.1")


class LivePage:
    """What a page hears over its socket, and what it says."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket

    def next(self) -> dict[str, Any]:
        """The next message; of a picture its head, with the `jpeg`."""
        received = self.socket.recv(PATIENCE_S)
        if isinstance(received, str):
            return dict(json.loads(received))
        (length,) = struct.unpack_from("!I", received)
        return {"type": "picture", **json.loads(received[4 : 4 + length]), "jpeg": received[4 + length :]}

    def until(self, kind: str) -> dict[str, Any]:
        """The next message of a kind."""
        return next(found for found in iter(self.next, None) if found["type"] == kind)

    def say(self, kind: str, **fields: object) -> None:
        self.socket.send(json.dumps({"type": kind, **fields}))


@contextmanager
def live_page(url: str, *, subprotocols: tuple[Subprotocol, ...] = (SUBPROTOCOL,), **more: Any) -> Iterator[LivePage]:
    """A page connected to the box at `url`, on a connection that does not wait for its end."""
    address = f"{url.replace('http', 'ws', 1)}api/v1/live"
    with connect(address, subprotocols=subprotocols, open_timeout=PATIENCE_S, close_timeout=1, **more) as socket:
        yield LivePage(socket)


__all__ = ["SUBPROTOCOL", "LivePage", "Origin", "live_page"]
