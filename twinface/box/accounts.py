"""The books of all processes put together: what each link sent and what became of it."""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from twinface.bus.books import Column, read_books
from twinface.bus.rundir import RunDirectory
from twinface.messages.topics import TOPICS

_Ledger = dict[str, dict[Column, int]]

_READ_AGAIN_S = 0.01
_READINGS = 11


@dataclass(frozen=True, slots=True)
class LinkBooks:
    """One link and epoch: sent = received + dropped + lost + waiting + in flight.

    `sent` is what the sender took on, `received` what a reader acknowledged as done. `answered` counts the same at the
    readers' end: what was done twice, or after it had ended at the sender, is `in_vain`; `underway` is the most that
    may be on its way back. Of a sender that died, what nobody acknowledged is lost as `sender_died`. `peer` is the box
    that alone reads it, if there is one.
    """

    topic: str
    sender: str
    epoch: int
    alive: bool
    sent: int
    received: int
    answered: int
    dropped: dict[str, int]
    lost: dict[str, int]
    waiting: int
    in_flight: int
    redelivered: int
    in_vain: int = 0
    underway: int = 0
    peer: str = ""

    @property
    def balanced(self) -> bool:
        """Whether everything that was sent is accounted for, and by both ends: no work is done that nobody knows of."""
        gone = sum(self.dropped.values()) + sum(self.lost.values())
        known = self.received + self.in_vain
        of_one_mind = known <= self.answered and (not self.alive or self.answered - known <= self.underway)
        return self.sent == self.received + gone + self.waiting + self.in_flight and of_one_mind


def read_links(run: RunDirectory, readings: int = _READINGS) -> list[LinkBooks]:
    """The books of every link of this run, also of processes that were killed.

    Running processes go on counting while their books are read: a reading that is torn is made again, `readings` at
    most in all.
    """
    links = _read_once(run)
    for _ in range(readings - 1):
        if all(link.balanced for link in links):
            break
        time.sleep(_READ_AGAIN_S)
        links = _read_once(run)
    return links


def _read_once(run: RunDirectory) -> list[LinkBooks]:
    # Senders first: what a reader acknowledges meanwhile only makes its count larger.
    senders = _read_all(run)
    readers = _read_all(run)
    newest: dict[str, int] = {}
    for origin, epoch in senders:
        newest[origin] = max(epoch, newest.get(origin, 0))
    later = _read_all(run)
    ends: defaultdict[str, list[Mapping[Column, int]]] = defaultdict(list)
    for ledger in readers.values():
        for name, account in ledger.items():
            ends[name].append(account)
    return [
        _link(
            name.removeprefix("out "),
            origin,
            epoch,
            account,
            alive=epoch == newest[origin] and run.is_locked(origin),
            ends=ends[f"in {name.removeprefix('out ')} {origin}@{epoch}"],
            known_later=_known(later.get((origin, epoch), ledger).get(name, account)),
        )
        for (origin, epoch), ledger in sorted(senders.items())
        for name, account in ledger.items()
        if name.startswith("out ")
    ]


def _read_all(run: RunDirectory) -> dict[tuple[str, int], _Ledger]:
    ledgers = {}
    for origin, epoch, path in run.list_books():
        with suppress(FileNotFoundError):  # cleared meanwhile by a process that starts
            ledgers[origin, epoch] = read_books(path)
    return ledgers


def _known(account: Mapping[Column, int]) -> int:
    """How many messages the sender knows to be done."""
    return account[Column.SETTLED] + account[Column.IN_VAIN]


def _link(
    link: str,
    origin: str,
    epoch: int,
    account: Mapping[Column, int],
    *,
    alive: bool,
    ends: Sequence[Mapping[Column, int]],
    known_later: int,
) -> LinkBooks:
    topic, _, peer = link.partition(" ")
    dropped = {
        "replaced": account[Column.DROPPED_REPLACED],
        "overflow": account[Column.DROPPED_OVERFLOW],
        "stale": account[Column.DROPPED_STALE],
    }
    lost = {"expired": account[Column.LOST_EXPIRED], "sender_died": 0}
    sent, received = account[Column.OFFERED], account[Column.SETTLED]
    answered = sum(end[Column.ANSWERED] for end in ends)
    # A reader has no more acknowledgements on their way than it may have messages; one that was killed lost as many.
    starts = sum(1 + end[Column.EARLIER_STARTS] for end in ends)
    underway = starts * TOPICS[topic].window + known_later - _known(account)
    if not alive:
        owed = sent - sum(dropped.values()) - lost["expired"]
        received = max(received, min(answered - account[Column.IN_VAIN], owed))
        lost["sender_died"] = owed - received
    return LinkBooks(
        topic=topic,
        sender=origin,
        epoch=epoch,
        alive=alive,
        sent=sent,
        received=received,
        answered=answered,
        dropped=dropped,
        lost=lost,
        waiting=account[Column.WAITING] if alive else 0,
        in_flight=account[Column.IN_FLIGHT] if alive else 0,
        redelivered=account[Column.REDELIVERED],
        in_vain=account[Column.IN_VAIN],
        underway=underway,
        peer=peer,
    )
