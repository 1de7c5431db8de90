"""How long a face takes each network on this processor, and which instructions for eight bits the processor has.

    .venv/bin/python benchmarks/networks.py [NETWORK …] [--threads 1 2] [--rounds 60] [--json]

Networks take turns, crop by crop, so that what else the machine does falls on all. Without VNNI an x86
processor takes hardly less time for an eight-bit network than for floats: docs/decisions/face-runtime.md.
"""

import argparse
import json
import os
import statistics
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from twinface.networks import Network, available_networks, load_network

INT8_INSTRUCTIONS = ("avx512_vnni", "avx_vnni", "asimddp", "i8mm")
WARM_UP = 5


@dataclass(frozen=True)
class Time:
    """Of a network with so many threads: milliseconds a face, and the median's ratio to the first network's."""

    network: str
    threads: int
    median_ms: float
    least_ms: float
    ratio: float


def time_networks(names: list[str], threads: int, rounds: int) -> list[Time]:
    """All networks in turns, on noise: what is seen makes no difference to how long it takes."""
    networks = [load_network(name, threads=threads) for name in names]
    crops = [noise(network.recipe.input_size_px) for network in networks]
    times_ms: list[list[float]] = [[] for _ in networks]
    for _ in track(range(rounds + WARM_UP), f"{threads} threads", console=Console(stderr=True), transient=True):
        for place, (network, crop) in enumerate(zip(networks, crops, strict=True)):
            times_ms[place].append(embed_once_ms(network, crop))
    times_ms = [some[WARM_UP:] for some in times_ms]
    medians = [statistics.median(some) for some in times_ms]
    return [
        Time(name, threads, round(median, 2), round(min(some), 2), round(median / medians[0], 2))
        for name, median, some in zip(names, medians, times_ms, strict=True)
    ]


def noise(size_px: int) -> np.ndarray:
    """One crop."""
    return np.random.default_rng(0).integers(0, 256, (1, size_px, size_px, 3), np.uint8)


def embed_once_ms(network: Network, crop: np.ndarray) -> float:
    """How long a crop takes."""
    begun_s = time.perf_counter()
    network.embed(crop)
    return 1000 * (time.perf_counter() - begun_s)


def int8_instructions() -> list[str]:
    """Those of this processor, as Linux names them; none while without_vnni.c hides them."""
    if "without_vnni" in os.environ.get("LD_PRELOAD", "") or not Path("/proc/cpuinfo").exists():
        return []
    words = set(Path("/proc/cpuinfo").read_text(encoding="utf-8").split())
    return [name for name in INT8_INSTRUCTIONS if name in words]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", metavar="NETWORK", help="names or folders; default: all bundled ones")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    names = arguments.networks or list(available_networks())
    times = [one for threads in arguments.threads for one in time_networks(names, threads, arguments.rounds)]
    if arguments.json:
        print(json.dumps({"int8_instructions": int8_instructions(), "times": [asdict(one) for one in times]}))
        return
    table = Table("network", "threads", "ms a face, median", "least", f"times {names[0]}", box=None)
    for one in times:
        table.add_row(one.network, *(str(number) for number in (one.threads, one.median_ms, one.least_ms, one.ratio)))
    console = Console()
    console.print(f"instructions for eight bits: {', '.join(int8_instructions()) or 'none'}")
    console.print(table)


if __name__ == "__main__":
    main()
