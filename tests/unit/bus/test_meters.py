from twinface.bus.node import Meters


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
