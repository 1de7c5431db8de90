"""Who may come in: the answers to libzmq, which asks once for each connection (https://rfc.zeromq.org/spec/27/)."""

from collections.abc import Callable

import zmq

DOMAIN = b"twinface"
_ENDPOINT = "inproc://zeromq.zap.01"
_FRAMES = 7


class Doorkeeper:
    """Lets in whose public key `is_allowed`; one for a context. `refused` is called for each connection that is not."""

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        is_allowed: Callable[[bytes], bool],
        refused: Callable[[], object],
    ) -> None:
        self._is_allowed = is_allowed
        self._refused = refused
        self.socket = context.socket(zmq.ROUTER)
        self.socket.set(zmq.LINGER, 0)
        self.socket.bind(_ENDPOINT)

    def on_readable(self) -> None:
        """Answer whoever asks."""
        while True:
            try:
                identity, _, version, request, *question = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            good = len(question) == _FRAMES - 2 and question[3] == b"CURVE" and self._is_allowed(question[4])
            if not good:
                self._refused()
            user = question[4].hex().encode() if good else b""
            status = (b"200", b"OK") if good else (b"400", b"not on the list")
            self.socket.send_multipart([identity, b"", version, request, *status, user, b""])

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()
