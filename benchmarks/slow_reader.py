#!/usr/bin/env python
"""How old crops are when a reader that is too slow is done with them, and how much of its work is for nothing.

    python benchmarks/slow_reader.py [--seconds 20] [--json FILE]

Four cameras, processes of their own, offer every one of ten faces in each of 30 frames a second to one reader, which
takes `k` times as long as it may; and, as a big network on a small box, 0.4 and 1.25 s a crop. The reader only waits,
so that the load of the machine hardly matters. The bars: p95 of the age when done is within the budget of the topic, at
most 5 % of the work is for nothing, and the books of both ends balance. Exit code 1 where one does not hold.
"""

import argparse
import json
import multiprocessing
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from twinface.box.accounts import read_links
from twinface.bus.node import Node
from twinface.bus.reader import Delivery
from twinface.bus.rundir import RunDirectory
from twinface.messages.schema import CropMeta
from twinface.messages.topics import CROPS
from twinface.types import Captured, FaceMeasures

_CAMERAS, _FACES, _FPS = 4, 10, 30
_OFFERED_HZ = _CAMERAS * _FACES * _FPS
_MEASURES = FaceMeasures(48.0, 0.5, 128.0, 40.0, 0.0, 0.0, 0.0, 0.9)
_CASES = {f"{k} times too slow": k / _OFFERED_HZ for k in (2, 5, 20)} | {"0.4 s a crop": 0.4, "1.25 s a crop": 1.25}


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one case. `done_a_second` are crops; `dropped` is the share of the offered ones, all of them counted."""

    case: str
    done: int
    done_a_second: float
    age_ms_p50: float
    age_ms_p95: float
    age_ms_worst: float
    in_vain: float
    dropped: float
    balanced: bool

    @property
    def holds(self) -> bool:
        """Whether every bar does."""
        return self.age_ms_p95 <= CROPS.stale_after_ms and self.in_vain <= 0.05 and self.balanced


def _camera(folder: Path, number: int) -> None:
    with Node(f"camera.{number}", RunDirectory(folder)) as node:
        sender = node.sender(CROPS)
        image = np.zeros((112, 112, 3), np.uint8)
        frame = 0

        def see() -> None:
            nonlocal frame
            for face in range(_FACES):
                box, crop = (0.0, 0.0, 1.0, 1.0), frame * _FACES + face
                meta = CropMeta(str(number), node.epoch, crop, face, frame, box, _MEASURES, False)
                sender.offer(meta, Captured.now(), array=image, key=face, rank=min(frame, 4))
            frame += 1

        node.loop.handle_signals()
        node.loop.every(1.0 / _FPS, see)
        node.loop.run()


def _measure(case: str, work_s: float, run_s: float) -> Figures:
    ages_ms: list[float] = []
    with tempfile.TemporaryDirectory(prefix="tf-", dir="/tmp") as folder:
        run = RunDirectory(Path(folder) / "run")
        cameras = [multiprocessing.Process(target=_camera, args=(run.path, number)) for number in range(_CAMERAS)]
        for camera in cameras:
            camera.start()
        with Node("extractor.0", run) as node:

            def work(delivery: Delivery) -> None:
                time.sleep(work_s)
                ages_ms.append(delivery.message.stamp.captured.age_ms(time.monotonic()))
                reader.settle(delivery)

            reader = node.reader(CROPS, [f"camera.{number}" for number in range(_CAMERAS)], work)
            end_s = time.monotonic() + run_s
            while time.monotonic() < end_s:
                node.loop.turn(0.1)
            links = read_links(run)
        for camera in cameras:
            camera.terminate()
            camera.join()
    p50, p95, worst = np.percentile(ages_ms, (50, 95, 100))
    sent = sum(link.sent for link in links)
    return Figures(
        case=case,
        done=len(ages_ms),
        done_a_second=len(ages_ms) / run_s,
        age_ms_p50=float(p50),
        age_ms_p95=float(p95),
        age_ms_worst=float(worst),
        in_vain=sum(link.in_vain for link in links) / len(ages_ms),
        dropped=sum(sum(link.dropped.values()) for link in links) / sent,
        balanced=all(link.balanced for link in links),
    )


def main() -> int:
    """Measure every case and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="how long each case runs")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    print(f"{_OFFERED_HZ} crops a second are offered; the budget is {CROPS.stale_after_ms} ms")
    print(f"{'reader':20} {'done/s':>7} {'age p50':>9} {'p95':>9} {'worst':>9} {'in vain':>8} {'dropped':>8}  books")
    figures = []
    for case, work_s in _CASES.items():
        one = _measure(case, work_s, options.seconds)
        figures.append(one)
        ages = "".join(f" {age:6.0f} ms" for age in (one.age_ms_p50, one.age_ms_p95, one.age_ms_worst))
        books = "balance" if one.balanced else "DO NOT BALANCE"
        print(f"{case:20} {one.done_a_second:7.1f}{ages} {one.in_vain:8.1%} {one.dropped:8.1%}  {books}", flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(one) | {"holds": one.holds} for one in figures], indent=2))
    return 0 if all(one.holds for one in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
