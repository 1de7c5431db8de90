"""How long it takes until something can be seen: the help of the command line, and the first name after `twinface up`.

    .venv/bin/python benchmarks/start.py [--rounds 5] [--json]

A camera plays a video of four people, two of whom are known, in a gallery of these two. Time to the first name is from
the start of the command to the match event that has it; that of the help is processor time. Least and median of rounds.
"""

import argparse
import json
import os
import resource
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from end_to_end import KNOWN, Scene, make_video
from real_pipeline import TWINFACE, Box
from rich.console import Console

from twinface import assets
from twinface.box.following import MatchFollower
from twinface.bus.rundir import RunDirectory

PATIENCE_S = 120.0


def time_help_s() -> float:
    """Processor time of `twinface --help`."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([TWINFACE, "--help"], check=True, stdout=subprocess.DEVNULL, env={**os.environ, "COLUMNS": "80"})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def time_first_name_s(box: Box) -> float:
    """From the start of `twinface up` to the first name."""
    started_s = time.monotonic()
    with box.started():
        run = RunDirectory(box.folder / "run")
        while not run.is_locked("matcher"):
            time.sleep(0.01)
        with MatchFollower(run) as follower:
            follower.begin(from_start=True)
            while time.monotonic() - started_s < PATIENCE_S:
                if any(event.name for event in follower.poll(0.2)):
                    return time.monotonic() - started_s
    raise SystemExit(f"nobody was named within {PATIENCE_S:g} s")


def measure(rounds: int) -> dict[str, dict[str, float]]:
    """Both, least and median, JSON-ready."""
    with tempfile.TemporaryDirectory(prefix="tf-", dir="/tmp") as name:
        box = Box(Path(name))
        make_video(box.folder / "walk.mp4", Scene(seconds=20.0))
        box.configure(['name = "door"\nsource = "walk.mp4"\nloop = true'])
        for person, picture in KNOWN.items():
            box.twinface("gallery", "add", person, str(assets.fetch("portraits") / f"{picture}_1.jpg"))
        names_s = [time_first_name_s(box) for _ in range(rounds)]
    helps_s = [time_help_s() for _ in range(rounds)]
    found = {"help_cpu_s": helps_s, "first_name_s": names_s}
    return {
        name: {"least": round(min(times), 3), "median": round(statistics.median(times), 3)}
        for name, times in found.items()
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    arguments = parser.parse_args()
    found = measure(arguments.rounds)
    if arguments.json:
        print(json.dumps(found))
        return
    for name, times in found.items():
        Console().print(f"{name}: least {times['least']}, median {times['median']}")


if __name__ == "__main__":
    main()
