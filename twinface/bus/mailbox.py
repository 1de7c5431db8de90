"""Messages that wait at their sender: which goes out next, and which makes room when there are too many."""

import bisect
from collections.abc import Callable
from dataclasses import dataclass, field

from twinface.bus.credit import OnOutcome, Outcome
from twinface.messages.codec import Frames
from twinface.messages.topics import Order, Overflow
from twinface.types import Captured

_PINNED_CAPACITY_TIMES = 16


@dataclass(slots=True, eq=False)
class Parcel:
    """A message on its way. `key`: what a newer one replaces; `pinned`: nothing replaces, drops or outdates it; `rank`:
    those of a lower one go out before others.
    """

    sequence: int
    frames: Frames = field(repr=False)
    key: int | None
    pinned: bool
    captured: Captured
    rank: int = 0
    on_outcome: OnOutcome | None = None
    attempts: int = 0


class Mailbox:
    """Waiting parcels, kept in the order of their numbers.

    At most `capacity`, unless pinned ones fill it: those are kept until there are sixteen times as many, because
    memory has an end even when a reader is away for days.
    """

    def __init__(self, capacity: int, overflow: Overflow, order: Order) -> None:
        self._capacity = capacity
        self._overflow = overflow
        self._order = order
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
        same = self._of_same_key(parcel)
        if same is not None:
            # Whatever of a key goes out next is the first of it, if the one that gives way was to be the first.
            same.rank = parcel.rank = min(same.rank, parcel.rank)
            return self._exchange(min(same, parcel, key=_number), parcel), Outcome.REPLACED
        if not self.full:
            self._insert(parcel)
            return None
        droppable = [one for one in self._waiting if not one.pinned]
        if droppable:
            candidates = droppable if parcel.pinned else [*droppable, parcel]
            return self._exchange(max(candidates, key=self._dispensable), parcel), Outcome.OVERFLOW
        if len(self._waiting) >= _PINNED_CAPACITY_TIMES * self._capacity:
            return self._exchange(min(self._waiting[0], parcel, key=_number), parcel), Outcome.OVERFLOW
        self._insert(parcel)
        return None

    def take(self) -> Parcel:
        """The parcel whose turn it is; there must be one. What a source waits for goes out in its order, and first."""
        if self._order is Order.NEWEST_FIRST:
            pinned = next((one for one in self._waiting if one.pinned), None)
            chosen = pinned or min(self._waiting, key=lambda one: (one.rank, -one.sequence))
            self._waiting.remove(chosen)
            return chosen
        return self._waiting.pop(0)

    def withdraw(self, sequence: int) -> Parcel | None:
        """Take out the parcel with this number, if it waits here."""
        return next(iter(self.withdraw_all(lambda one: one.sequence == sequence)), None)

    def withdraw_all(self, condition: Callable[[Parcel], bool]) -> list[Parcel]:
        """Take out every parcel for which `condition` holds."""
        chosen = [one for one in self._waiting if condition(one)]
        for one in chosen:
            self._waiting.remove(one)
        return chosen

    def _of_same_key(self, parcel: Parcel) -> Parcel | None:
        if self._overflow is not Overflow.NEWEST_PER_KEY or parcel.key is None or parcel.pinned:
            return None
        return next((one for one in self._waiting if one.key == parcel.key and not one.pinned), None)

    def _dispensable(self, parcel: Parcel) -> tuple[int, int]:
        rank = parcel.rank if self._order is Order.NEWEST_FIRST else 0
        return rank, -parcel.sequence

    def _exchange(self, out: Parcel, parcel: Parcel) -> Parcel:
        if out is not parcel:
            self._waiting.remove(out)
            self._insert(parcel)
        return out

    def _insert(self, parcel: Parcel) -> None:
        bisect.insort(self._waiting, parcel, key=_number)


def _number(parcel: Parcel) -> int:
    return parcel.sequence
