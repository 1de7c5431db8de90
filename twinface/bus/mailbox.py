"""Messages that wait at their sender, and what makes room when there are too many."""

import bisect
from dataclasses import dataclass, field

from twinface.bus.outcome import OnOutcome, Outcome
from twinface.messages.codec import Frames
from twinface.messages.topics import Overflow

_PINNED_TIMES = 16


@dataclass(slots=True, eq=False)
class Parcel:
    """A message on its way. `key`: what a newer one replaces; `pinned`: nothing replaces, drops or outdates it."""

    sequence: int
    frames: Frames = field(repr=False)
    key: int | None
    pinned: bool
    offered_at_s: float
    on_outcome: OnOutcome | None = None
    attempts: int = 0


class Mailbox:
    """Waiting parcels in the order of their numbers.

    At most `capacity`, unless pinned ones fill it: those are kept until there are sixteen times as many, because
    memory has an end even when a reader is away for days.
    """

    def __init__(self, capacity: int, overflow: Overflow) -> None:
        self._capacity = capacity
        self._overflow = overflow
        self._waiting: list[Parcel] = []

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def full(self) -> bool:
        """Whether one more would push another one out."""
        return len(self._waiting) >= self._capacity

    def put(self, parcel: Parcel) -> tuple[Parcel, Outcome] | None:
        """Add a parcel in its place; returns the one that had to go, and why.

        That may be the parcel itself: one that comes back when newer ones already wait.
        """
        older = self._of_same_key(parcel)
        if older is not None:
            return self._exchange(min(older, parcel, key=_number), parcel), Outcome.REPLACED
        if not self.full:
            self._insert(parcel)
            return None
        droppable = [one for one in self._waiting if not one.pinned]
        if droppable:
            candidates = droppable if parcel.pinned else [*droppable, parcel]
            return self._exchange(min(candidates, key=_number), parcel), Outcome.OVERFLOW
        if len(self._waiting) >= _PINNED_TIMES * self._capacity:
            return self._exchange(min(self._waiting[0], parcel, key=_number), parcel), Outcome.OVERFLOW
        self._insert(parcel)
        return None

    def take(self) -> Parcel:
        """The oldest parcel; there must be one."""
        return self._waiting.pop(0)

    def withdraw(self, sequence: int) -> Parcel | None:
        """Take out the parcel with this number, if it waits here."""
        parcel = next((one for one in self._waiting if one.sequence == sequence), None)
        if parcel is not None:
            self._waiting.remove(parcel)
        return parcel

    def _of_same_key(self, parcel: Parcel) -> Parcel | None:
        if self._overflow is not Overflow.NEWEST_PER_KEY or parcel.key is None or parcel.pinned:
            return None
        return next((one for one in self._waiting if one.key == parcel.key and not one.pinned), None)

    def _exchange(self, out: Parcel, parcel: Parcel) -> Parcel:
        if out is not parcel:
            self._waiting.remove(out)
            self._insert(parcel)
        return out

    def _insert(self, parcel: Parcel) -> None:
        bisect.insort(self._waiting, parcel, key=_number)


def _number(parcel: Parcel) -> int:
    return parcel.sequence
