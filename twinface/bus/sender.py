"""The sending end of a work link: a mailbox that sends against credits and keeps a lease on what is out.

The sender binds a ROUTER and keeps waiting messages itself, because a socket's own buffers would hold dozens of
stale ones. A message goes out only against a free slot of a reader. A lease that runs out lets another reader have the
message as well; its own reader keeps the slot, and may still acknowledge it.
"""

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import zmq

from twinface.bus.books import Account, Column
from twinface.bus.credit import Answer, Credit, OnOutcome, Outcome, Verdict, unpack_credit
from twinface.bus.mailbox import Mailbox, Parcel
from twinface.bus.slots import Readers
from twinface.errors import WireError
from twinface.messages.codec import Frames, encode
from twinface.messages.schema import Array, Body, Message, Stamp
from twinface.messages.topics import Topic
from twinface.types import Captured, Clock

_PINNED_ATTEMPTS_TIMES = 10
"""As many times as often a pinned message is offered: what a source waits for survives that the reader of its reader
(the matcher, behind an extractor) takes a minute to come back.
"""

_STUCK_AFTER_BUDGETS = 2

_COLUMN = {
    Outcome.SETTLED: Column.SETTLED,
    Outcome.REPLACED: Column.DROPPED_REPLACED,
    Outcome.OVERFLOW: Column.DROPPED_OVERFLOW,
    Outcome.STALE: Column.DROPPED_STALE,
    Outcome.EXPIRED: Column.LOST_EXPIRED,
}


@dataclass(slots=True)
class _Lease:
    """A message that one reader has, or more than one, once it was overdue."""

    parcel: Parcel
    expires_at_s: float


class WorkSender:
    """Offers messages of one topic. Not thread-safe: it lives in its process's loop.

    `refuse` is called with what is wrong with bytes that are no credit; they change nothing. `copy` is given the frames
    of each message as it is taken on, for who watches the link.
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
        copy: Callable[[Frames], object] = lambda _frames: None,
        clock: Clock = time.monotonic,
    ) -> None:
        self.topic = topic
        self._copy = copy
        self._origin = origin
        self._epoch = epoch
        self._account = account
        self._refuse = refuse
        self._clock = clock
        self._sequence = 0
        self._mailbox = Mailbox(topic.capacity, topic.overflow, topic.order)
        self._readers = Readers()
        self._leases: dict[int, _Lease] = {}
        self._owes_since_s: float | None = None
        self.socket = context.socket(zmq.ROUTER)
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.ROUTER_MANDATORY, 1)
        self.socket.set(zmq.ROUTER_HANDOVER, 1)
        self.socket.set(zmq.MAXMSGSIZE, 4096)
        self.socket.bind(endpoint)

    @property
    def waiting(self) -> int:
        """Messages that no reader has."""
        return len(self._mailbox)

    @property
    def in_flight(self) -> int:
        """Messages that a reader has and has not acknowledged."""
        return len(self._leases)

    @property
    def readers(self) -> int:
        """How many readers there are whose credits hold."""
        return self._readers.count_current(self._clock())

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
        rank: int = 0,
        pinned: bool = False,
        on_outcome: OnOutcome | None = None,
    ) -> None:
        """Take a message for delivery.

        A waiting one gives way to a newer one of the same `key` (where the topic says so), to the mailbox's limit, and
        to its age since `captured`; one that is `pinned` does not. Of those that wait the lowest `rank` goes out first,
        where the topic does not keep the order.
        """
        sequence = self._sequence
        self._sequence += 1
        frames = encode(self.topic, Message(Stamp(self._origin, self._epoch, sequence, captured, pinned), body, array))
        self._account.add(Column.OFFERED)
        self._copy(frames)
        self._owes_since_s = self._owes_since_s or self._clock()
        self._put(Parcel(sequence, frames, key, pinned, captured, rank, on_outcome))
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
        """Count out what has become too old or was offered often enough; to be called a few times a second."""
        for parcel in self._mailbox.withdraw_all(self._is_stale):
            self._end(parcel, Outcome.STALE)
        for parcel in self._overdue():
            hopeless = self._hopeless(parcel)
            if hopeless is not None and self._leases.pop(parcel.sequence, None) is not None:
                self._end(parcel, hopeless)
        if not self._mailbox and not self._leases and self._readers.find_free(self._clock()) is not None:
            self._owes_since_s = None
        self._dispatch()

    def problem(self) -> str:
        """What is wrong with the link: that it has something to do, and for twice the age budget did none of it."""
        if self._owes_since_s is None:
            return ""
        waited_s = self._clock() - self._owes_since_s
        if waited_s * 1000.0 <= _STUCK_AFTER_BUDGETS * self.topic.stale_after_ms:
            return ""
        return f"{self.topic.name}: no {' or '.join(self.topic.readers)} has done any for {waited_s:.0f} s"

    def close(self) -> None:
        """Close the socket; what is still waiting or in flight stays so in the books."""
        self.socket.close()

    def _take_credit(self, identity: bytes, credit: Credit) -> None:
        now_s = self._clock()
        self._release(self._readers.hear(identity, credit, now_s))
        if credit.answer is not None and credit.answer.epoch == self._epoch:
            self._take_answer(identity, credit.answer)
        patience_s = self.topic.lease_ms / 1000.0
        self._release(self._readers.lost_on_the_way(identity, credit.held, now_s, patience_s))

    def _take_answer(self, identity: bytes, answer: Answer) -> None:
        self._readers.empty(identity, answer.sequence)
        if answer.verdict is Verdict.RETURNED:
            self._release({answer.sequence})
            return
        lease = self._leases.pop(answer.sequence, None)
        parcel = lease.parcel if lease is not None else self._mailbox.withdraw(answer.sequence)
        if parcel is not None:
            self._end(parcel, Outcome.STALE if answer.verdict is Verdict.OUTDATED else Outcome.SETTLED)
        elif answer.verdict is Verdict.DONE:
            self._account.add(Column.IN_VAIN)

    def _release(self, sequences: Iterable[int]) -> None:
        """Take back what a reader had and will not acknowledge: offer it again, or count it out."""
        for sequence in sequences:
            if sequence not in self._leases or self._readers.holding(sequence):
                continue
            parcel = self._leases.pop(sequence).parcel
            hopeless = self._hopeless(parcel)
            if hopeless is not None:
                self._end(parcel, hopeless)
            else:
                self._account.add(Column.REDELIVERED)
                self._put(parcel)

    def _hopeless(self, parcel: Parcel) -> Outcome | None:
        """Why a message is not offered once more, if it is not."""
        times = _PINNED_ATTEMPTS_TIMES if parcel.pinned else 1
        if parcel.attempts >= times * self.topic.attempts:
            return Outcome.EXPIRED
        return Outcome.STALE if self._is_stale(parcel) else None

    def _is_stale(self, parcel: Parcel) -> bool:
        too_old = parcel.captured.age_ms(self._clock()) > self.topic.stale_after_ms
        return too_old and not parcel.pinned

    def _overdue(self) -> list[Parcel]:
        """What is out for longer than its lease, where nobody who has it gave a sign of life for as long."""
        now_s, patience_s = self._clock(), self.topic.lease_ms / 1000.0
        return [
            lease.parcel
            for sequence, lease in self._leases.items()
            if lease.expires_at_s <= now_s
            and all(self._readers.is_silent(one, now_s, patience_s) for one in self._readers.holding(sequence))
        ]

    def _put(self, parcel: Parcel) -> None:
        gone = self._mailbox.put(parcel)
        if gone is not None:
            self._end(*gone)

    def _dispatch(self) -> None:
        for parcel in self._overdue():
            another = self._readers.find_free(self._clock(), but=self._readers.holding(parcel.sequence))
            if another is not None and self._hopeless(parcel) is None and self._send(another, parcel):
                self._account.add(Column.REDELIVERED)
        while self._mailbox and (identity := self._readers.find_free(self._clock())) is not None:
            parcel = self._mailbox.take()
            if self._is_stale(parcel):
                self._end(parcel, Outcome.STALE)
            elif not self._send(identity, parcel):
                self._put(parcel)
        self._account.put(Column.WAITING, len(self._mailbox))
        self._account.put(Column.IN_FLIGHT, len(self._leases))

    def _send(self, identity: bytes, parcel: Parcel) -> bool:
        """Whether it is on its way; a reader that takes nothing, or is gone, gets nothing until it is heard again."""
        try:
            self.socket.send_multipart([identity, *parcel.frames], zmq.NOBLOCK)
        except zmq.Again:
            self._readers.pause(identity)
            return False
        except zmq.ZMQError as error:
            if error.errno != zmq.EHOSTUNREACH:
                raise
            self._release(self._readers.forget(identity))
            return False
        parcel.attempts += 1
        now_s = self._clock()
        self._readers.fill(identity, parcel.sequence, now_s)
        self._leases[parcel.sequence] = _Lease(parcel, now_s + self.topic.lease_ms / 1000.0)
        return True

    def _end(self, parcel: Parcel, outcome: Outcome) -> None:
        if outcome is Outcome.SETTLED:
            self._owes_since_s = self._clock() if self._mailbox or self._leases else None
        self._account.add(_COLUMN[outcome])
        if parcel.on_outcome is not None:
            parcel.on_outcome(outcome)
