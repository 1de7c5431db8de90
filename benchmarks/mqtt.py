"""From a decided match to a subscriber of a broker, and what it costs to wait for one.

    .venv/bin/python benchmarks/mqtt.py [--events 300] [--idle 60] [--json]

Needs mosquitto. The mqtt process and the broker are real; events are stored and matches published as the matcher does
it. Prints the milliseconds from before an event is stored until a subscriber has it (p50, p95, the most), and
the share of a core and the memory of the mqtt process while nothing happens, with 20 people and four cameras.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from harness import until
from mqtt_house import House, Listener, Mosquitto, house, track

from twinface.events import Kind

_CAMERAS, _PEOPLE = ("door", "hall", "yard", "garage"), 20
_PAUSE_S = 0.1


def _latency_ms(box: House, listener: Listener, events: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Of each event, by the number of its track."""
    decided_s = {}
    for number in range(1, events + 1):
        decided_s[number] = time.monotonic()
        box.matcher.event("match")
        box.store.append([track(Kind.UPDATE, number, f"person {number % _PEOPLE:02}")])
        time.sleep(_PAUSE_S)
    until(lambda: len(listener.of("twinface/box/events")) >= events, 60.0, "all events")
    heard = listener.of("twinface/box/events")
    came_s = {int(json.loads(one.payload)["track"].rpartition(":")[2]): one.at_s for one in heard}
    return np.array([(came_s[number] - decided_s[number]) * 1e3 for number in decided_s])


def _idle(box: House, seconds: float) -> tuple[float, float]:
    """Share of a core, 0…1, and megabytes of the mqtt process."""
    process = psutil.Process(box.pid)
    before, began_s = process.cpu_times(), time.monotonic()
    time.sleep(seconds)
    after = process.cpu_times()
    used_s = after.user + after.system - before.user - before.system
    return used_s / (time.monotonic() - began_s), process.memory_info().rss / 1e6


def measure(events: int, idle_s: float) -> dict[str, float]:
    """All figures by name."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="twinface-mqtt-") as name:
        folder = Path(name)
        with Mosquitto(folder) as broker, house(folder, f"port = {broker.port}", cameras=_CAMERAS, start=False) as box:
            listener = Listener(broker.port)
            box.enrol(*(f"person {number:02}" for number in range(_PEOPLE)))
            box.start()
            until(lambda: listener.last("twinface/box/state"), 60.0, "the state of the box")
            share, memory_mb = _idle(box, idle_s)
            latency_ms = _latency_ms(box, listener, events)
            listener.close()
    p50, p95 = np.percentile(latency_ms, (50, 95))
    return {
        "latency_p50_ms": round(float(p50), 1),
        "latency_p95_ms": round(float(p95), 1),
        "latency_most_ms": round(float(latency_ms.max()), 1),
        "idle_core_percent": round(100 * share, 2),
        "memory_mb": round(memory_mb, 1),
    }


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=300)
    parser.add_argument("--idle", type=float, default=60.0, help="seconds")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments.events, arguments.idle)
    if arguments.json:
        print(json.dumps(figures))
        return
    for name, value in figures.items():
        print(f"{name:20} {value:g}")


if __name__ == "__main__":
    main()
