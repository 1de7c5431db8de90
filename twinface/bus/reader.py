"""The reading end of a work link: grants credits to every sender, hands messages out, answers for each."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

import zmq

from twinface.bus.books import Account, Books, Column
from twinface.bus.credit import RENEW_EVERY_S, Credit, pack_credit
from twinface.errors import WireError
from twinface.messages.codec import MAX_HEADER_BYTES, decode
from twinface.messages.schema import Message
from twinface.messages.topics import Topic

log = logging.getLogger(__name__)

_REMEMBERED = 4096
"""Sequence numbers kept to know a message that arrives a second time."""


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """A message that waits for its answer: give it to `WorkReader.settle` when its work is done."""

    message: Message
    channel: int


class WorkReader:
    """Reads one topic from any number of senders. Not thread-safe: it lives in its process's loop.

    `refuse` is told of what is no message; it is not answered for, so that its lease runs out.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        endpoints: Sequence[str],
        topic: Topic,
        *,
        origin: str,
        epoch: int,
        books: Books,
        refuse: Callable[[WireError], object],
    ) -> None:
        self.topic = topic
        self._books = books
        self._refuse = refuse
        self._number = 0
        self._renewed_at_s = 0.0
        self._turn = 0
        self._deaf: set[int] = set()
        self._endpoints = endpoints
        self._answered: OrderedDict[tuple[str, int, int], bool] = OrderedDict()
        self.sockets = [self._connect(context, endpoint, f"{origin}@{epoch}") for endpoint in endpoints]

    def _connect(self, context: "zmq.Context[zmq.Socket[bytes]]", endpoint: str, identity: str) -> "zmq.Socket[bytes]":
        socket = context.socket(zmq.DEALER)
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.ROUTING_ID, identity.encode())
        socket.set(zmq.RECONNECT_IVL, 50)
        socket.set(zmq.RECONNECT_IVL_MAX, 500)
        socket.set(zmq.SNDHWM, 64)
        socket.set(zmq.MAXMSGSIZE, self.topic.max_payload_bytes + MAX_HEADER_BYTES)
        socket.connect(endpoint)
        return socket

    def receive(self) -> Delivery | None:
        """The next message of any sender, in turns; None when none is there."""
        for offset in range(len(self.sockets)):
            channel = (self._turn + offset) % len(self.sockets)
            delivery = self._receive_from(channel)
            if delivery is not None:
                self._turn = channel + 1
                return delivery
        return None

    def _receive_from(self, channel: int) -> Delivery | None:
        while True:
            try:
                frames = self.sockets[channel].recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return None
            self._deaf.discard(channel)
            try:
                message = decode(frames, self.topic)
            except WireError as error:
                self._refuse(error)
                continue
            if self._is_new(message):
                return Delivery(message, channel)
            self._account(message).add(Column.DUPLICATES)
            if self._answered[_key(message)]:
                self._answer(message, channel)

    def settle(self, delivery: Delivery) -> None:
        """Answer for a message; its sender may then send another one."""
        self._account(delivery.message).add(Column.ANSWERED)
        self._answered[_key(delivery.message)] = True
        self._answer(delivery.message, delivery.channel)

    def give_back(self, delivery: Delivery) -> None:
        """Leave a message that cannot be worked off: when its lease has run out it may come again, also to here."""
        self._answered.pop(_key(delivery.message), None)

    def tick(self) -> None:
        """Renew the credits; to be called a few times a second, also when nothing arrives."""
        now = time.monotonic()
        if now - self._renewed_at_s >= RENEW_EVERY_S:
            self._renewed_at_s = now
            for channel in range(len(self.sockets)):
                self._grant(channel, None)

    def close(self) -> None:
        """Close the sockets."""
        for socket in self.sockets:
            socket.close()

    def _is_new(self, message: Message) -> bool:
        if _key(message) in self._answered:
            return False
        self._answered[_key(message)] = False
        if len(self._answered) > _REMEMBERED:
            self._answered.popitem(last=False)
        self._account(message).add(Column.RECEIVED)
        return True

    def _account(self, message: Message) -> Account:
        return self._books.account(f"in {self.topic.name} {message.stamp.origin}@{message.stamp.epoch}")

    def _answer(self, message: Message, channel: int) -> None:
        self._grant(channel, (message.stamp.epoch, message.stamp.sequence))

    def _grant(self, channel: int, settles: tuple[int, int] | None) -> None:
        self._number += 1
        try:
            self.sockets[channel].send(pack_credit(Credit(self._number, self.topic.window, settles)), zmq.NOBLOCK)
        except zmq.Again:
            self._connect_again(channel)

    def _connect_again(self, channel: int) -> None:
        """A sender that takes no credits is away; or libzmq gave up the connection, as it does for good on a message
        that is too large.
        """
        endpoint = self._endpoints[channel]
        if channel not in self._deaf:
            log.warning("a sender takes no credits", extra={"topic": self.topic.name, "endpoint": endpoint})
        self._deaf.add(channel)
        with suppress(zmq.ZMQError):  # not connected: then it needs only the other half
            self.sockets[channel].disconnect(endpoint)
        self.sockets[channel].connect(endpoint)


def _key(message: Message) -> tuple[str, int, int]:
    return message.stamp.origin, message.stamp.epoch, message.stamp.sequence
