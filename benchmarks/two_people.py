"""How often two people under one name are found, and one person is taken for two: what a merge and `verify` ask.

    .venv/bin/python benchmarks/two_people.py --features DIR [--everybody] [--json]

By the pictures of the validation people in the folder, `frontal_*` and `profile_*`, and the bundled head, in pairs of
groups of one person (`one`) and of two (`two`). `merge`: the groups are compared. `verify`: they are put together, and
cut where they differ most. `refused` counts those that are taken for two people.
"""

import argparse
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from twinface.enrolment.likeness import compare_groups, find_two_clusters
from twinface.evaluation.protocols.split import validation_people
from twinface.gallery import PersonVectors, read_features
from twinface.matching import Head, load_head
from twinface.types import Vectors

OTHERS = 20
"""So many other people each one is compared with."""


@dataclass(frozen=True)
class Groups:
    """Pictures of a person in two groups, which do not overlap."""

    name: str
    first: str
    second: str
    counts: tuple[int, int]


KINDS = (
    Groups("5 frontal and 5 frontal", "frontal", "frontal", (5, 5)),
    Groups("2 frontal and 2 frontal", "frontal", "frontal", (2, 2)),
    Groups("2 frontal and 8 frontal", "frontal", "frontal", (2, 8)),
    Groups("10 frontal and 4 profile", "frontal", "profile", (10, 4)),
    Groups("2 frontal and 2 profile", "frontal", "profile", (2, 2)),
    Groups("1 frontal and 1 frontal", "frontal", "frontal", (1, 1)),
    Groups("1 frontal and 1 profile", "frontal", "profile", (1, 1)),
)


def pairs(people: list[PersonVectors], kind: Groups, *, same: bool) -> Iterator[tuple[Vectors, Vectors]]:
    """Pairs of groups: of each person, or of each with others who are drawn, always the same ones."""
    drawn = np.random.default_rng(0)
    for number, person in enumerate(people):
        others = [number] if same else [one for one in drawn.permutation(len(people)) if one != number][:OTHERS]
        for other in others:
            first, second = _pictures(person, kind.first), _pictures(people[other], kind.second)
            end = kind.counts[0] if kind.first == kind.second else 0
            groups = first[: kind.counts[0]], second[end : end + kind.counts[1]]
            if (len(groups[0]), len(groups[1])) == kind.counts:
                yield groups


def _pictures(person: PersonVectors, word: str) -> Vectors:
    return person.vectors[[Path(file).name.startswith(word) for file in person.files]]


def measure(people: list[PersonVectors], head: Head) -> list[dict[str, str | int]]:
    """A row for each kind of groups and each question."""
    questions: dict[str, Callable[[Vectors, Vectors], bool]] = {
        "merge": lambda first, second: not compare_groups(first, second, head).is_one_person,
        "verify": lambda first, second: find_two_clusters(np.concatenate([first, second]), head) is not None,
    }
    rows: list[dict[str, str | int]] = []
    for kind in KINDS:
        for question, refuses in questions.items():
            if question == "verify" and min(kind.counts) < 2:
                continue
            row: dict[str, str | int] = {"asked": question, "groups": kind.name}
            for who, same in (("one", True), ("two", False)):
                answers = [refuses(*groups) for groups in pairs(people, kind, same=same)]
                row |= {who: len(answers), f"{who}_refused": sum(answers)}
            rows.append(row)
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--features", type=Path, required=True)
    parser.add_argument("--everybody", action="store_true", help="also people whom the bundled head was trained on")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    everybody = read_features(arguments.features)
    chosen = validation_people(person.name for person in everybody)
    people = [person for person in everybody if arguments.everybody or person.name in chosen]
    rows = measure(people, load_head(None, people[0].network))
    if arguments.json:
        print(json.dumps(rows))
        return
    table = Table("asked", "groups", "one person", "refused", "two people", "refused", box=None)
    for row in rows:
        table.add_row(*(str(row[key]) for key in ("asked", "groups", "one", "one_refused", "two", "two_refused")))
    Console().print(table)


if __name__ == "__main__":
    main()
