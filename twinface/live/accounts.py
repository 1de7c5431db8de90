"""The books of all processes put together: what each link sent and what became of it."""

import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from twinface.bus.books import Column, read_books
from twinface.bus.rundir import RunDirectory

_Ledger = dict[str, dict[Column, int]]

_READ_AGAIN_S = 0.01
_READINGS = 10


@dataclass(frozen=True, slots=True)
class LinkBooks:
    """One link and epoch: sent = received + dropped + lost + waiting + in flight.

    `sent` is what the sender took on, `received` what a reader answered for. `answered` counts the same at the
    readers' end; it is larger when a message was answered for twice. Of a sender that died, what nobody answered for
    is lost as `sender_died`.
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

    @property
    def balanced(self) -> bool:
        """Whether everything that was sent is accounted for, and by both ends."""
        gone = sum(self.dropped.values()) + sum(self.lost.values())
        return self.sent == self.received + gone + self.waiting + self.in_flight and self.answered >= self.received


def read_links(run: RunDirectory) -> list[LinkBooks]:
    """The books of every link of this run, also of processes that were killed.

    Running processes go on counting while their books are read: a reading that is torn is made again.
    """
    links = _read_once(run)
    for _ in range(_READINGS):
        if all(link.balanced for link in links):
            break
        time.sleep(_READ_AGAIN_S)
        links = _read_once(run)
    return links


def _read_once(run: RunDirectory) -> list[LinkBooks]:
    # Senders first: what a reader answers for meanwhile only makes its count larger.
    senders = _read_all(run)
    readers = _read_all(run)
    newest: dict[str, int] = {}
    for origin, epoch in senders:
        newest[origin] = max(epoch, newest.get(origin, 0))
    return [
        _link(
            name.removeprefix("out "),
            origin,
            epoch,
            account,
            alive=epoch == newest[origin] and run.is_locked(origin),
            answered=_answered(readers.values(), name.removeprefix("out "), f"{origin}@{epoch}"),
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


def _answered(ledgers: Iterable[_Ledger], topic: str, sender: str) -> int:
    return sum(ledger.get(f"in {topic} {sender}", {}).get(Column.ANSWERED, 0) for ledger in ledgers)


def _link(topic: str, origin: str, epoch: int, account: dict[Column, int], *, alive: bool, answered: int) -> LinkBooks:
    dropped = {
        "replaced": account[Column.DROPPED_REPLACED],
        "overflow": account[Column.DROPPED_OVERFLOW],
        "stale": account[Column.DROPPED_STALE],
    }
    lost = {"expired": account[Column.LOST_EXPIRED], "sender_died": 0}
    sent, received = account[Column.OFFERED], account[Column.SETTLED]
    if not alive:
        owed = sent - sum(dropped.values()) - lost["expired"]
        received = max(received, min(answered, owed))
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
    )
