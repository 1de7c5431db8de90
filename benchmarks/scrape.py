"""What a scrape of /metrics costs the page's process, by the number of cameras.

    .venv/bin/python benchmarks/scrape.py [--cameras 1 4 16]

Books and heartbeats are made, as of processes at work. Prints processor time, which other work on the machine does not
lengthen much: the median and the 95th percentile of 100 scrapes.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from twinface.box.health_board import HealthBoard
from twinface.bus.books import Books
from twinface.bus.rundir import RunDirectory
from twinface.messages.schema import DURATION_BOUNDS_MS, Durations, Heartbeat
from twinface.processes import CAMERA, EXTRACTOR, MATCHER, process_names
from twinface.settings import CameraSettings, Settings
from twinface.web.metrics import expose

_SCRAPES = 100
_STAGES = {CAMERA.name: "frame", EXTRACTOR.name: "embed", MATCHER.name: "capture_to_match"}
_SENT = {CAMERA.name: ("crops", "tracks"), EXTRACTOR.name: ("vectors",)}


@contextmanager
def _box(run: RunDirectory, settings: Settings) -> Iterator[HealthBoard]:
    """The books and heartbeats of every process of a box."""
    names = process_names(settings)
    board, all_books = HealthBoard(names), []
    durations = Durations(500.0, (10,) * (len(DURATION_BOUNDS_MS) + 1))
    counters, gauges = {"frames": 900, "boxes": 400, "match known": 30}, {"people": 5.0, "events_mb": 1.0}
    for name in names:
        kind = name.partition(".")[0]
        books = Books(run.books_path(name, 1))
        all_books.append(books)
        for topic in _SENT.get(kind, ()):
            books.account(f"out {topic}", lasting=True)
        for camera in settings.camera if kind in {EXTRACTOR.name, MATCHER.name} else ():
            topic = "crops" if kind == EXTRACTOR.name else "tracks"
            books.account(f"in {topic} {CAMERA.name}.{camera.name}@1", lasting=True)
        stages = {_STAGES[kind]: durations} if kind in _STAGES else {}
        beat = Heartbeat(name, os.getpid(), "running", "", 60.0, 5.0, 80.0, counters, gauges, {}, stages)
        board.take(beat, epoch=1)
    yield board
    for books in all_books:
        books.close()


def _measure(cameras: int) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="scrape-") as folder:
        run = RunDirectory(Path(folder) / "run")
        some = tuple(CameraSettings(name=f"camera-{number}", source="0") for number in range(cameras))
        settings = Settings(gallery=Path(folder) / "gallery", camera=some)
        took_ms, text = [], b""
        with _box(run, settings) as board:
            for _ in range(_SCRAPES):
                began_s = time.process_time()
                text, _ = expose(board.readings(), run, settings, "")
                took_ms.append((time.process_time() - began_s) * 1e3)
    (p50, p95), lines = np.percentile(took_ms, (50, 95)), len(text.splitlines())
    print(f"{cameras:>3} cameras  {lines:>5} lines  {p50:5.1f} ms  p95 {p95:5.1f} ms")


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cameras", type=int, nargs="+", default=[1, 4, 16], help="how many; 16 is the most")
    for cameras in parser.parse_args().cameras:
        _measure(cameras)


if __name__ == "__main__":
    main()
