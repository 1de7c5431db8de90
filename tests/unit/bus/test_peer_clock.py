"""The clock of another machine: hours apart, behind delays, after a restart."""

import random

import pytest

from twinface.bus.peer_clock import PeerClock

_MS = 1_000_000
_HOUR_NS = 3_600_000 * _MS


@pytest.mark.parametrize("offset_ns", [0, _HOUR_NS, -_HOUR_NS])
def test_the_shortest_trip_bounds_the_offset(offset_ns: int) -> None:
    random.seed(5)
    clock, now_ns = PeerClock(), 10 * _HOUR_NS
    for _ in range(100):
        there_ns, back_ns = (int(random.expovariate(1 / (5 * _MS))) + _MS for _ in range(2))
        clock.hear(1, now_ns, now_ns + there_ns + offset_ns, now_ns + there_ns + back_ns)
        now_ns += 250 * _MS
        error_ns = abs(now_ns - clock.ours(now_ns + offset_ns))
        assert error_ns <= clock.bound_ms * _MS
    assert clock.bound_ms < 4.0, "trips of 2 ms and more were among the last"


def test_nothing_is_known_before_the_first_trip() -> None:
    clock = PeerClock()
    assert not clock.is_known
    with pytest.raises(ValueError, match="no trip"):
        clock.ours(0)
    clock.hear(1, 10, 5, 9)  # received before it was sent: no trip
    assert not clock.is_known


def test_another_start_of_the_relay_may_be_another_boot() -> None:
    clock = PeerClock()
    clock.hear(1, 0, _HOUR_NS, 2)
    clock.hear(2, 100, 5 * _MS, 100 + 4 * _MS)
    assert abs(clock.ours(5 * _MS) - 2 * _MS - 100) <= 2 * _MS


def test_a_machine_that_slept_is_noticed_by_the_next_trip() -> None:
    clock = PeerClock()
    clock.hear(1, 0, _HOUR_NS, 2 * _MS)
    clock.hear(1, 10 * _MS, 10 * _MS + 2 * _HOUR_NS, 30 * _MS)
    assert abs(clock.ours(20 * _MS + 2 * _HOUR_NS) - 20 * _MS) <= 10 * _MS
    worse = PeerClock()
    worse.hear(1, 0, _HOUR_NS + 1 * _MS, 2 * _MS)
    worse.hear(1, 10 * _MS, _HOUR_NS + 25 * _MS, 40 * _MS)  # longer, and no contradiction
    assert worse.bound_ms == 1.0
