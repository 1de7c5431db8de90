"""The sending end of a work link: a mailbox that sends against credits and keeps a lease on what is out.

The sender binds a ROUTER and keeps waiting messages itself, because a socket's own buffers would hold dozens of
stale ones. A message goes out only against a reader's credit; it stays leased until the reader answers for it. A lease
that runs out, or whose reader went away, is offered again where that still makes sense, and counted as lost otherwise.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import zmq

from twinface.bus.books import Account, Column
from twinface.bus.credit import CREDIT_TTL_S, Credit, unpack_credit
from twinface.bus.mailbox import Mailbox, Parcel
from twinface.bus.outcome import OnOutcome, Outcome
from twinface.errors import WireError
from twinface.messages.codec import encode
from twinface.messages.schema import Array, Body, Message, Stamp
from twinface.messages.topics import Topic

_PINNED_TIMES = 10
"""As many times as often a pinned message is offered: what a source waits for survives that the reader of its reader
(the matcher, behind an extractor) takes a minute to come back.
"""


class Captured(NamedTuple):
    """When the frame that a message speaks of was taken: wall clock, monotonic, position in the source."""

    at_ns: int
    mono_ns: int
    media_ms: float

    @classmethod
    def now(cls) -> "Captured":
        """This moment, for messages that speak of no frame."""
        return cls(time.time_ns(), time.monotonic_ns(), 0.0)


_COLUMN = {
    Outcome.SETTLED: Column.SETTLED,
    Outcome.REPLACED: Column.DROPPED_REPLACED,
    Outcome.OVERFLOW: Column.DROPPED_OVERFLOW,
    Outcome.STALE: Column.DROPPED_STALE,
    Outcome.EXPIRED: Column.LOST_EXPIRED,
}


@dataclass(slots=True)
class _Reader:
    origin: bytes
    epoch: int
    number: int = -1
    window: int = 0
    expires_at_s: float = 0.0
    leased: set[int] = field(default_factory=set)


@dataclass(slots=True)
class _Lease:
    parcel: Parcel
    reader: bytes
    expires_at_s: float


class WorkSender:
    """Offers messages of one topic. Not thread-safe: it lives in its process's loop.

    `refuse` is told of bytes that are no credit, which change nothing.
    """

    def __init__(
        self,
        context: "zmq.Context[zmq.Socket[bytes]]",
        endpoint: str,
        topic: Topic,
        *,
        origin: str,
        epoch: int,
        account: Account,
        refuse: Callable[[WireError], object],
    ) -> None:
        self.topic = topic
        self._origin = origin
        self._epoch = epoch
        self._account = account
        self._refuse = refuse
        self._sequence = 0
        self._mailbox = Mailbox(topic.capacity, topic.overflow)
        self._readers: dict[bytes, _Reader] = {}
        self._leases: dict[int, _Lease] = {}
        self.socket = context.socket(zmq.ROUTER)
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.ROUTER_MANDATORY, 1)
        self.socket.set(zmq.ROUTER_HANDOVER, 1)
        self.socket.set(zmq.MAXMSGSIZE, 4096)
        self.socket.bind(endpoint)

    @property
    def waiting(self) -> int:
        """Messages that no reader has had yet."""
        return len(self._mailbox)

    @property
    def in_flight(self) -> int:
        """Messages that a reader has and has not answered for."""
        return len(self._leases)

    @property
    def full(self) -> bool:
        """Whether as many wait as should: one more may push another one out. A source that can wait, waits."""
        return self._mailbox.full

    def offer(
        self,
        body: Body,
        captured: Captured,
        *,
        array: Array | None = None,
        key: int | None = None,
        pinned: bool = False,
        on_outcome: OnOutcome | None = None,
    ) -> None:
        """Take a message for delivery.

        A waiting one gives way to a newer one of the same `key` (where the topic says so), to the mailbox's limit, and
        to age; one that is `pinned` does not.
        """
        sequence = self._sequence
        self._sequence += 1
        stamp = Stamp(self._origin, self._epoch, sequence, captured.at_ns, captured.mono_ns, captured.media_ms)
        frames = encode(self.topic, Message(stamp, body, array))
        self._account.add(Column.OFFERED)
        self._put(Parcel(sequence, frames, key, pinned, time.monotonic(), on_outcome))
        self._dispatch()

    def on_readable(self) -> None:
        """Read what the readers say, then send what that allows."""
        while True:
            try:
                identity, *rest = self.socket.recv_multipart(zmq.NOBLOCK)
            except zmq.Again:
                break
            try:
                self._take_credit(identity, unpack_credit(b"".join(rest)))
            except WireError as error:
                self._refuse(error)
        self._dispatch()

    def tick(self) -> None:
        """Give up leases that ran out; to be called a few times a second."""
        now = time.monotonic()
        for sequence, lease in list(self._leases.items()):
            if lease.expires_at_s <= now:
                self._release(sequence)
        self._dispatch()

    def close(self) -> None:
        """Close the socket; what is still waiting or in flight stays so in the books."""
        self.socket.close()

    def _take_credit(self, identity: bytes, credit: Credit) -> None:
        reader = self._readers.get(identity) or self._register(identity)
        if credit.settles is not None and credit.settles[0] == self._epoch:
            self._settle(identity, credit.settles[1])
        if credit.number > reader.number:
            reader.number = credit.number
            reader.window = credit.window
            reader.expires_at_s = time.monotonic() + CREDIT_TTL_S

    def _register(self, identity: bytes) -> _Reader:
        """A reader not heard of before. Its process's earlier self, of which only one can run, will answer no more."""
        origin, _, epoch = identity.rpartition(b"@")
        if not origin or not epoch.isdigit():
            raise WireError("not from a reader")
        reader = _Reader(origin, int(epoch))
        selves = [one for one, other in self._readers.items() if other.origin == origin]
        if any(self._readers[one].epoch > reader.epoch for one in selves):
            raise WireError("from a reader that was started anew since")
        for one in selves:
            self._forget(one)
        self._readers[identity] = reader
        return reader

    def _forget(self, identity: bytes) -> None:
        for sequence in self._readers.pop(identity).leased:
            self._release(sequence)

    def _settle(self, identity: bytes, sequence: int) -> None:
        lease = self._leases.get(sequence)
        if lease is None:
            # The answer to a lease that ran out: the work is done, nobody needs to do it again.
            parcel = self._mailbox.withdraw(sequence)
            if parcel is not None:
                self._end(parcel, Outcome.SETTLED)
        elif lease.reader == identity:
            del self._leases[sequence]
            self._readers[identity].leased.discard(sequence)
            self._end(lease.parcel, Outcome.SETTLED)

    def _release(self, sequence: int) -> None:
        """Take back what a reader had: offer it again, or count it out."""
        lease = self._leases.pop(sequence)
        if lease.reader in self._readers:
            self._readers[lease.reader].leased.discard(sequence)
        times = _PINNED_TIMES if lease.parcel.pinned else 1
        if lease.parcel.attempts >= times * self.topic.attempts:
            self._end(lease.parcel, Outcome.EXPIRED)
        elif self._is_stale(lease.parcel):
            self._end(lease.parcel, Outcome.STALE)
        else:
            self._account.add(Column.REDELIVERED)
            self._put(lease.parcel)

    def _is_stale(self, parcel: Parcel) -> bool:
        age_ms = (time.monotonic() - parcel.offered_at_s) * 1000.0
        return age_ms > self.topic.stale_after_ms and not parcel.pinned

    def _put(self, parcel: Parcel) -> None:
        gone = self._mailbox.put(parcel)
        if gone is not None:
            self._end(*gone)

    def _dispatch(self) -> None:
        while self._mailbox:
            identity = self._next_reader()
            if identity is None:
                break
            parcel = self._mailbox.take()
            if self._is_stale(parcel):
                self._end(parcel, Outcome.STALE)
            else:
                self._send(identity, parcel)
        self._account.put(Column.WAITING, len(self._mailbox))
        self._account.put(Column.IN_FLIGHT, len(self._leases))

    def _next_reader(self) -> bytes | None:
        now = time.monotonic()
        free = [
            (len(reader.leased), identity)
            for identity, reader in self._readers.items()
            if reader.expires_at_s > now and len(reader.leased) < reader.window
        ]
        return min(free)[1] if free else None

    def _send(self, identity: bytes, parcel: Parcel) -> None:
        try:
            self.socket.send_multipart([identity, *parcel.frames], zmq.NOBLOCK)
        except zmq.Again:
            self._readers[identity].expires_at_s = 0.0
            self._put(parcel)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._put(parcel)
            self._forget(identity)
        else:
            parcel.attempts += 1
            self._readers[identity].leased.add(parcel.sequence)
            expires_at_s = time.monotonic() + self.topic.lease_ms / 1000.0
            self._leases[parcel.sequence] = _Lease(parcel, identity, expires_at_s)

    def _end(self, parcel: Parcel, outcome: Outcome) -> None:
        self._account.add(_COLUMN[outcome])
        if parcel.on_outcome is not None:
            parcel.on_outcome(outcome)
