"""How near extraction comes to the bare runtime: pictures a second, against loops over what is decoded already.

    .venv/bin/python benchmarks/extraction.py [--pictures 240] [--repeats 5] [--faces DIR] [--network NAME] [--json]

Measured are `extract_folder`, as `twinface extract` runs it, with files, decoding and signed features, and two loops
that only have to compute: the network over ready-made crops, and detection and the network over decoded pictures. All
use one network a core and take turns, so that what else the machine does falls on all; each figure is the median over
the repeats. CPU time is that of all threads. Loading the networks, until the first picture is done, is not counted.
"""

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import cv2
from rich.console import Console
from rich.table import Table

from twinface import assets
from twinface.faces import FaceDetector, align_face, list_pictures, pick_main_face, read_image
from twinface.networks import Network, load_network
from twinface.recognition.embedding import embed_one_face, open_detector
from twinface.recognition.extraction import count_workers, extract_folder
from twinface.recognition.picture_folders import list_people
from twinface.types import Image

PICTURES_A_PERSON = 20


@dataclass(frozen=True)
class Rate:
    """How quick a run was."""

    pictures_per_s: float
    cpu_ms_a_picture: float


def clock(count: int, stamps: list[tuple[float, float]]) -> Rate:
    """The rate between the first and the last of stamps of (time, CPU time) in seconds, `count` pictures apart."""
    (start_s, start_cpu_s), (end_s, end_cpu_s) = stamps[0], stamps[-1]
    return Rate(count / (end_s - start_s), 1000 * (end_cpu_s - start_cpu_s) / count)


def stamp() -> tuple[float, float]:
    """Now, as time and CPU time of this process."""
    return time.perf_counter(), time.process_time()


def bare_network(network: Network) -> Callable[[Image], object]:
    """The network, of a ready-made crop."""
    return lambda crop: network.embed(crop[None])


def bare_pair(detector: FaceDetector, network: Network) -> Callable[[Image], object]:
    """Detection, alignment and the network, of a decoded picture."""
    return lambda picture: embed_one_face(picture, detector, network)


def run_bare(work: list[Callable[[Image], object]], images: list[Image]) -> Rate:
    """Every worker's function over its share of the images, each in a thread of its own."""
    shares = [images[number :: len(work)] for number in range(len(work))]

    def loop(one: Callable[[Image], object], share: Iterable[Image]) -> None:
        for image in share:
            one(image)

    with ThreadPoolExecutor(len(work)) as pool:
        before = stamp()
        for done in [pool.submit(loop, one, share) for one, share in zip(work, shares, strict=True)]:
            done.result()
        return clock(len(images), [before, stamp()])


def run_extraction(faces: Path, network: str, *, aligned: bool) -> Rate:
    """`extract_folder` into a folder that is thrown away."""
    stamps: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory(dir=faces.parent) as features:
        extract_folder(
            faces, Path(features), network, aligned=aligned, on_picture=lambda _path, _error: stamps.append(stamp())
        )
        stamps.append(stamp())
    return clock(len(stamps) - 2, stamps)


def make_folders(sources: list[Path], count: int, folder: Path, size_px: int) -> tuple[list[Image], list[Image]]:
    """Write `count` pictures and their crops as folders of people; returns both, decoded."""
    detector = open_detector()
    pictures: list[Image] = []
    crops: list[Image] = []
    for number, source in enumerate(islice(cycle(sources), count)):
        image = read_image(source)
        faces = detector.detect(image)
        if not faces:
            continue
        name = Path(f"person_{number // PICTURES_A_PERSON:03d}", f"{number:04d}")
        crop = align_face(image, pick_main_face(faces, image.shape).landmarks_px, size_px)
        for kind in ("pictures", "crops"):
            (folder / kind / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, (folder / "pictures" / name).with_suffix(source.suffix))
        cv2.imwrite(str((folder / "crops" / name).with_suffix(".png")), crop)
        pictures.append(image)
        crops.append(crop)
    return pictures, crops


def measure(sources: list[Path], count: int, repeats: int, network: str) -> dict[str, Any]:
    """All four, in turns; medians and ratios, JSON-ready."""
    workers = count_workers()
    networks = [load_network(network, threads=1) for _ in range(workers)]
    embed = [bare_network(one) for one in networks]
    detect_and_embed = [bare_pair(open_detector(), one) for one in networks]
    with tempfile.TemporaryDirectory(prefix="twinface-bench-") as name:
        folder = Path(name)
        pictures, crops = make_folders(sources, count, folder, networks[0].recipe.input_size_px)
        runs: list[tuple[str, Callable[[], Rate]]] = [
            ("network alone", lambda: run_bare(embed, crops)),
            ("extract --aligned", lambda: run_extraction(folder / "crops", network, aligned=True)),
            ("detection and network alone", lambda: run_bare(detect_and_embed, pictures)),
            ("extract", lambda: run_extraction(folder / "pictures", network, aligned=False)),
        ]
        rates: dict[str, list[Rate]] = {what: [] for what, _ in runs}
        for _ in range(repeats):
            for what, run in runs:
                rates[what].append(run())
    return {
        "workers": workers,
        "pictures": len(pictures),
        "repeats": repeats,
        "runs": {what: summarise(all_rates) for what, all_rates in rates.items()},
        "ratios": {
            f"{what} to {bare}": compare(rates[what], rates[bare])
            for what, bare in (
                ("extract --aligned", "network alone"),
                ("extract", "detection and network alone"),
                ("extract", "network alone"),
            )
        },
    }


def summarise(rates: list[Rate]) -> dict[str, float]:
    """Medians."""
    return {
        "pictures_per_s": round(statistics.median(rate.pictures_per_s for rate in rates), 1),
        "cpu_ms_a_picture": round(statistics.median(rate.cpu_ms_a_picture for rate in rates), 2),
    }


def compare(rates: list[Rate], bare: list[Rate]) -> dict[str, float]:
    """How much of the bare rate was reached in the same repeat: median, least and most; in time and in CPU time."""
    pairs = list(zip(rates, bare, strict=True))
    speed = [one.pictures_per_s / other.pictures_per_s for one, other in pairs]
    return {
        "speed": round(statistics.median(speed), 3),
        "least": round(min(speed), 3),
        "most": round(max(speed), 3),
        "cpu": round(statistics.median(other.cpu_ms_a_picture / one.cpu_ms_a_picture for one, other in pairs), 3),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=240, help="how many, the same ones again where there are fewer")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--faces", type=Path, help="folder with one folder of pictures for each person")
    parser.add_argument("--network", default="sface")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    arguments = parser.parse_args()
    people = list_people(arguments.faces) if arguments.faces else {"": list_pictures(assets.fetch("portraits"))}
    sources = [path for pictures in people.values() for path in pictures]
    figures = measure(sources, arguments.pictures, arguments.repeats, arguments.network)
    if arguments.json:
        print(json.dumps(figures))
        return
    console = Console()
    console.print(f"{figures['pictures']} pictures, {figures['workers']} workers, {figures['repeats']} repeats")
    runs = Table("run", "pictures a second", "CPU, ms a picture", box=None)
    for what, one in figures["runs"].items():
        runs.add_row(what, str(one["pictures_per_s"]), str(one["cpu_ms_a_picture"]))
    ratios = Table("share of what the loop reaches", "median", "least", "most", "by CPU time", box=None)
    for what, one in figures["ratios"].items():
        ratios.add_row(what, *(f"{100 * one[key]:.1f} %" for key in ("speed", "least", "most", "cpu")))
    console.print(runs, "", ratios)


if __name__ == "__main__":
    main()
