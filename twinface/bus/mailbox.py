"""Messages that wait at their sender, and what makes room when there are too many."""

import bisect
from dataclasses import dataclass, field

from twinface.messages.codec import Frames
from twinface.messages.topics import Overflow

_PINNED_TIMES = 16


@dataclass(slots=True)
class Parcel:
    """A message on its way. `key`: what a newer one replaces; `pinned`: nothing replaces or drops it."""

    sequence: int
    frames: Frames = field(repr=False)
    key: int | None
    pinned: bool
    offered_at_s: float
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

    def put(self, parcel: Parcel) -> tuple[Parcel | None, Parcel | None]:
        """Add a parcel in its place; returns the one it replaced and the one that was pushed out.

        Either may be the parcel itself: one that comes back when a newer one of its key already waits.
        """
        if self._overflow is Overflow.NEWEST_PER_KEY and parcel.key is not None and not parcel.pinned:
            older = next((one for one in self._waiting if one.key == parcel.key and not one.pinned), None)
            if older is not None and older.sequence > parcel.sequence:
                return parcel, None
            if older is not None:
                self._waiting.remove(older)
                self._insert(parcel)
                return older, None
        pushed_out = None
        if self.full:
            pushed_out = next((one for one in self._waiting if not one.pinned), None)
        if pushed_out is None and len(self._waiting) >= _PINNED_TIMES * self._capacity:
            pushed_out = self._waiting[0]
        if pushed_out is not None:
            self._waiting.remove(pushed_out)
        self._insert(parcel)
        return None, pushed_out

    def take(self) -> Parcel | None:
        """The oldest parcel, or None."""
        return self._waiting.pop(0) if self._waiting else None

    def _insert(self, parcel: Parcel) -> None:
        bisect.insort(self._waiting, parcel, key=lambda one: one.sequence)
