"""What the way of a crop costs: from the moment a camera offers it to the moment an extractor has it in hand.

    .venv/bin/python benchmarks/crop_path.py [--crops 500] [--json]

Two real processes with a socket between them; a crop of 112 pixels every 20 ms, and whoever has it acknowledges it at
once, so that none waits for another.
"""

import argparse
import json
import multiprocessing
import tempfile
import time
from pathlib import Path

import numpy as np

from twinface.bus.node import Node
from twinface.bus.reader import Delivery
from twinface.bus.rundir import RunDirectory
from twinface.messages.schema import CropMeta
from twinface.messages.topics import CROPS
from twinface.types import Captured, FaceMeasures

_MEASURES = FaceMeasures(48.0, 0.5, 128.0, 40.0, 0.0, 0.0, 0.0, 0.9)
_EVERY_S = 0.02
_WARM_UP = 50


def _offer(folder: Path) -> None:
    """A camera, until it is terminated."""
    with Node("camera.0", RunDirectory(folder)) as node:
        sender = node.sender(CROPS)
        image = np.random.default_rng(0).integers(0, 256, (112, 112, 3), np.uint8)
        number = 0

        def offer() -> None:
            nonlocal number
            number += 1
            meta = CropMeta("0", node.epoch, number, number, number, (0.0, 0.0, 1.0, 1.0), _MEASURES, False)
            sender.offer(meta, Captured.now(), array=image, key=number)

        node.loop.handle_signals()
        node.loop.every(_EVERY_S, offer)
        node.loop.run()


def measure(crops: int) -> dict[str, float]:
    """Of so many crops."""
    ages_ms: list[float] = []
    with tempfile.TemporaryDirectory(prefix="tf-", dir="/tmp") as folder:
        run = RunDirectory(Path(folder) / "run")
        camera = multiprocessing.Process(target=_offer, args=(run.path,))
        camera.start()
        with Node("extractor.0", run) as node:

            def take(delivery: Delivery) -> None:
                ages_ms.append(delivery.message.stamp.captured.age_ms(time.monotonic()))
                reader.settle(delivery)

            reader = node.reader(CROPS, ["camera.0"], take)
            while len(ages_ms) < crops + _WARM_UP:
                node.loop.turn(0.1)
        camera.terminate()
        camera.join()
    p50_ms, p95_ms = np.percentile(ages_ms[_WARM_UP:], (50, 95))
    return {"crops": crops, "p50_ms": round(float(p50_ms), 3), "p95_ms": round(float(p95_ms), 3)}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--crops", type=int, default=500)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    arguments = parser.parse_args()
    found = measure(arguments.crops)
    print(json.dumps(found) if arguments.json else ", ".join(f"{name} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
