"""Heads that were not trained on some of the people, so that everybody can be both trained and measured on.

Everybody has a fold for good, by their name: the head that is published keeps, of each fold, a head trained on
everybody else, and the next one is measured against that. So a head is never praised for people whom it knows. Few
people have a fold each (`few_people`).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinface.evaluation.figures.verification import ScoredPairs
from twinface.evaluation.protocols.split import person_digest
from twinface.matching.head_folder import built_in_head, trained_people
from twinface.matching.open_head import load_head
from twinface.training.heads.feature_table import FeatureTable
from twinface.training.heads.training_pairs import pairs_to_measure, score_pairs_of
from twinface.training.retraining.retraining_report import FEWEST_PEOPLE

FOLDS = 5
FOLDS_FOLDER = "folds"


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """A head, in a `folder`, None for the bundled one, and everybody's vectors as it compares them: of two heads that
    are held against each other the same pictures in the same order.
    """

    folder: Path | None
    table: FeatureTable


def fold_of(name: str) -> int:
    """The fold of a person, 0 … FOLDS - 1: the same whoever else there is."""
    return int(person_digest(name), 16) % FOLDS


def cut_in_folds(table: FeatureTable) -> dict[int, frozenset[str]]:
    """The people of each fold. Of few each who can be measured has a fold of their own, so that there always are others
    to learn from.
    """
    paired = [name for name, count in zip(table.names, table.counts, strict=True) if count > 1]
    if len(paired) < FEWEST_PEOPLE:
        return {fold: frozenset([name]) for fold, name in enumerate(paired)}
    numbers = sorted({fold_of(name) for name in table.names})
    return {fold: frozenset(name for name in table.names if fold_of(name) == fold) for fold in numbers}


def without(table: FeatureTable, people: frozenset[str]) -> FeatureTable:
    """Everybody but some people."""
    return table.of_people([row for row, name in enumerate(table.names) if name not in people])


def fold_head(head: Path | None, fold: int) -> Path | None:
    """The head that was not trained on the people of a fold; the head itself where its folder keeps none."""
    kept = head / FOLDS_FOLDER / str(fold) if head else None
    return kept if kept and kept.is_dir() else head


def score_held_out(present: Judged, new: Judged, seed: int) -> tuple[ScoredPairs, ScoredPairs] | None:
    """The same pairs, each of two people of one fold, by the present head and by the new one, both of that fold.

    Nobody is in them whom either was trained on. None where there are no pairs of both kinds.
    """
    found = [_score_fold(fold, present, new, seed + fold) for fold in range(FOLDS)]
    parts = [both for both in found if both is not None]
    sides = [_joined([both[side] for both in parts]) for side in (0, 1)] if parts else []
    return (sides[0], sides[1]) if sides and len(set(sides[0].same.tolist())) == 2 else None


def _score_fold(fold: int, present: Judged, new: Judged, seed: int) -> tuple[ScoredPairs, ScoredPairs] | None:
    network, names = present.table.network, present.table.names
    heads = [fold_head(one.folder, fold) for one in (present, new)]
    known = frozenset[str]().union(*(_trained_people(head, network) for head in heads))
    rows = [row for row, name in enumerate(names) if fold_of(name) == fold and person_digest(name) not in known]
    if len(rows) < 2:
        return None
    asked = [one.table.of_people(rows) for one in (present, new)]
    pairs = pairs_to_measure(asked[0], seed)
    person = np.repeat(np.arange(len(rows)), asked[0].counts).astype(np.int32)
    ours, theirs = (
        ScoredPairs(
            score_pairs_of(table, pairs, load_head(head, network).score_pairs),
            pairs.same,
            pairs.first.astype(np.int32),
            pairs.second.astype(np.int32),
            person,
        )
        for head, table in zip(heads, asked, strict=True)
    )
    return ours, theirs


def _trained_people(head: Path | None, network: str) -> frozenset[str]:
    folder = head or built_in_head(network)
    return trained_people(folder) if folder else frozenset()


def _joined(parts: list[ScoredPairs]) -> ScoredPairs:
    """The pairs of all folds; pictures and people are numbered one fold after the other."""
    pictures = np.cumsum([0, *(len(part.person) for part in parts)]).astype(np.int32)
    people = np.cumsum([0, *(int(part.person.max()) + 1 for part in parts)]).astype(np.int32)
    return ScoredPairs(
        np.concatenate([part.scores for part in parts]),
        np.concatenate([part.same for part in parts]),
        np.concatenate([part.first + start for part, start in zip(parts, pictures, strict=False)]),
        np.concatenate([part.second + start for part, start in zip(parts, pictures, strict=False)]),
        np.concatenate([part.person + start for part, start in zip(parts, people, strict=False)]),
    )
