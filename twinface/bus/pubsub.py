"""Publish and subscribe: whoever listens, gets; the sender never waits. Heartbeats are listened to this way."""

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import zmq

from twinface.bus.rundir import RunDirectory
from twinface.errors import WireError
from twinface.messages.codec import MAX_HEADER_BYTES, Frames, decode, encode
from twinface.messages.schema import Array, Body, Heartbeat, Message, Stamp
from twinface.messages.topics import HEALTH, Pattern, Topic
from twinface.types import Captured

log = logging.getLogger(__name__)


class Publisher:
    """Publishes one topic, of a work link the copies that are made while somebody watches it.

    `wanted` is only meaningful for these and for topics that are made on demand.
    """

    def __init__(
        self, context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str, topic: Topic, *, origin: str, epoch: int
    ) -> None:
        self.topic = topic
        self._origin = origin
        self._epoch = epoch
        self._sequence = 0
        self._subscriptions = 0
        on_demand = topic.pattern in {Pattern.ON_DEMAND, Pattern.WORK}
        self.socket = context.socket(zmq.XPUB if on_demand else zmq.PUB)
        self.socket.set(zmq.LINGER, 200)
        self.socket.set(zmq.SNDHWM, topic.capacity)
        if on_demand:
            self.socket.set(zmq.XPUB_VERBOSER, 1)
        self.socket.bind(endpoint)

    def wanted(self) -> bool:
        """Whether somebody is subscribed at this moment."""
        while True:
            try:
                frame = self.socket.recv(zmq.NOBLOCK)
            except zmq.Again:
                return self._subscriptions > 0
            self._subscriptions += {b"\x01": 1, b"\x00": -1}.get(frame[:1], 0)

    def publish(self, body: Body, captured: Captured, array: Array | None = None) -> None:
        """Send to whoever is subscribed; a subscriber that is `capacity` messages behind misses this one."""
        stamp = Stamp(self._origin, self._epoch, self._sequence, captured)
        self._sequence += 1
        self.socket.send_multipart(encode(self.topic, Message(stamp, body, array)), zmq.NOBLOCK)

    def copy(self, frames: Frames) -> None:
        """Publish a message that goes elsewhere, too, as it is, if somebody is subscribed; nothing waits for it."""
        if self.wanted():
            self.socket.send_multipart(frames, zmq.NOBLOCK)

    def close(self) -> None:
        """Close the socket; what is on its way may still leave."""
        self.socket.close()


class Subscriber:
    """Listens to one topic of any number of publishers, which may come and go."""

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        endpoints: Sequence[str],
        topic: Topic,
        *,
        listening: bool = True,
    ) -> None:
        self.topic = topic
        self.socket = context.socket(zmq.SUB)
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.RCVHWM, max(topic.capacity, 1))
        self.socket.set(zmq.RECONNECT_IVL, 50)
        self.socket.set(zmq.RECONNECT_IVL_MAX, 500)
        self.socket.set(zmq.MAXMSGSIZE, topic.max_payload_bytes + MAX_HEADER_BYTES)
        if listening:
            self.listen(True)
        for endpoint in endpoints:
            self.socket.connect(endpoint)

    def listen(self, listening: bool) -> None:
        """Stop or start listening; what is made on demand is not made for who does not listen."""
        if listening:
            self.socket.subscribe(self.topic.name)
        else:
            self.socket.unsubscribe(self.topic.name)

    def receive(self, timeout_s: float = 0.0) -> Message | None:
        """The next message, or None when none came in time; WireError when it is not one."""
        if timeout_s > 0 and not self.socket.poll(int(timeout_s * 1000)):
            return None
        try:
            return decode(self.socket.recv_multipart(zmq.NOBLOCK), self.topic)
        except zmq.Again:
            return None

    def close(self) -> None:
        """Close the socket."""
        self.socket.close()


@contextmanager
def subscribed(endpoints: Sequence[str], topic: Topic) -> Iterator[Subscriber]:
    """A subscriber for who is no process on the bus."""
    with zmq.Context() as context:
        subscriber = Subscriber(context, endpoints, topic)
        try:
            yield subscriber
        finally:
            subscriber.close()


def latest_heartbeats(run: RunDirectory, names: Sequence[str], *, timeout_s: float = 1.5) -> dict[str, Heartbeat]:
    """One heartbeat of each of the processes `names` that has one within the time; they come once a second."""
    beats: dict[str, Heartbeat] = {}
    give_up_at_s = time.monotonic() + timeout_s
    with subscribed([run.endpoint(HEALTH, name) for name in names], HEALTH) as subscriber:
        while len(beats) < len(names) and (left_s := give_up_at_s - time.monotonic()) > 0:
            try:
                message = subscriber.receive(left_s)
            except WireError as error:
                log.warning("message refused", extra={"topic": HEALTH.name, "error": str(error)})
                continue
            if message is not None and isinstance(message.body, Heartbeat):
                beats[message.body.process] = message.body
    return beats
