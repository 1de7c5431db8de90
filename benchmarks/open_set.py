"""The rules of `[matching]` in open-set identification, on people that neither head nor rule has seen.

    .venv/bin/python benchmarks/open_set.py --features DIR [--draws 20] [--json]

In each draw half of the people teach a head, from nothing, and the other half is tested: fifty of them are enrolled
with three of their pictures called frontal_…, all their other frontals are probes, and so are those of everybody else
in that half, the strangers. FNIR is reported at the threshold that one in 100 strangers' probes passes, and at the
default settings; beside it plain cosine with the mean of the three. Differences are paired over the draws, which share
people: their intervals, by drawing draws, are a little too narrow.
"""

import argparse
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from twinface.matching import Head, decide, load_head
from twinface.matching.decision import enrolled_vectors, person_scores
from twinface.matching.vectors import normalised
from twinface.settings import MatchingSettings
from twinface.training.heads.feature_table import FeatureTable, read_table
from twinface.training.heads.head_training import TrainOptions
from twinface.training.heads.train_head import learn
from twinface.types import State

ENROLLED, PICTURES, FPIR, ROUNDS = 50, 3, 0.01, 2000
COSINE, RULES = "cosine with the mean", ("template", "best-k", "mean", "vote")


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """A gallery, rows (people, 3), and probes, rows (n,); `shown` is whom of the gallery they show, -1 for nobody."""

    gallery: NDArray[np.intp]
    probes: NDArray[np.intp]
    shown: NDArray[np.intp]


def draw(table: FeatureTable, seed: int) -> tuple[Draw, list[int]]:
    """Whom one draw tests, and the people it learns from."""
    rng = np.random.default_rng(seed)
    order = rng.permutation(sorted(range(len(table.names)), key=lambda row: os.fsencode(table.names[row])))
    tested, learnt = order[: len(order) // 2], sorted(int(row) for row in order[len(order) // 2 :])
    person = np.repeat(np.arange(len(table.names)), table.counts)
    frontal = np.array([file.startswith("frontal") for files in table.files for file in files])
    pictures = [rng.permutation(np.flatnonzero((person == one) & frontal)) for one in tested]
    known, strangers = pictures[:ENROLLED], pictures[ENROLLED:]
    probes = [*(rows[PICTURES:] for rows in known), *strangers]
    shown = np.repeat([*range(ENROLLED), *[-1] * len(strangers)], [len(rows) for rows in probes])
    return Draw(np.stack([rows[:PICTURES] for rows in known]), np.concatenate(probes), shown), learnt


def search(table: FeatureTable, one: Draw, head: Head, settings: MatchingSettings) -> NDArray[np.float64]:
    """What the rule makes of each probe and each person of the gallery, (n, people)."""
    index = np.repeat(np.arange(ENROLLED, dtype=np.int32), PICTURES)
    compared, index = enrolled_vectors(table.vectors[one.gallery.ravel()], index, ENROLLED, settings)
    scores = head.prepare(compared)(table.vectors[one.probes])
    return np.stack([person_scores(row, index, ENROLLED, settings) for row in scores])


def missed_at_fpir(found: NDArray[np.float64], shown: NDArray[np.intp]) -> float:
    """FNIR at the threshold that `FPIR` of the strangers pass."""
    best, score, strange = found.argmax(axis=1), found.max(axis=1), shown < 0
    threshold = np.sort(score[strange])[::-1][int(FPIR * strange.sum())]
    right = (score > threshold) & (best == shown)
    return float(1.0 - right[~strange].mean())


def measure(table: FeatureTable, seed: int) -> tuple[dict[str, float], dict[str, float]]:
    """FNIR by rule, and what the default settings do: share of known missed or misnamed, and of strangers named."""
    one, learnt = draw(table, seed)
    with tempfile.TemporaryDirectory() as folder:
        learn(table.of_people(learnt), Path(folder), TrainOptions("plda", seed=0, start=""))
        head = load_head(Path(folder), table.network)
    means = normalised(normalised(table.vectors)[one.gallery].mean(axis=1))
    missed = {COSINE: missed_at_fpir((normalised(table.vectors[one.probes]) @ means.T).astype(float), one.shown)}
    for rule in RULES:
        settings = MatchingSettings.model_validate({"rule": rule})
        missed[rule] = missed_at_fpir(search(table, one, head, settings), one.shown)
    return missed, default_point(search(table, one, head, MatchingSettings()), one.shown)


def default_point(found: NDArray[np.float64], shown: NDArray[np.intp]) -> dict[str, float]:
    """The default settings on single pictures, lead over the runner-up included."""
    names, index = tuple(map(str, range(ENROLLED))), np.arange(ENROLLED, dtype=np.int32)
    decisions = [decide(row.astype(np.float32), index, names, MatchingSettings()) for row in found]
    named = np.array([int(one.name) if one.name else -1 for one in decisions])
    unknown = np.array([one.state is State.UNKNOWN for one in decisions])
    known = shown >= 0
    return {
        "fnir": float((named != shown)[known].mean()),
        "misnamed": float(((named != shown) & (named >= 0))[known].mean()),
        "fpir": float((named >= 0)[~known].mean()),
        "known called unknown": float(unknown[known].mean()),
    }


def compare(values: NDArray[np.float64], plain: NDArray[np.float64]) -> dict[str, float]:
    """Mean, and the paired difference to cosine with its 95 % interval, in shares; in how many draws it is lower."""
    difference = values - plain
    rng = np.random.default_rng(0)
    means = difference[rng.integers(0, len(difference), (ROUNDS, len(difference)))].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return {
        "fnir": float(values.mean()),
        "difference": float(difference.mean()),
        "low": float(low),
        "high": float(high),
        "better": int((difference < 0).sum()),
        "worse": int((difference > 0).sum()),
    }


def main() -> None:
    """Draw, learn, search, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    table = read_table(arguments.features)
    seeds = track(range(arguments.draws), "drawing", console=Console(stderr=True), transient=True)
    missed, points = zip(*(measure(table, seed) for seed in seeds), strict=True)
    plain = np.array([one[COSINE] for one in missed])
    found = {rule: compare(np.array([one[rule] for one in missed]), plain) for rule in (COSINE, *RULES)}
    point = {name: float(np.mean([one[name] for one in points])) for name in points[0]}
    settings = MatchingSettings()
    if arguments.json:
        print(
            json.dumps({"draws": arguments.draws, "rules": found, "default": point, "settings": settings.model_dump()})
        )
        return
    rows = Table("rule", f"FNIR % at FPIR {FPIR:.0%}", "difference to cosine", "draws better / worse")
    for rule, one in found.items():
        interval = f"{100 * one['difference']:+.2f} ({100 * one['low']:+.2f} to {100 * one['high']:+.2f})"
        rows.add_row(rule, f"{100 * one['fnir']:.2f}", interval, f"{one['better']} / {one['worse']}")
    console = Console()
    console.print(rows)
    about = "  ".join(f"{name} {100 * value:.3f} %" for name, value in point.items())
    console.print(f"default settings (rule {settings.rule}, margin {settings.margin:g}, threshold 0.5): {about}")


if __name__ == "__main__":
    main()
