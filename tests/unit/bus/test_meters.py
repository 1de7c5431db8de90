from twinface.bus.node import Meters
from twinface.messages.schema import DURATION_BOUNDS_MS


def test_counters_gauges_and_percentiles() -> None:
    meters = Meters()
    meters.count("frames")
    meters.count("frames", 4)
    meters.gauge("lag", 1.0)
    meters.gauge("lag", 0.5)
    for milliseconds in range(101):
        meters.latency("embed", float(milliseconds))
    assert meters.read() == ({"frames": 5}, {"lag": 0.5}, {"embed": (50.0, 95.0)})


def test_percentiles_are_of_the_latest_values() -> None:
    meters = Meters()
    for _ in range(600):
        meters.latency("embed", 1000.0)
    for _ in range(600):
        meters.latency("embed", 1.0)
    assert meters.read()[2] == {"embed": (1.0, 1.0)}


def test_what_was_read_does_not_change() -> None:
    meters = Meters()
    meters.count("frames")
    counters, _, _ = meters.read()
    meters.count("frames")
    assert counters == {"frames": 1}


def test_all_durations_are_counted_by_their_bounds() -> None:
    meters = Meters()
    for milliseconds in (0.5, 1.0, 1.5, 5000.0, 9000.0):
        meters.latency("embed", milliseconds)
    for _ in range(600):
        meters.latency("embed", 30.0)
    found = meters.durations()["embed"]
    assert found.total_ms == 0.5 + 1.0 + 1.5 + 5000.0 + 9000.0 + 600 * 30.0
    counted = dict(zip((*DURATION_BOUNDS_MS, "more"), found.counts, strict=True))
    assert {bound: count for bound, count in counted.items() if count} == {
        1.0: 2,
        2.0: 1,
        50.0: 600,
        5000.0: 1,
        "more": 1,
    }
