"""A head judged by few people: their own pictures for one side, strangers drawn from the cohort for the other.

Figures are of these people only: pictures and strangers are drawn again and again, never people, of whom there are
too few to say anything of others. A box that knows a family has nobody else to tell apart from strangers.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.evaluation.figures.verification import ScoredPairs
from twinface.evaluation.protocols.split import person_digest
from twinface.matching.cohort import Cohort
from twinface.matching.head import Head
from twinface.matching.head_folder import built_in_head, trained_people
from twinface.matching.open_head import load_head
from twinface.matching.vectors import adjust
from twinface.training.retraining.folds import FOLDS_FOLDER, Judged
from twinface.types import Vectors

STRANGERS = 1000
"""How many strangers of each kind of picture are drawn: not those by which a gallery's threshold is found."""

_Scores = tuple[NDArray[np.float32], NDArray[np.float32]]
_Pairs = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]

_SEED = 3
_MOST_PICTURES = 8
"""Of each person, spread over what there is: a hundred pictures of one are not to outweigh the others."""


def people_to_ask(present: Judged, new: Judged, network: str) -> list[int]:
    """The rows of those with two pictures of whom, on each side, some head has not learnt."""
    names, counts = new.table.names, new.table.counts
    return [
        row
        for row, name in enumerate(names)
        if counts[row] > 1 and all(_head_without(one, name, network) for one in (present, new))
    ]


def score_with_strangers(
    present: Judged, new: Judged, people: list[int], cohort: Cohort
) -> tuple[ScoredPairs, ScoredPairs]:
    """The same pairs by the present head and by the new one: each two pictures of a person, and each with strangers.

    `people` are rows that `people_to_ask` gives; of each those heads are asked that were not trained on them. The
    numbers in `person` are those of pictures and strangers, which are what is drawn.
    """
    strangers = np.concatenate(cohort.imagined(STRANGERS, _SEED))
    one, two = (_pairs_of(_score(side, people, cohort, strangers), len(strangers)) for side in (present, new))
    return one, two


def _head_without(judged: Judged, name: str, network: str) -> Path | None:
    """The head itself, or the one of a fold, that was not trained on a person; None where all have."""
    folder = judged.folder or built_in_head(network)
    heads = [folder, *sorted((folder / FOLDS_FOLDER).glob("*"))] if folder else []
    return next((head for head in heads if person_digest(name) not in trained_people(head)), None)


def _score(judged: Judged, people: list[int], cohort: Cohort, strangers: Vectors) -> list[_Scores]:
    """Of each person the scores of each picture with each other one (n, n), and with each stranger (strangers, n)."""
    table, ready, found = judged.table, dict[Path | None, tuple[Head, Any]](), []
    for row in people:
        folder = _head_without(judged, table.names[row], table.network)
        if folder not in ready:
            head = load_head(folder, table.network)
            prior = head.cohort.prior if head.cohort else cohort.prior
            ready[folder] = head, head.prepare_probes(adjust(strangers, cohort.prior, prior))
        head, adjusted_strangers = ready[folder]
        vectors = table.of_people([row]).vectors
        chosen = vectors[np.unique(np.linspace(0, len(vectors) - 1, _MOST_PICTURES).round().astype(int))]
        score = head.prepare(chosen)
        found.append((score(chosen), score(adjusted_strangers)))
    return found


def _pairs_of(scores: list[_Scores], strangers: int) -> ScoredPairs:
    """All pairs, genuine ones first; strangers are numbered behind the pictures of the people."""
    starts = np.cumsum([0, *(len(own) for own, _ in scores)])
    genuine, impostor = list(_genuine(scores, starts)), list(_impostors(scores, starts))
    first, second, values = (np.concatenate([part[i] for part in (*genuine, *impostor)]) for i in range(3))
    count = sum(len(part[2]) for part in genuine)
    same = np.arange(len(values)) < count
    units = np.arange(int(starts[-1]) + strangers, dtype=np.int32)
    return ScoredPairs(values.astype(np.float32), same, first.astype(np.int32), second.astype(np.int32), units)


def _genuine(scores: list[_Scores], starts: NDArray[np.int64]) -> Iterator[_Pairs]:
    for (own, _), start in zip(scores, starts, strict=False):
        first, second = np.triu_indices(len(own), 1)
        yield start + first, start + second, own[first, second]


def _impostors(scores: list[_Scores], starts: NDArray[np.int64]) -> Iterator[_Pairs]:
    for (_, others), start in zip(scores, starts, strict=False):
        stranger, picture = np.indices(others.shape)
        yield start + picture.ravel(), starts[-1] + stranger.ravel(), others.ravel()
