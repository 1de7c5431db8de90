"""The sending end of a work link: a mailbox that sends against credits and keeps a lease on what is out.

The sender binds a ROUTER and keeps waiting messages itself, because a socket's own buffers would hold dozens of
stale ones. A message goes out only against a reader's credit; it stays leased until the reader answers for it. A lease
that runs out, or whose reader went away, is offered again where that still makes sense, and counted as lost otherwise.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

import zmq

from twinface.bus.books import Account, Column
from twinface.bus.credit import CREDIT_TTL_S, Credit, unpack_credit
from twinface.bus.mailbox import Mailbox, Parcel
from twinface.errors import WireError
from twinface.messages.codec import encode
from twinface.messages.schema import Array, Body, Message, Stamp
from twinface.messages.topics import Topic

log = logging.getLogger(__name__)


class Captured(NamedTuple):
    """When the frame that a message speaks of was taken: wall clock, monotonic, position in the source."""

    at_ns: int
    mono_ns: int
    media_ms: float

    @classmethod
    def now(cls) -> "Captured":
        """This moment, for messages that speak of no frame."""
        return cls(time.time_ns(), time.monotonic_ns(), 0.0)


class Outcome(StrEnum):
    """How a message ended; each is a column of the books."""

    SETTLED = "settled"
    REPLACED = "replaced"
    OVERFLOW = "overflow"
    STALE = "stale"
    EXPIRED = "expired"


_COLUMN = {
    Outcome.SETTLED: Column.SETTLED,
    Outcome.REPLACED: Column.DROPPED_REPLACED,
    Outcome.OVERFLOW: Column.DROPPED_OVERFLOW,
    Outcome.STALE: Column.DROPPED_STALE,
    Outcome.EXPIRED: Column.LOST_EXPIRED,
}


@dataclass(slots=True)
class _Reader:
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

    `keep_stale` is for lossless streams: nothing is given up because of its age.
    `on_outcome(sequence, outcome)` is called once for every message offered.
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
        keep_stale: bool = False,
        on_outcome: Callable[[int, Outcome], None] | None = None,
    ) -> None:
        self.topic = topic
        self._origin = origin
        self._epoch = epoch
        self._account = account
        self._keep_stale = keep_stale
        self._on_outcome = on_outcome
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
        """Whether one more offer may push something out."""
        return self._mailbox.full

    def offer(
        self,
        body: Body,
        captured: Captured,
        *,
        array: Array | None = None,
        key: int | None = None,
        pinned: bool = False,
    ) -> int:
        """Take a message for delivery; returns its sequence number."""
        sequence = self._sequence
        self._sequence += 1
        stamp = Stamp(self._origin, self._epoch, sequence, captured.at_ns, captured.mono_ns, captured.media_ms)
        frames = encode(self.topic, Message(stamp, body, array))
        self._account.add(Column.OFFERED)
        self._put(Parcel(sequence, frames, key, pinned, time.monotonic()))
        self._dispatch()
        return sequence

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
                log.warning("credit refused", extra={"topic": self.topic.name, "error": str(error)})
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
        reader = self._readers.get(identity)
        if reader is None:
            self._forget_predecessors(identity)
            reader = self._readers[identity] = _Reader()
        if credit.settles is not None and credit.settles[0] == self._epoch:
            self._settle(identity, credit.settles[1])
        if credit.number > reader.number:
            reader.number = credit.number
            reader.window = credit.window
            reader.expires_at_s = time.monotonic() + CREDIT_TTL_S

    def _forget_predecessors(self, identity: bytes) -> None:
        """A process that started anew: its earlier self, of which only one can run, will not answer any more."""
        origin = identity.rpartition(b"@")[0]
        for other in [one for one in self._readers if one.rpartition(b"@")[0] == origin]:
            self._forget(other)

    def _forget(self, identity: bytes) -> None:
        for sequence in self._readers.pop(identity).leased:
            self._release(sequence)

    def _settle(self, identity: bytes, sequence: int) -> None:
        lease = self._leases.get(sequence)
        if lease is not None and lease.reader == identity:
            self._readers[identity].leased.discard(sequence)
            del self._leases[sequence]
            self._end(sequence, Outcome.SETTLED)

    def _release(self, sequence: int) -> None:
        """Take back what a reader had: offer it again, or count it out."""
        lease = self._leases.pop(sequence)
        if lease.reader in self._readers:
            self._readers[lease.reader].leased.discard(sequence)
        parcel = lease.parcel
        age_ms = (time.monotonic() - parcel.offered_at_s) * 1000.0
        if parcel.attempts >= self.topic.attempts:
            self._end(sequence, Outcome.EXPIRED)
        elif age_ms > self.topic.stale_after_ms and not (self._keep_stale or parcel.pinned):
            self._end(sequence, Outcome.STALE)
        else:
            self._account.add(Column.REDELIVERED)
            self._put(parcel)

    def _put(self, parcel: Parcel) -> None:
        replaced, pushed_out = self._mailbox.put(parcel)
        if replaced is not None:
            self._end(replaced.sequence, Outcome.REPLACED)
        if pushed_out is not None:
            self._end(pushed_out.sequence, Outcome.OVERFLOW)

    def _dispatch(self) -> None:
        while self._mailbox:
            identity = self._next_reader()
            if identity is None:
                break
            parcel = self._mailbox.take()
            if parcel is None:
                break
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
            self._mailbox.put(parcel)
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._mailbox.put(parcel)
            self._forget(identity)
        else:
            parcel.attempts += 1
            self._readers[identity].leased.add(parcel.sequence)
            expires_at_s = time.monotonic() + self.topic.lease_ms / 1000.0
            self._leases[parcel.sequence] = _Lease(parcel, identity, expires_at_s)

    def _end(self, sequence: int, outcome: Outcome) -> None:
        self._account.add(_COLUMN[outcome])
        if self._on_outcome is not None:
            self._on_outcome(sequence, outcome)
