"""Questions to a running process and their answers, with ids, time-outs and error codes."""

import logging
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import zmq

from twinface.errors import ServiceError, TwinfaceError, UserError, WireError
from twinface.messages.codec import Frames, decode, encode
from twinface.messages.schema import Message, Reply, Request, Stamp
from twinface.messages.topics import CONTROL
from twinface.types import Captured

log = logging.getLogger(__name__)

Handler = Callable[[str, Mapping[str, Any]], Any]
"""(verb, arguments) → a JSON-ready result. A TwinfaceError becomes the error of the reply, and so does what
arguments that are missing or of another type lead to."""


def _frames(body: Request | Reply, origin: str, epoch: int) -> Frames:
    return encode(CONTROL, Message(Stamp(origin, epoch, 0, Captured.now()), body))


class ControlServer:
    """Answers requests, one at a time, in its process's loop."""

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        endpoint: str,
        *,
        origin: str,
        epoch: int,
        handler: Handler,
        refuse: Callable[[WireError], object],
    ) -> None:
        self._origin = origin
        self._epoch = epoch
        self._handler = handler
        self._refuse = refuse
        self.socket = context.socket(zmq.ROUTER)
        self.socket.set(zmq.LINGER, 200)
        self.socket.set(zmq.MAXMSGSIZE, 1024 * 1024)
        self.socket.bind(endpoint)

    def on_readable(self) -> None:
        """Answer everything that waits; bytes that are no request are dropped with a warning."""
        while True:
            try:
                identity, *frames = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return
            try:
                body = decode(frames, CONTROL).body
            except WireError as error:
                self._refuse(error)
                continue
            if isinstance(body, Request):
                self.socket.send_multipart([identity, *self._reply(body)], zmq.NOBLOCK)

    def _reply(self, request: Request) -> Frames:
        try:
            return _frames(self._answer(request), self._origin, self._epoch)
        except WireError as error:
            refusal = Reply(request.id, error=f"the answer to {request.verb!r} is too large: {error}", code="too large")
            return _frames(refusal, self._origin, self._epoch)

    def _answer(self, request: Request) -> Reply:
        try:
            return Reply(request.id, result=self._handler(request.verb, request.arguments))
        except ServiceError as error:
            return Reply(request.id, error=str(error), code=error.code)
        except TwinfaceError as error:
            return Reply(request.id, error=str(error), code="user" if isinstance(error, UserError) else "failed")
        except (KeyError, TypeError, ValueError) as error:
            log.exception("request not understood", extra={"verb": request.verb})
            return Reply(request.id, error=f"{request.verb!r} is not asked like this: {error!r}", code="bad request")

    def close(self) -> None:
        """Close the socket; answers on their way may still leave."""
        self.socket.close()


Ask = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]
"""`ask`, of one process: a verb and arguments → the answer. May take seconds; raises ServiceError."""


def ask(endpoint: str, verb: str, arguments: Mapping[str, Any] | None = None, *, timeout_s: float = 2.0) -> Any:
    """Ask the process at `endpoint`; its result.

    Raises ServiceError: code `timeout` when nobody answered in time, else what the process said.
    """
    request = Request(uuid.uuid4().hex, verb, dict(arguments or {}))
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.set(zmq.LINGER, 0)
        socket.connect(endpoint)
        socket.send_multipart(_frames(request, "client", 0))
        if not socket.poll(int(timeout_s * 1000)):
            raise ServiceError(
                f"no answer to {verb!r} within {timeout_s:g} s; is it running? see `twinface status`", "timeout"
            )
        reply = decode(socket.recv_multipart(), CONTROL).body
    if not isinstance(reply, Reply) or reply.id != request.id:
        raise ServiceError(f"the answer to {verb!r} does not belong to it", "protocol")
    if reply.error is not None:
        raise ServiceError(reply.error, reply.code or "failed")
    return reply.result
