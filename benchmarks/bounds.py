"""What the fixed bounds on cosine do: who counts as the same unknown visitor, and whom a rejection keeps from a name.

    .venv/bin/python benchmarks/bounds.py --features DIR [--json]

By the frontal pictures of everybody in the folder, in pairs of pictures (a rejection: one look against another) and in
pairs of visits, three pictures each fused (an unknown visitor). `same` and `other` are shares of the pairs of one
person, and of two, that reach the bound; beside each bound the ones around it. `centred` are vectors less the average
of these people, as they are compared where the bundled head has a cohort. Features of the pictures of one camera tell
of that camera.
"""

import argparse
import json
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from twinface.averages import averages_of_people, centred_vectors
from twinface.gallery import read_features
from twinface.matching import load_head
from twinface.matching.vectors import fuse, normalised
from twinface.recognition.vetoes import VETO_COSINE, VETO_COSINE_CENTRED
from twinface.training.heads.feature_table import table_of
from twinface.unknowns.unknowns import SAME_UNKNOWN_COSINE

VISIT = 3
AROUND = (-0.1, 0.0, 0.1)


def shares(vectors: NDArray[np.float32], person: NDArray[np.intp], bound: float) -> dict[str, float | int]:
    """Of pairs of rows: how many there are, and the share that reaches the bound."""
    first, second = np.triu_indices(len(person), 1)
    reached = (normalised(vectors) @ normalised(vectors).T)[first, second] >= bound
    same = person[first] == person[second]
    return {
        "bound": round(bound, 2),
        "same_pairs": int(same.sum()),
        "same": float(reached[same].mean()),
        "other_pairs": int((~same).sum()),
        "other": float(reached[~same].mean()),
    }


def measure(features: Path) -> dict[str, list[dict[str, float | int]]]:
    """All tables."""
    people = read_features(features)
    table = table_of(people)
    frontal = np.array([file.startswith("frontal") for files in table.files for file in files])
    shown = np.repeat(np.arange(len(table.names)), table.counts)[frontal]
    found = _tables(table.vectors[frontal], shown, VETO_COSINE, "")
    if cohort := load_head(None, table.network).cohort:
        sources = [source for person in people for source in person.sources]
        centred = centred_vectors(table.vectors, sources, averages_of_people(people, cohort.prior))
        found |= _tables(centred[frontal], shown, VETO_COSINE_CENTRED, ", centred")
    return found


def _tables(
    looks: NDArray[np.float32], shown: NDArray[np.intp], veto: float, how: str
) -> dict[str, list[dict[str, float | int]]]:
    visits, visitors = [], []
    for one in np.unique(shown):
        rows = looks[shown == one]
        cuts = range(0, len(rows) + 1, VISIT)
        visits += [fuse(rows[begin:end]) for begin, end in pairwise(cuts)]
        visitors += [one] * (len(cuts) - 1)
    fused, whose = np.stack(visits), np.array(visitors)
    return {
        f"rejection{how}": [shares(looks, shown, veto + step) for step in AROUND],
        f"unknown{how}": [shares(fused, whose, SAME_UNKNOWN_COSINE + step) for step in AROUND],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    figures = measure(arguments.features)
    if arguments.json:
        print(json.dumps(figures))
        return
    table = Table("what", "bound", "same person", "of pairs", "others", "of pairs", box=None)
    for what, rows in figures.items():
        for row in rows:
            cells = (f"{row['bound']:.2f}", f"{row['same']:.2%}", f"{row['same_pairs']:,}")
            table.add_row(what, *cells, f"{row['other']:.4%}", f"{row['other_pairs']:,}")
    Console().print(table)


if __name__ == "__main__":
    main()
