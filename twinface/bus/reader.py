"""The reading end of a work link: grants credits to every sender, hands messages out, acknowledges each."""

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

import zmq

from twinface.bus.books import Account, Books, Column
from twinface.bus.credit import RENEW_EVERY_S, Answer, Credit, Verdict, pack_credit
from twinface.bus.far import FarEnd, FarSender
from twinface.errors import WireError
from twinface.messages.codec import MAX_HEADER_BYTES, decode
from twinface.messages.recent import RecentNumbers
from twinface.messages.schema import Message
from twinface.messages.topics import Topic
from twinface.types import Clock

log = logging.getLogger(__name__)

_REMEMBERED_SENDERS = 64
"""Starts of senders, those heard last, of which messages are known that arrive a second time."""

_QUEUE_SHARE = 0.2
"""Share of the age budget that what waits here may take: a slow reader takes on less, and gets newer messages."""

_SMOOTHING = 0.2
"""How quickly the expected time of a message's work comes down to what it takes; it goes up at once."""

_LONGEST_WORK_SHARE = 0.5
"""Share of the age budget that a message's work is expected to take at most: something is done however slow it is."""

_COLUMN = {
    Verdict.DONE: Column.ANSWERED,
    Verdict.OUTDATED: Column.OUTDATED,
    Verdict.RETURNED: Column.RETURNED,
}


@dataclass(frozen=True, slots=True, eq=False)
class Delivery:
    """A message that waits for its acknowledgement: give it to `settle`, `drop` or `give_back` of its WorkReader."""

    message: Message
    channel: int
    peer: str = ""  # the box it came from, "" for this one


@dataclass(frozen=True, slots=True)
class _Sender:
    """Of one start of a sender, the latest messages by number: those that came, and those whose work is done."""

    received: RecentNumbers = field(default_factory=RecentNumbers)
    done: RecentNumbers = field(default_factory=RecentNumbers)

    def is_known(self, sequence: int) -> bool:
        """Whether a message came before; of one that is past nobody knows, and it may be new."""
        return sequence in self.received and not self.received.is_past(sequence)

    def forget(self, sequence: int) -> None:
        """Take the message for a new one when it comes again."""
        self.received.discard(sequence)
        self.done.discard(sequence)


class WorkReader:
    """Reads one topic from any number of senders. Not thread-safe: it lives in its process's loop.

    What would be older than the topic allows by the time it is done is dropped when its turn comes, and acknowledged as
    that. `refuse` is called with what is wrong with what is no message; that is not acknowledged at all.
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
        far: Sequence[FarSender] = (),
        clock: Clock = time.monotonic,
    ) -> None:
        self.topic = topic
        self._books = books
        self._refuse = refuse
        self._clock = clock
        self._number = 0
        self._renewed_at_s = 0.0
        self._turn = 0
        self._handed_out_at_s: float | None = None
        self._work_s = 0.0
        self._deaf: set[int] = set()
        self._endpoints = [*endpoints, *(one.address for one in far)]
        self._senders: OrderedDict[tuple[str, int], _Sender] = OrderedDict()
        identity = f"{origin}@{epoch}"
        self._far = {number: FarEnd(context, one, topic, identity) for number, one in enumerate(far, len(endpoints))}
        self.sockets = [context.socket(zmq.DEALER) for _ in endpoints] + [end.socket for end in self._far.values()]
        self._in_hand = [0] * len(self.sockets)
        for socket in self.sockets[: len(endpoints)]:
            socket.set(zmq.ROUTING_ID, identity.encode())
        for socket, endpoint in zip(self.sockets, self._endpoints, strict=True):
            self._connect(socket, endpoint)

    def _connect(self, socket: "zmq.Socket[bytes]", endpoint: str) -> None:
        socket.set(zmq.LINGER, 0)
        socket.set(zmq.RECONNECT_IVL, 50)
        socket.set(zmq.RECONNECT_IVL_MAX, 100)
        socket.set(zmq.SNDHWM, 64)
        socket.set(zmq.MAXMSGSIZE, self.topic.max_payload_bytes + MAX_HEADER_BYTES)
        socket.connect(endpoint)

    def receive(self) -> Delivery | None:
        """The next message of any sender, in turns; None when none is there."""
        for offset in range(len(self.sockets)):
            channel = (self._turn + offset) % len(self.sockets)
            delivery = self._receive_from(channel)
            if delivery is not None:
                self._turn = channel + 1
                self._handed_out_at_s = self._clock()
                return delivery
        return None

    def _receive_from(self, channel: int) -> Delivery | None:
        while True:
            try:
                frames = self.sockets[channel].recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                return None
            self._deaf.discard(channel)
            far = self._far.get(channel)
            if far is not None and far.take_pong(frames):
                continue
            try:
                message = decode(frames, self.topic)
                message = far.localise(message) if far is not None else message
            except WireError as error:
                self._refuse(error)
                continue
            if not self._is_new(message):
                self._account(message).add(Column.DUPLICATES)
                if message.stamp.sequence in self._sender_of(message).done:
                    self._acknowledge(message, channel, Verdict.DONE_BEFORE)
                continue
            self._in_hand[channel] += 1
            delivery = Delivery(message, channel, far.far.peer if far is not None else "")
            if message.stamp.pinned or not self._is_too_old(message):
                return delivery
            self.drop(delivery)

    def rest(self) -> None:
        """Say that the work on what was received last is done, as far as this process goes."""
        if self._handed_out_at_s is not None:
            took_s = self._clock() - self._handed_out_at_s
            self._work_s = max(took_s, self._work_s + _SMOOTHING * (took_s - self._work_s))
            self._handed_out_at_s = None

    def settle(self, delivery: Delivery) -> None:
        """Acknowledge a message whose work is done; its sender may then send another one."""
        self._sender_of(delivery.message).done.add(delivery.message.stamp.sequence)
        self._let_go(delivery, Verdict.DONE)

    def drop(self, delivery: Delivery) -> None:
        """Acknowledge a message that became too old to be worked on."""
        self._sender_of(delivery.message).forget(delivery.message.stamp.sequence)
        self._let_go(delivery, Verdict.OUTDATED)

    def give_back(self, delivery: Delivery) -> None:
        """Leave a message that cannot be worked on here: it may be offered again, also to this reader."""
        self._sender_of(delivery.message).forget(delivery.message.stamp.sequence)
        self._let_go(delivery, Verdict.RETURNED)

    def tick(self) -> None:
        """Renew the credits; to be called a few times a second, also when nothing arrives."""
        now_s = self._clock()
        if now_s - self._renewed_at_s >= RENEW_EVERY_S:
            self._renewed_at_s = now_s
            for channel in range(len(self.sockets)):
                self._grant(channel, None)

    def problem(self) -> str:
        """What is wrong with a link to another machine: that nothing is heard of it."""
        return next(filter(None, (far.problem() for far in self._far.values())), "")

    def close(self) -> None:
        """Close the sockets."""
        for socket in self.sockets:
            socket.close()

    def _is_new(self, message: Message) -> bool:
        sender, sequence = self._sender_of(message), message.stamp.sequence
        if sender.is_known(sequence):
            return False
        sender.received.add(sequence)
        self._account(message).add(Column.RECEIVED)
        return True

    def _sender_of(self, message: Message) -> _Sender:
        start = message.stamp.origin, message.stamp.epoch
        sender = self._senders.setdefault(start, _Sender())
        self._senders.move_to_end(start)
        if len(self._senders) > _REMEMBERED_SENDERS:
            self._senders.popitem(last=False)
        return sender

    def _account(self, message: Message) -> Account:
        return self._books.account(f"in {self.topic.name} {message.stamp.origin}@{message.stamp.epoch}")

    def _is_too_old(self, message: Message) -> bool:
        budget_ms = self.topic.stale_after_ms
        work_ms = min(self._work_s * 1000.0, _LONGEST_WORK_SHARE * budget_ms)
        return message.stamp.captured.age_ms(self._clock()) + work_ms > budget_ms

    def _window(self) -> int:
        """How many messages each sender may have here, so that none waits for long; at least one."""
        room_s = _QUEUE_SHARE * self.topic.stale_after_ms / 1000.0 / len(self.sockets)
        return max(1, min(self.topic.window, int(room_s / max(self._work_s, 1e-6))))

    def _let_go(self, delivery: Delivery, verdict: Verdict) -> None:
        self.rest()
        self._in_hand[delivery.channel] -= 1
        self._account(delivery.message).add(_COLUMN[verdict])
        self._acknowledge(delivery.message, delivery.channel, verdict)

    def _acknowledge(self, message: Message, channel: int, verdict: Verdict) -> None:
        self._grant(channel, Answer(message.stamp.epoch, message.stamp.sequence, verdict))

    def _grant(self, channel: int, answer: Answer | None) -> None:
        self._number += 1
        socket, far = self.sockets[channel], self._far.get(channel)
        held = self._in_hand[channel] + bool(int(socket.get(zmq.EVENTS)) & zmq.POLLIN)
        # Of whom the clock is not known yet nothing is taken: nobody could say how old it is.
        window = self._window() if far is None or far.clock.is_known else 0
        credit = pack_credit(Credit(self._number, window, held, answer))
        try:
            socket.send_multipart([credit] if far is None else [credit, far.ping()], zmq.NOBLOCK)
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
