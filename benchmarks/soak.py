#!/usr/bin/env python
"""What grows while the whole pipeline runs: memory, open files and threads of each process, and the database of events.

    python benchmarks/soak.py [--minutes 120] [--video FILE] [--json FILE]

Two cameras that play a video for ever and two extractors. The first fifth of the time is the warm-up; growth is the
mean of the last fifth against that of the fifth after the warm-up. The bars: memory grows by less than 2 %, files and
threads by none, processor time by less than a fifth, no process has started again, books balance. Exit code 1 where
one does not hold.
"""

import argparse
import json
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from real_pipeline import Box

from twinface import assets

_EVERY_S = 5.0
_MOST_GROWTH = 0.02
_MOST_CPU_GROWTH, _LEAST_CPU = 0.2, 0.02
"""Of processor time, and from which share of a core on: below, a share says nothing."""


@dataclass
class Course:
    """Of one process: what was measured every few seconds."""

    pids: set[int] = field(default_factory=set)
    memory_mb: list[float] = field(default_factory=list)
    files: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    def take(self, pid: int) -> None:
        """Measure now; a process that is just being replaced is left out."""
        self.pids.add(pid)
        try:
            process = psutil.Process(pid)
            with process.oneshot():
                self.memory_mb.append(process.memory_full_info().uss / 1e6)
                self.files.append(process.num_fds())
                self.threads.append(process.num_threads())
                self.cpu_s.append(sum(process.cpu_times()[:2]))
        except psutil.NoSuchProcess:
            return


def growth(course: list[float] | list[int]) -> float:
    """The last fifth against the second one, as a share of that."""
    fifth = max(1, len(course) // 5)
    before, after = course[fifth : 2 * fifth], course[-fifth:]
    return (sum(after) / len(after)) / (sum(before) / len(before)) - 1.0


def cpu_shares(cpu_s: list[float]) -> tuple[float, float]:
    """The share of a core in the second fifth, and in the last one, of processor time so far every few seconds."""
    fifth = max(1, len(cpu_s) // 5)
    before, after = cpu_s[fifth : 2 * fifth + 1], cpu_s[-fifth - 1 :]
    ours, theirs = ((part[-1] - part[0]) / (max(1, len(part) - 1) * _EVERY_S) for part in (before, after))
    return ours, theirs


def measure(folder: Path, video: Path | None, run_s: float) -> dict[str, Any]:
    """Run the box for so long; figures of each process, the size of the database at both ends, the last status."""
    box = Box(folder)
    portraits = assets.fetch("portraits")
    source = f'source = "{video or portraits}"\nloop = true\npicture_seconds = 2.0'
    box.configure([f'name = "door"\n{source}', f'name = "lab"\n{source}'])
    box.twinface("gallery", "add", "person a", str(portraits / "person_a_1.jpg"))
    courses: dict[str, Course] = {}
    database_mb: list[float] = []
    with box.running():
        end_s = time.monotonic() + run_s
        while (left_s := end_s - time.monotonic()) > 0:
            status = box.status()
            for one in status["processes"]:
                if one["pid"]:
                    courses.setdefault(one["name"], Course()).take(one["pid"])
            database_mb.append(sum(path.stat().st_size for path in folder.glob("events.sqlite*")) / 1e6)
            print(f"\r{left_s / 60:6.1f} min left ", end="", file=sys.stderr, flush=True)
            time.sleep(min(_EVERY_S, left_s))
        status = box.status()
    print("\r", end="", file=sys.stderr)
    figures = [
        {
            "process": name,
            "starts": len(course.pids),
            "memory_mb": round(course.memory_mb[-1], 1),
            "memory_growth": round(growth(course.memory_mb), 4),
            "files": course.files[-1],
            "files_growth": round(growth(course.files), 4),
            "threads": course.threads[-1],
            "threads_growth": round(growth(course.threads), 4),
            "cpu": [round(share, 3) for share in cpu_shares(course.cpu_s)],
        }
        for name, course in sorted(courses.items())
    ]
    return {
        "minutes": run_s / 60,
        "processes": figures,
        "database_mb": [round(database_mb[0], 2), round(database_mb[-1], 2)],
        "books_balance": all(link["balanced"] for link in status["links"]),
        "problems": status["problems"],
    }


def main() -> int:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=120.0, help="how long the box runs")
    parser.add_argument("--video", type=Path, help="what both cameras see; default: the portraits of the demo")
    parser.add_argument("--json", type=Path, help="file for the figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tf-", dir="/tmp") as folder:
        found = measure(Path(folder), options.video and options.video.absolute(), options.minutes * 60)
    print(
        f"{'process':14} {'starts':>6} {'memory':>10} {'growth':>8} {'files':>6} {'growth':>8} {'threads':>7}"
        f" {'of a core':>16}"
    )
    holds = bool(found["books_balance"]) and not found["problems"]
    for one in found["processes"]:
        still = one["files_growth"] <= _MOST_GROWTH and one["threads_growth"] <= _MOST_GROWTH
        early, late = one["cpu"]
        still &= late <= max(_LEAST_CPU, early * (1.0 + _MOST_CPU_GROWTH))
        holds &= one["starts"] == 1 and one["memory_growth"] < _MOST_GROWTH and still
        print(
            f"{one['process']:14} {one['starts']:6} {one['memory_mb']:7.1f} MB {one['memory_growth']:8.2%}"
            f" {one['files']:6} {one['files_growth']:8.2%} {one['threads']:7}"
            f"   {early:6.1%} → {late:6.1%}"
        )
    print(f"database {found['database_mb'][0]} → {found['database_mb'][1]} MB; problems: {found['problems'] or 'none'}")
    if options.json:
        options.json.write_text(json.dumps({**found, "holds": holds}, indent=2))
    return 0 if holds else 1


if __name__ == "__main__":
    sys.exit(main())
