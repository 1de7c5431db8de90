"""Every figure that has a bar, measured one after the other, and whether it holds on this machine.

    .venv/bin/python benchmarks/bars.py [--quick] [--json FILE]

On an idle machine. `--quick` leaves the comparison with others out, which installs 3 GB, and takes fewer rounds. The
file has `{"machine", "figures": [{"name", "value", "unit", "bar", "holds"}]}`; a bar is what may be reached at most, or
at least where the name says so. Exit code 1 where one does not hold.
"""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from networks import int8_instructions
from rich.console import Console
from rich.table import Table

_MB = {"camera": 130, "extractor": 120, "matcher": 80, "web": 80}
"""Bars of memory, without what a gallery needs."""

_TIMES = {"deepface": 15, "face_recognition": 40, "the original's loop": 500}
"""By how many times more processor time the others need at least."""

progress = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Figure:
    """A `value` and its `bar`: the most it may be, or the least."""

    name: str
    value: float
    unit: str
    bar: float
    holds: bool


def at_most(name: str, value: float, unit: str, bar: float) -> Figure:
    """A figure that may reach its bar and not more."""
    return Figure(name, round(value, 3), unit, bar, value <= bar)


def at_least(name: str, value: float, unit: str, bar: float) -> Figure:
    """A figure that has to reach its bar."""
    return Figure(f"{name}, at least", round(value, 3), unit, bar, value >= bar)


def run(benchmark: str, *arguments: str) -> Any:
    """What a benchmark prints with --json."""
    progress.print(f"{benchmark} {' '.join(arguments)}")
    command = [sys.executable, str(Path(__file__).with_name(f"{benchmark}.py")), *arguments, "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)


def of_the_pipeline(seconds: str) -> Iterator[Figure]:
    """One camera, 720p, 25 frames a second, four faces."""
    found = run("end_to_end", "--seconds", seconds)
    cores = sum(one["cpu_percent_of_a_core"] for one in found["processes"].values()) / 100
    yield at_most("all processes, one camera", cores, "cores", 0.6)
    yield at_most("frames missed", found["frames_in_video"] - found["frames_seen"], "frames", 0)
    yield at_most("capture to match, p95", found["capture_to_match_ms"]["p95"], "ms", 100)
    yield at_least("books balance", float(found["books_balance"]), "", 1)
    for process, bar in _MB.items():
        memory = [one["memory_mb"] for name, one in found["processes"].items() if name.split(".")[0] == process]
        yield at_most(f"memory of {process}", max(memory), "MB", bar)


def of_the_camera(rounds: str) -> Iterator[Figure]:
    """Against the bare detector and the bare decoder on the same frames."""
    found = run("camera_stage", "--rounds", rounds)
    yield at_most("camera's stage, times its bare parts' processor time", found["ours_to_bare"], "", 1.3)


def of_eight_cameras(seconds: str) -> Iterator[Figure]:
    """Eight cameras, 720p, 12.5 frames a second, one face each."""
    found = run("end_to_end", "--seconds", seconds, "--cameras", "8", "--faces", "1", "--fps", "12.5")
    yield at_least("eight cameras, that named their face", found["cameras_that_named"], "cameras", 8)
    yield at_most("eight cameras, capture to match, p95", found["capture_to_match_ms"]["p95"], "ms", 300)


def of_the_start(rounds: str) -> Iterator[Figure]:
    """What is waited for."""
    found = run("start", "--rounds", rounds)
    yield at_most("twinface --help, processor time", found["help_cpu_s"]["median"], "s", 0.3)
    yield at_most("first name after twinface up", found["first_name_s"]["median"], "s", 5)


def of_extraction(repeats: str) -> Iterator[Figure]:
    """Against the bare runtime."""
    found = run("extraction", "--repeats", repeats)
    share = found["ratios"]["extract --aligned to network alone"]["cpu"]
    yield at_most("crop to vector, times the bare network's processor time", 1 / share, "", 1.15)


def of_the_matcher(repeats: str) -> Iterator[Figure]:
    """A look beside one pass over the same array; plain cosine, as a head without a cohort."""
    counts = ("1000", "10000", "100000")
    rows = run("known_people", "--people", *counts, "--repeats", repeats)["figures"]
    cosine = {one["people"]: one for one in rows if one["head"] == "cosine"}
    for people, one in cosine.items():
        yield at_most(f"a look with {people:,} people, times a pass", one["look_us"] / one["pass_us"], "", 2)
    yield at_most("one of 100,000 people changes", cosine[100_000]["change_ms"], "ms", 20)
    yield at_most("cold start of 100,000 people", cosine[100_000]["cold_ms"] / 1e3, "s", 2)


def of_messages() -> Iterator[Figure]:
    """From a camera to an extractor."""
    found = run("crop_path")
    yield at_most("a crop's way to an extractor, p50", found["p50_ms"], "ms", 0.3)
    yield at_most("what a relay and CURVE add to it, p50", found["relay_adds_p50_ms"], "ms", 0.3)


def of_mqtt(idle_s: str) -> Iterator[Figure]:
    """To a subscriber of a broker; nothing where no broker is installed."""
    if shutil.which("mosquitto", path=f"{os.environ['PATH']}:/usr/sbin") is None:
        progress.print("mqtt: no mosquitto here, left out")
        return
    found = run("mqtt", "--idle", idle_s)
    yield at_most("match to a subscriber of MQTT, p95", found["latency_p95_ms"], "ms", 50)
    yield at_most("mqtt while nothing happens, of a core", found["idle_core_percent"], "%", 0.5)
    yield at_most("memory of mqtt", found["memory_mb"], "MB", 60)


def of_others() -> Iterator[Figure]:
    """The same video through others."""
    for one in run("side_by_side"):
        if one["name"] in _TIMES:
            bar = _TIMES[one["name"]]
            yield at_least(f"{one['name']}, times our processor time", one["ratio"], "", bar)
            yield at_least(f"{one['name']}, times ours once it runs", one["ratio_once_running"], "", bar)


def describe_machine() -> dict[str, Any]:
    """The processor, and which of its instructions count."""
    text = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    fields = dict(part.split("\t: ", 1) for part in text.splitlines() if "\t: " in part)
    return {
        "processor": fields.get("model name", platform.processor() or platform.machine()),
        "cores": len(os.sched_getaffinity(0)),
        "eight_bit_instructions": int8_instructions(),
        "load": round(os.getloadavg()[0], 1),
    }


def measure(*, quick: bool) -> Iterable[Figure]:
    """All of them, in an order that a person would read."""
    yield from of_the_start("3" if quick else "5")
    yield from of_the_pipeline("12" if quick else "20")
    yield from of_the_camera("1" if quick else "3")
    yield from of_eight_cameras("12" if quick else "20")
    yield from of_extraction("2" if quick else "5")
    yield from of_the_matcher("5" if quick else "9")
    yield from of_messages()
    yield from of_mqtt("20" if quick else "60")
    if not quick:
        yield from of_others()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a few minutes, without the others")
    parser.add_argument("--json", type=Path, metavar="FILE", help="file for machine and figures")
    arguments = parser.parse_args()
    machine = describe_machine()
    figures = list(measure(quick=arguments.quick))
    table = Table("figure", "value", "bar", "", box=None)
    for one in figures:
        table.add_row(one.name, f"{one.value:g} {one.unit}", f"{one.bar:g}", "holds" if one.holds else "[red]does not")
    console = Console()
    console.print(", ".join(f"{name}: {value}" for name, value in machine.items()))
    console.print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps({"machine": machine, "figures": list(map(asdict, figures))}, indent=2))
    return 0 if all(one.holds for one in figures) else 1


if __name__ == "__main__":
    sys.exit(main())
