"""Evaluation of groups of people in a features folder: at one threshold, errors of each group and between groups.

The threshold is the one in force, or that of a false-accept rate of everybody.
"""

import math
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError
from twinface.evaluation.differentials.group_figures import (
    GroupsEvaluation,
    LabelCoverage,
    OperatingPoint,
    measure_everybody,
    measure_groups,
)
from twinface.evaluation.differentials.grouping import everybody_together, make_groupings
from twinface.evaluation.differentials.label_table import match_rows, read_labels
from twinface.evaluation.differentials.pair_counts import AllPairs, count_pairs, draw_rounds
from twinface.evaluation.figures.intervals import ROUNDS
from twinface.evaluation.protocols.comparison import Similarity, choose_people
from twinface.gallery.person import PersonVectors
from twinface.matching.threshold import choose_threshold
from twinface.progress import ShowProgress, no_progress
from twinface.settings import MatchingSettings
from twinface.text import plural

_BINS = 1 << 20
_SHIFT = 12
_SIGN = np.uint32(1 << 31)
_FEWEST_ACCEPTED = 10
"""A threshold of a rate has room for so many false accepts at least."""


def operating_point(
    pairs: AllPairs, similarity: Similarity, matching: MatchingSettings, rate: float | None, show: ShowProgress
) -> OperatingPoint:
    """The threshold of `rate`, if given; else the one in force for a head, and for a metric, which has none, that of
    the `false_accept_rate` of the settings.

    Raises InputError where there are too few impostor pairs for the rate.
    """
    if rate is None and similarity.spec is not None:
        if matching.rule == "vote":
            above = float(np.nextafter(np.float32(matching.vote_score), np.float32(2.0)))
            return OperatingPoint(above, "vote_score of the settings")
        in_force = choose_threshold(matching, similarity.spec)
        return OperatingPoint(in_force.value, in_force.source)
    if rate is not None:
        return OperatingPoint(find_threshold(pairs, rate, show), f"false-accept rate {rate:g} of everybody", rate)
    rate = matching.false_accept_rate
    source = f"false-accept rate {rate:g} of everybody, as configured"
    return OperatingPoint(find_threshold(pairs, rate, show), source, rate)


def find_threshold(pairs: AllPairs, rate: float, show: ShowProgress) -> float:
    """The lowest score that at most this share of the impostor pairs reaches, up to 0.05 % of the score too high.

    Scores are counted in a histogram of the first 20 bits of float32: 1 of the sign, 8 of the exponent, 11 of the
    fraction. So the resolution is 2^-11 of the score, whatever its range. Raises InputError where fewer than ten
    impostor pairs may be accepted, or where more than the share have the highest scores of all.
    """
    counts = np.zeros(_BINS, np.int64)
    with show("finding the threshold", len(pairs)) as bar:
        for block in pairs:
            counts += np.bincount(_bins(block.scores[block.impostor]), minlength=_BINS)
            bar.advance()
    reaching = np.cumsum(counts[::-1])[::-1]
    total = int(reaching[0])
    if rate * total < _FEWEST_ACCEPTED:
        lower = f" take {_rounded_up(_FEWEST_ACCEPTED / total):g} or more, or" if total > _FEWEST_ACCEPTED else ""
        raise InputError(
            f"--far {rate:g}: of {total:,} pairs of different people that is fewer than {_FEWEST_ACCEPTED};{lower} add"
            " people"
        )
    place = int(np.argmax(reaching <= rate * total))
    if reaching[place] == 0 or reaching[place] > rate * total:
        raise InputError(
            f"--far {rate:g}: more pairs of different people than that have the highest score there is; somebody may be"
            " there under several names (see --same-person-above)"
        )
    return _lower_edge(place)


def _rounded_up(rate: float) -> float:
    """To two digits."""
    unit: float = 10.0 ** (math.floor(math.log10(rate)) - 1)
    return math.ceil(rate / unit) * unit


def _bins(scores: NDArray[np.float32]) -> NDArray[np.int64]:
    """The bin of each score, in the order of the scores: the bits of negative ones are turned round."""
    bits = (scores + np.float32(0.0)).view(np.uint32)  # -0.0 becomes 0.0
    ordered = np.where(bits & _SIGN, ~bits, bits | _SIGN)
    return (ordered >> np.uint32(_SHIFT)).astype(np.int64)


def _lower_edge(place: int) -> float:
    ordered = np.uint32(place << _SHIFT)
    bits = ordered & ~_SIGN if ordered & _SIGN else ~ordered
    return float(np.array([bits], np.uint32).view(np.float32)[0])


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
