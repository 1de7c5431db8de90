"""From counts of pairs to the errors of each group and between groups, their intervals, and how far apart they are."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.evaluation.differentials.grouping import GroupCounts, Grouping
from twinface.evaluation.figures.intervals import (
    CONFIDENCE,
    POSSIBLE_OF_NONE,
    Interval,
    Share,
    interval_of,
    possible_of_none,
)
from twinface.evaluation.figures.verification import Subject

FEWEST_IN_GROUP = 20
"""Of fewer people no rate is reported: the 190 pairs of 20 people show nothing below 1.6 % (the rule of three). In 300
simulations the intervals of 20 people held the true rates in 88 of 100 or more, those of 80 people in 91 or more."""

EVERYBODY = "everybody"

_Rounds = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupFigures:
    """A group of so many people and pictures; `genuine_people` of them have two pictures or more.

    `false_accepts` are those of its impostor pairs, `false_rejects` those of its genuine ones; None where fewer than
    FEWEST_IN_GROUP people carry them.
    """

    name: str
    labels: tuple[str, ...]
    people: int
    pictures: int
    genuine_people: int
    false_accepts: Share | None
    false_rejects: Share | None


@dataclass(frozen=True, slots=True)
class Ratio:
    """`value` times as high is the rate of `worst` as that of `least`, and the 95 % interval from `low` to `high`.

    Where `at_least`, nothing was accepted in `least`: the value is by the upper end of its interval, and has none
    itself. `high` is None where rounds of the bootstrap had no error in `least`, so that there is no upper end.
    """

    worst: str
    least: str
    value: float
    at_least: bool
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Differential:
    """Figures of one grouping: of each group, `between` each two by their numbers g < h, and the ratios.

    `false_accept_ratio` is between the groups with the highest and the lowest rate inside, `false_reject_ratio` between
    the highest and everybody's; None where fewer than two groups carry a rate, or nothing went wrong. `unlabelled`
    pictures have no label here, `set_aside` impostor pairs were left out.
    """

    grouping: Grouping
    groups: tuple[GroupFigures, ...]
    between: dict[tuple[int, int], Share | None]
    false_accept_ratio: Ratio | None
    false_reject_ratio: Ratio | None
    unlabelled: int
    set_aside: int


def measure_groups(counts: GroupCounts, everybody: GroupCounts) -> Differential:
    """The figures of a grouping; `everybody` are the counts of all together."""
    grouping = counts.grouping
    groups = tuple(_group(counts, place) for place in range(len(grouping.groups)))
    places = range(len(groups))
    return Differential(
        grouping=grouping,
        groups=groups,
        between={(one, two): _false_accepts(counts, one, two) for one in places for two in places[one + 1 :]},
        false_accept_ratio=_false_accept_ratio(counts, groups),
        false_reject_ratio=_false_reject_ratio(counts, groups, everybody),
        unlabelled=int((grouping.of_picture < 0).sum()),
        set_aside=int(counts.set_aside[..., 0].sum()),
    )


def measure_everybody(counts: GroupCounts) -> GroupFigures:
    """The figures of the one group of all."""
    return _group(counts, 0)


def _group(counts: GroupCounts, place: int) -> GroupFigures:
    labels = counts.grouping.groups[place]
    return GroupFigures(
        name=counts.grouping.names[place] or EVERYBODY,
        labels=labels,
        people=int(counts.people[place]),
        pictures=int(counts.pictures[place]),
        genuine_people=int(counts.genuine_people[place]),
        false_accepts=_false_accepts(counts, place, place),
        false_rejects=_false_rejects(counts, place),
    )


def _false_accepts(counts: GroupCounts, one: int, two: int) -> Share | None:
    """Inside a group or between two.

    The interval ends no lower than what the rule of three leaves possible for so many pairs of people.
    """
    people = int(min(counts.people[one], counts.people[two]))
    accepted, compared = counts.accepted[one, two], counts.compared[one, two]
    if people < FEWEST_IN_GROUP or not compared[0]:
        return None
    within = interval_of(_shares(accepted, compared)[1:])
    possible = min(1.0, POSSIBLE_OF_NONE / float(counts.people_pairs[one, two]))
    return Share(int(accepted[0]), int(compared[0]), Interval(within.low, max(within.high, possible)), people)


def _false_rejects(counts: GroupCounts, place: int) -> Share | None:
    """Where none or all are refused, people are all the interval can go by: what so many leave possible."""
    people = int(counts.genuine_people[place])
    refused, genuine = counts.refused[place], counts.genuine[place]
    if people < FEWEST_IN_GROUP:
        return None
    within = interval_of(_shares(refused, genuine)[1:])
    low, high = within.low, within.high
    if refused[0] == 0:
        high = possible_of_none(people)
    elif refused[0] == genuine[0]:
        low = 1.0 - possible_of_none(people)
    return Share(int(refused[0]), int(genuine[0]), Interval(low, high), people)


def _false_accept_ratio(counts: GroupCounts, groups: tuple[GroupFigures, ...]) -> Ratio | None:
    """The two groups are those of all people, and stay the same in every round."""
    ranked = sorted(
        (one.false_accepts.share, one.false_accepts.interval.high, place)
        for place, one in enumerate(groups)
        if one.false_accepts and one.false_accepts.interval
    )
    if len(ranked) < 2 or not ranked[-1][0]:
        return None
    (lowest, possible, least), (highest, _, worst) = ranked[0], ranked[-1]
    names = groups[worst].name, groups[least].name
    if not lowest:
        return Ratio(*names, max(1.0, highest / possible), at_least=True, low=None, high=None)
    rounds = [_shares(counts.accepted[place, place], counts.compared[place, place]) for place in (worst, least)]
    low, high = _ends(*rounds)
    return Ratio(*names, highest / lowest, at_least=False, low=low, high=high)


def _false_reject_ratio(counts: GroupCounts, groups: tuple[GroupFigures, ...], everybody: GroupCounts) -> Ratio | None:
    ranked = sorted((one.false_rejects.share, place) for place, one in enumerate(groups) if one.false_rejects)
    if len(ranked) < 2 or not ranked[-1][0]:
        return None
    worst = ranked[-1][1]
    rounds = _shares(counts.refused[worst], counts.genuine[worst]), _shares(everybody.refused[0], everybody.genuine[0])
    value = float(rounds[0][0] / rounds[1][0])
    low, high = _ends(*rounds)
    return Ratio(groups[worst].name, EVERYBODY, value, at_least=False, low=low, high=high)


def _shares(hits: _Rounds, of: _Rounds) -> _Rounds:
    """(1 + rounds,); NaN where a round drew no pair."""
    with np.errstate(invalid="ignore"):
        return np.asarray(hits / of)


def _ends(worst: _Rounds, least: _Rounds) -> tuple[float | None, float | None]:
    """The interval of a ratio; rounds in which the least has no error are infinitely high."""
    with np.errstate(invalid="ignore", divide="ignore"):
        ratios = worst[1:] / least[1:]
    tail = (1.0 - CONFIDENCE) / 2
    low, high = (float(one) for one in np.nanquantile(ratios, (tail, 1.0 - tail), method="nearest"))
    return low if np.isfinite(low) else None, high if np.isfinite(high) else None


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """A pair is accepted from `threshold` on; `source` says in words where that comes from.

    `rate` is the false-accept rate of everybody that it was found for, None where it was not found here.
    """

    threshold: float
    source: str
    rate: float | None = None


@dataclass(frozen=True, slots=True)
class LabelCoverage:
    """How a file of labels and the people chosen fit: what was left out.

    `of_nobody` of the `rows` are about none of these people; `people` and `pictures` have no row; `columns` have too
    many values to make groups.
    """

    file: Path
    rows: int
    of_nobody: int
    people: int
    pictures: int
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class GroupsEvaluation:
    """Of the people of a features folder who have labels: `everybody` together, and a differential a grouping.

    `chosen` says how people were chosen, `left_out` of these the head was trained on. `same_person_above` is the cosine
    from which impostor pairs were set aside, `set_aside` of them; None set none aside.
    """

    subject: Subject
    point: OperatingPoint
    everybody: GroupFigures
    differentials: tuple[Differential, ...]
    coverage: LabelCoverage
    chosen: str
    left_out: int
    same_person_above: float | None
    set_aside: int
    seconds: float
