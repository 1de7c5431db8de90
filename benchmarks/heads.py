"""Heads against plain cosine, on people that none of them has seen: five folds over everybody in a features folder.

    .venv/bin/python benchmarks/heads.py --features DIR [--heads plda,linear,mlp,seed] [--json]

People in byte order of their names make the folds by turns: each is asked about the people of one after having learnt
from all others, and every choice, such as how far covariances shrink, is made within those others. Nothing is gone on
from, not even the bundled head, which knows most of the people. Figures are means over folds; the intervals of
their differences are paired, people drawn with replacement within their folds (twinface.evaluation.figures.intervals).
Pictures called frontal_… and profile_… are told apart; without such names all pairs are told.
"""

import argparse
import json
import os
import re
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from twinface.evaluation.figures.intervals import Difference, compare_scorers
from twinface.evaluation.figures.verification import ScoredPairs, pairs_across, pairs_among
from twinface.evaluation.protocols.comparison import Similarity, choose_similarity, score_matrix
from twinface.evaluation.report.wording import no_interval
from twinface.progress import no_progress
from twinface.training.heads.feature_table import FeatureTable, read_table
from twinface.training.heads.head_training import TrainOptions
from twinface.training.heads.train_head import learn

FOLDS = 5
ARCHITECTURES = ("plda", "linear", "mlp", "seed")
FIGURES = {"eer": "EER %", "tar_at_far_0.01": "TAR % at FAR 0.01", "tar_at_far_0.001": "at 0.001"}

progress = Console(stderr=True)


def cut(table: FeatureTable) -> list[tuple[FeatureTable, FeatureTable]]:
    """Whom each fold learns from, and whom it is asked about."""
    order = sorted(range(len(table.names)), key=lambda row: os.fsencode(table.names[row]))
    asked = [order[number::FOLDS] for number in range(FOLDS)]
    return [(table.of_people(sorted(set(order) - set(rows))), table.of_people(rows)) for rows in asked]


def pair_up(table: FeatureTable, similarity: Similarity) -> dict[str, ScoredPairs]:
    """Every two pictures of the people, scored: those within the first kind of pictures, and across both."""
    matrix = score_matrix(table.vectors, similarity, no_progress)
    person = np.repeat(np.arange(len(table.names)), table.counts).astype(np.int32)
    words = np.array([re.split(r"[ _\d.-]", file)[0] for files in table.files for file in files])
    kinds = {word: np.flatnonzero(words == word) for word in np.unique(words)}
    if set(kinds) != {"frontal", "profile"}:
        everything: NDArray[np.intp] = np.arange(len(person))
        return {"all": pairs_among(matrix, person, everything)}
    return {
        "frontal-frontal": pairs_among(matrix, person, kinds["frontal"]),
        "frontal-profile": pairs_across(matrix, person, kinds["frontal"], kinds["profile"]),
    }


def learn_and_pair_up(
    learnt: FeatureTable, asked: FeatureTable, architecture: Any, seed: int
) -> dict[str, ScoredPairs]:
    """What a head that learnt from some people says of others."""
    with tempfile.TemporaryDirectory() as folder:
        learn(learnt, Path(folder), TrainOptions(architecture, seed=seed, start=""))
        return pair_up(asked, choose_similarity("cosine", Path(folder), asked.network))


def compare(table: FeatureTable, architectures: list[str], seed: int) -> dict[str, dict[str, dict[str, Difference]]]:
    """By head and kind of pairs, each figure of the head and of cosine."""
    folds = cut(table)
    plain = [pair_up(asked, choose_similarity("cosine", None, asked.network)) for _, asked in folds]
    found = {}
    for architecture in ("l1", *architectures):
        started_s = time.perf_counter()
        if architecture == "l1":
            scored = [pair_up(asked, choose_similarity("l1", None, asked.network)) for _, asked in folds]
        else:
            scored = [learn_and_pair_up(learnt, asked, architecture, seed) for learnt, asked in folds]
        found[architecture] = {
            kind: compare_scorers([fold[kind] for fold in scored], [fold[kind] for fold in plain], seed=seed)
            for kind in plain[0]
        }
        progress.print(f"{architecture}: {time.perf_counter() - started_s:.0f} s")
    return found


def _cell(each: Difference) -> str:
    if each.interval is None:
        return f"{100 * each.first:.2f} ({no_interval(each.people)})"
    return f"{100 * each.first:.2f} ({100 * each.interval.low:+.2f} to {100 * each.interval.high:+.2f})"


def show(found: dict[str, dict[str, dict[str, Difference]]]) -> None:
    """A row a head and kind of pairs; below each figure of the head its difference to cosine's."""
    table = Table("compared by", "pairs", *FIGURES.values())
    for kind in next(iter(found.values())):
        first = next(iter(found.values()))[kind]
        table.add_row("cosine", kind, *(f"{100 * first[name].second:.2f}" for name in FIGURES if name in first))
        for architecture, kinds in found.items():
            cells = [_cell(each) for name in FIGURES if (each := kinds[kind].get(name)) is not None]
            table.add_row(architecture, kind, *cells)
        table.add_section()
    Console().print(table)


def main() -> None:
    """Learn, compare, and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--heads", default=",".join(ARCHITECTURES))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    architectures = arguments.heads.split(",")
    if unknown := set(architectures) - set(ARCHITECTURES):
        parser.error(f"--heads: {', '.join(sorted(unknown))}: expected some of {', '.join(ARCHITECTURES)}")
    table = read_table(arguments.features)
    found = compare(table, architectures, arguments.seed)
    if arguments.json:
        about = {"people": len(table.names), "pictures": len(table.vectors), "folds": FOLDS}
        plain = {
            head: {kind: {name: asdict(each) for name, each in figures.items()} for kind, figures in kinds.items()}
            for head, kinds in found.items()
        }
        print(json.dumps(about | {"heads": plain}))
    else:
        progress.print(f"{len(table.names)} people, {len(table.vectors)} pictures, {FOLDS} folds")
        show(found)


if __name__ == "__main__":
    main()
