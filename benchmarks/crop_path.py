"""What the way of a crop costs: from the moment a camera offers it to the moment an extractor has it in hand.

    .venv/bin/python benchmarks/crop_path.py [--crops 500] [--json]

Two real processes with a socket between them; a crop of 112 pixels every 20 ms, and whoever has it acknowledges it at
once, so that none waits for another. `bare` is the same of as many bytes in as many frames through a PUSH and a PULL
socket of ZeroMQ, with nothing of ours: both processes sleep between two messages there, too. `cpu` is the processor
time of both processes for a crop. `relay` is the way to an extractor of another box, on this machine: by a relay, over
TCP with CURVE; `relay_adds_p50_ms` is what that takes beyond ours, by turns with it: both are of the same moments.
"""

import argparse
import json
import multiprocessing
import resource
import socket
import struct
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import numpy as np
import zmq

from twinface.bus.far import FarSender
from twinface.bus.node import Node
from twinface.bus.peer_keys import KeyFolder
from twinface.bus.reader import Delivery
from twinface.bus.rundir import RunDirectory
from twinface.errors import InputError
from twinface.messages.schema import CropMeta
from twinface.messages.topics import CROPS
from twinface.types import Captured, FaceMeasures

_MEASURES = FaceMeasures(48.0, 0.5, 128.0, 40.0, 0.0, 0.0, 0.0, 0.9)
_EVERY_S = 0.02
_WARM_UP = 50
_TURNS = 3


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


def _push(endpoint: str) -> None:
    """The bare sender, until it is terminated."""
    frames = [b"crops", bytes(400), bytes(112 * 112 * 3)]
    with zmq.Context() as context, context.socket(zmq.PUSH) as socket:
        socket.set(zmq.LINGER, 0)
        socket.bind(endpoint)
        while True:
            time.sleep(_EVERY_S)
            frames[1] = struct.pack("=d392x", time.monotonic())
            socket.send_multipart(frames)


def _guard(folder: Path, port: int) -> None:
    """The relay of the camera's box, until it is terminated."""
    with Node("relay", RunDirectory(folder / "run")) as node:
        node.relay(f"tcp://127.0.0.1:{port}", KeyFolder(folder / "keys"), {CROPS: ["camera.0"]})
        node.loop.handle_signals()
        node.loop.run()


def _take_ours(folder: Path, crops: int, far: Sequence[FarSender] = ()) -> list[float]:
    ages_ms: list[float] = []
    with Node("extractor.0", RunDirectory(folder)) as node:

        def take(delivery: Delivery) -> None:
            ages_ms.append(delivery.message.stamp.captured.age_ms(time.monotonic()))
            reader.settle(delivery)

        reader = node.reader(CROPS, [] if far else ["camera.0"], take, far)
        while len(ages_ms) < crops:
            node.loop.turn(0.1)
    return ages_ms


def _pull(endpoint: str, crops: int) -> list[float]:
    ages_ms: list[float] = []
    with zmq.Context() as context, context.socket(zmq.PULL) as socket:
        socket.connect(endpoint)
        while len(ages_ms) < crops:
            socket.poll()
            header = socket.recv_multipart(zmq.NOBLOCK)[1]
            ages_ms.append(1000.0 * (time.monotonic() - struct.unpack_from("=d", header)[0]))
    return ages_ms


def _clock(
    name: str, send: Callable[..., None], take: Callable[..., list[float]], place: object, crops: int
) -> dict[str, float]:
    before = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time()
    sender = multiprocessing.Process(target=send, args=(place,))
    sender.start()
    ages_ms = take(place, crops + _WARM_UP)
    sender.terminate()
    sender.join()
    children, own_s = resource.getrusage(resource.RUSAGE_CHILDREN), time.process_time() - before[1]
    cpu_s = own_s + sum(getattr(children, part) - getattr(before[0], part) for part in ("ru_utime", "ru_stime"))
    p50_ms, p95_ms = np.percentile(ages_ms[_WARM_UP:], (50, 95))
    cpu_ms = 1000.0 * cpu_s / len(ages_ms)
    return {f"{name}p50_ms": p50_ms, f"{name}p95_ms": p95_ms, f"{name}cpu_ms": cpu_ms}


def _by_relay(folder: Path, crops: int) -> dict[str, float]:
    """The way through a relay, where `_offer` is the camera of a box in `folder`/run."""
    door, cellar = KeyFolder(folder / "keys"), KeyFolder(folder / "keys-of-another")
    with suppress(InputError):  # made in an earlier turn
        door.make()
        door.allow("another", cellar.make().public.hex())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    far = FarSender("door", f"tcp://127.0.0.1:{port}", door.own().public, cellar.own(), "camera.0")
    guard = multiprocessing.Process(target=_guard, args=(folder, port))
    guard.start()
    try:
        take = partial(_take_ours, far=[far])
        return _clock(
            "relay_", _offer, lambda _run, number: take(folder / "run-of-another", number), folder / "run", crops
        )
    finally:
        guard.terminate()
        guard.join()


def measure(crops: int) -> dict[str, float]:
    """Of so many crops, each way."""
    with tempfile.TemporaryDirectory(prefix="tf-", dir="/tmp") as folder:
        run = RunDirectory(Path(folder) / "run")
        turns = [
            _clock("", _offer, _take_ours, run.path, crops) | _by_relay(Path(folder), crops) for _ in range(_TURNS)
        ]
        ways = {name: float(np.median([turn[name] for turn in turns])) for name in turns[0]}
        adds = [turn["relay_p50_ms"] - turn["p50_ms"] for turn in turns]
        bare = _clock("bare_", _push, _pull, f"ipc://{folder}/bare", crops)
    found = ways | {"relay_adds_p50_ms": float(np.median(adds))} | bare
    return {"crops": crops} | {name: round(float(value), 3) for name, value in found.items()}


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
