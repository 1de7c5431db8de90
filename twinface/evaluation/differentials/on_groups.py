"""Evaluation of groups of people in a features folder: at one threshold, errors of each group and between groups."""

import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError
from twinface.evaluation.differentials.group_figures import measure_everybody, measure_groups
from twinface.evaluation.differentials.group_results import GroupsEvaluation, LabelCoverage
from twinface.evaluation.differentials.grouping import everybody_together, make_groupings
from twinface.evaluation.differentials.label_table import match_rows, read_labels
from twinface.evaluation.differentials.operating_point import operating_point
from twinface.evaluation.differentials.round_counts import count_pairs, draw_rounds
from twinface.evaluation.differentials.score_blocks import AllPairs
from twinface.evaluation.figures.intervals import ROUNDS
from twinface.evaluation.protocols.chosen_people import choose_people
from twinface.gallery.person import PersonVectors
from twinface.progress import ShowProgress, no_progress
from twinface.settings import MatchingSettings
from twinface.text import plural


def evaluate_groups(
    features: Path,
    labels: Path,
    *,
    by: Sequence[str] = (),
    rate: float | None = None,
    same_person_above: float | None = None,
    metric: str = "cosine",
    head: Path | None = None,
    network: str | Path | None = None,
    people: str = "validation",
    matching: MatchingSettings | None = None,
    seed: int = 0,
    rounds: int = ROUNDS,
    show: ShowProgress = no_progress,
) -> GroupsEvaluation:
    """Compare each two pictures of the people who have labels, and count errors by their groups, at one threshold.

    `by` has a grouping each: a label column, or several with commas between; none means every column alone. The
    threshold is that of `rate`, the share of all impostor pairs that passes, else the one in force by `matching` and
    the head. Memory does not grow with the number of pairs.
    Raises InputError and ArtefactError with their kin: labels, folder or head that cannot be read, labels of nobody,
    and what `choose_people`, `match_rows`, `make_groupings` and `operating_point` refuse.
    """
    started_s = time.perf_counter()
    table = read_labels(labels)
    with show("reading features", None):
        chosen = choose_people(features, people, metric=metric, head=head, network=network)
    labelled = match_rows(table, chosen.people)
    has_row = labelled.row >= 0
    numbers, count = _number_people(labels, chosen.people, has_row)
    groupings, passed_over = make_groupings(table, labelled, by)
    everybody = everybody_together(int(has_row.sum()))
    extracted, vectors = (
        np.concatenate([one.vectors for one in some])[has_row] for some in (chosen.people, chosen.compared)
    )
    pairs = AllPairs(vectors, numbers, chosen.similarity, same_person_above, extracted)
    point = operating_point(pairs, chosen.similarity, matching or MatchingSettings(), rate, show)
    with show("drawing people", None):
        often = draw_rounds(count, rounds, seed)
    of_labelled = [grouping.among(has_row) for grouping in groupings]
    counted, *counts = count_pairs(pairs, [everybody, *of_labelled], point.threshold, often, show)
    people_without, pictures_without = len(chosen.people) - count, int((~has_row).sum())
    return GroupsEvaluation(
        subject=chosen.subject,
        point=point,
        everybody=measure_everybody(counted),
        differentials=tuple(measure_groups(one, counted) for one in counts),
        coverage=LabelCoverage(
            labels, len(table.rows), labelled.of_nobody, people_without, pictures_without, passed_over
        ),
        chosen=people,
        left_out=chosen.left_out,
        same_person_above=same_person_above,
        set_aside=int(counted.set_aside[0, 0, 0]),
        seconds=time.perf_counter() - started_s,
    )


def _number_people(
    labels: Path, people: Sequence[PersonVectors], has_row: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], int]:
    """Whom each picture with a row is of, int32 (pictures with one,), as numbers from 0, and how many these are.

    Raises InputError where they are fewer than two.
    """
    person = np.repeat(np.arange(len(people)), [len(one.files) for one in people])[has_row]
    labelled = np.unique(person)
    if len(labelled) < 2:
        raise InputError(
            f"--groups {labels}: has rows for {len(labelled)} of {plural(len(people), 'person')},"
            f" such as {people[0].name}; the first column is for their names, or those of their pictures"
        )
    return np.searchsorted(labelled, person).astype(np.int32), len(labelled)
