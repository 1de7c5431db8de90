"""How far the monotonic clock of another machine is ahead of ours, measured by round trips.

Each trip bounds the offset: its turning point was some time between start and end, so half of the trip is the most that
the offset may be wrong. The shortest of the latest trips bounds it best (the minimum filter of NTP, RFC 5905, 10).
No sockets, and time is an argument.
"""

from collections import deque
from dataclasses import dataclass

_TRIPS = 32
"""One every quarter of a second: eight seconds, in which clocks that drift by 100 millionths part by 0.8 ms."""

_DRIFT_NS = 1_000_000
"""What two trips may contradict each other by. Beyond that one of the clocks has jumped, as of a machine that slept."""


@dataclass(frozen=True, slots=True)
class _Trip:
    offset_ns: int
    bound_ns: int


class PeerClock:
    """The clock of one peer."""

    def __init__(self) -> None:
        self._epoch: int | None = None
        self._trips: deque[_Trip] = deque(maxlen=_TRIPS)
        self._best: _Trip | None = None

    @property
    def is_known(self) -> bool:
        """Whether a trip was measured."""
        return self._best is not None

    @property
    def bound_ms(self) -> float:
        """The most that the offset is wrong by."""
        return self._best.bound_ns / 1e6 if self._best else float("inf")

    def ours(self, theirs_ns: int) -> int:
        """A time of the peer's clock by ours. Raises ValueError before it is known."""
        if self._best is None:
            raise ValueError("no trip was measured yet")
        return theirs_ns - self._best.offset_ns

    def hear(self, epoch: int, sent_ns: int, theirs_ns: int, received_ns: int) -> None:
        """Take a trip: sent and received by our clock, and answered by theirs, of the peer's start `epoch`.

        After another start it may be another machine, or the same one that booted again.
        """
        if received_ns < sent_ns:
            return
        trip = _Trip(theirs_ns - (sent_ns + received_ns) // 2, (received_ns - sent_ns) // 2)
        if epoch != self._epoch or (self._best and _contradict(trip, self._best)):
            self._trips.clear()
        self._epoch = epoch
        self._trips.append(trip)
        self._best = min(self._trips, key=lambda one: one.bound_ns)


def _contradict(one: _Trip, other: _Trip) -> bool:
    return abs(one.offset_ns - other.offset_ns) > one.bound_ns + other.bound_ns + _DRIFT_NS
