"""What it costs by how many: people known, faces in a frame, cameras, extractors; figures, and a plot of each.

    .venv/bin/python benchmarks/curves.py --output FOLDER [--quick]

On an idle machine, a quarter of an hour; with --quick a few minutes, of fewer points. FOLDER gets curves.json and
four pictures, PNG. People are random vectors of 128 numbers (`known_people.py`); the rest is the pipeline's real
processes on 720p (`end_to_end.py`): faces at 25 frames a second, cameras with one face each at 12.5.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
from bars import describe_machine, run

mpl.use("agg")

import matplotlib.pyplot as plt

PEOPLE = {True: (10, 100, 1000, 10_000, 100_000), False: (10, 100, 1000, 10_000, 100_000, 1_000_000)}
FACES = {True: (1, 4, 12), False: (1, 2, 4, 8, 12, 20)}
CAMERAS = {True: (1, 4, 8), False: (1, 2, 4, 6, 8)}
EXTRACTORS = {True: (1, 2), False: (1, 2, 3)}
SECONDS = {True: "8", False: "15"}


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines of one `unit`: what each is called, by the field of the rows that it is of."""

    unit: str
    lines: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Curve:
    """`rows` of figures by `by`, drawn in panels below each other, on axes of logarithms where `is_log`."""

    by: str
    rows: list[dict[str, float]]
    panels: tuple[Panel, ...]
    is_log: bool = False


def of_people(*, quick: bool) -> Curve:
    """One look, scored and decided, beside one pass over the same array; plain cosine."""
    counts = [str(count) for count in PEOPLE[quick]]
    rows = [one for one in run("known_people", "--people", *counts)["figures"] if one["head"] == "cosine"]
    kept = ("people", "pass_us", "look_us", "nine_looks_us", "change_ms", "cold_ms")
    panels = (
        Panel("µs", {"pass_us": "one pass", "look_us": "a look", "nine_looks_us": "nine looks"}),
        Panel("ms", {"change_ms": "one person changes", "cold_ms": "cold start"}),
    )
    return Curve("people", [{name: row[name] for name in kept} for row in rows], panels, is_log=True)


def of_the_pipeline(by: str, values: tuple[int, ...], *arguments: str) -> Curve:
    """Processor time of all processes and the ages of matches, by one of the benchmark's options."""
    rows = [_row(by, value, run("end_to_end", f"--{by}", str(value), *arguments)) for value in values]
    panels = (
        Panel("% of a core", {"cores_percent": "all processes"}),
        Panel("ms, capture to match", {"p50_ms": "p50", "p95_ms": "p95"}),
    )
    return Curve(by, rows, panels)


def _row(by: str, value: int, found: dict[str, Any]) -> dict[str, float]:
    return {
        by: value,
        "cores_percent": round(sum(one["cpu_percent_of_a_core"] for one in found["processes"].values()), 1),
        "frames_missed": found["frames_in_video"] - found["frames_seen"],
        "looks": found["crops_recognised"],
        "p50_ms": found["capture_to_match_ms"]["p50"],
        "p95_ms": found["capture_to_match_ms"]["p95"],
    }


def draw(curve: Curve, path: Path) -> None:
    """One picture."""
    figure, all_axes = plt.subplots(len(curve.panels), figsize=(6, 6), layout="constrained", sharex=True)
    for axes, panel in zip(all_axes, curve.panels, strict=True):
        for field, name in panel.lines.items():
            values = [row[field] for row in curve.rows]
            axes.plot([row[curve.by] for row in curve.rows], values, marker="o", label=name)
        if curve.is_log:
            axes.set_xscale("log")
            axes.set_yscale("log")
        else:
            axes.set_ylim(bottom=0)
        axes.set_ylabel(panel.unit)
        axes.grid(visible=True, alpha=0.3)
        axes.legend()
    all_axes[-1].set_xlabel(curve.by)
    figure.savefig(path, dpi=120)
    plt.close(figure)


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="folder for figures and pictures")
    parser.add_argument("--quick", action="store_true", help="fewer points, shorter runs")
    arguments = parser.parse_args()
    quick: bool = arguments.quick
    arguments.output.mkdir(parents=True, exist_ok=True)
    seconds = ("--seconds", SECONDS[quick])
    curves = [
        of_people(quick=quick),
        of_the_pipeline("faces", FACES[quick], *seconds),
        of_the_pipeline("cameras", CAMERAS[quick], "--faces", "1", "--fps", "12.5", *seconds),
        of_the_pipeline("extractors", EXTRACTORS[quick], *seconds),
    ]
    for curve in curves:
        draw(curve, arguments.output / f"{curve.by}.png")
        print(curve.by, *curve.rows, sep="\n  ")
    found = {"machine": describe_machine(), "curves": {curve.by: curve.rows for curve in curves}}
    (arguments.output / "curves.json").write_text(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
