"""Whether a new head is not worse than the present one, and by which figures.

It is not worse when, on people whom neither was trained on,

* its cost (twinface.evaluation.figures.cost) is with 95 % confidence at most 5 % above the present head's. So what
  cannot be reported, because there are too few people, keeps the present head;
* neither its EER nor a TAR is worse by more than chance: the paired interval of the difference has both;

Where there are fewer than ten people that is asked of their pictures and of strangers drawn from the cohort, and of the
cost on either alone (`few_people`);

and when no face that was rejected as somebody scores more with them than now and would get their name.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from twinface.corrections.correction import CorrectionKind
from twinface.evaluation.figures.cost import compare_costs
from twinface.evaluation.figures.intervals import compare_scorers
from twinface.evaluation.figures.scored_pairs import ScoredPairs
from twinface.evaluation.figures.verification import verification_figures
from twinface.evaluation.protocols.leave_one_out import score_with_person
from twinface.matching.heads import Head
from twinface.settings import MatchingSettings
from twinface.training.heads.logistic import GENUINE_PRIOR
from twinface.training.retraining.lessons import Lessons
from twinface.training.retraining.retraining_report import FEWEST_PEOPLE, FEWEST_PICTURES, CorrectionScores, Measured

MOST_COST = 0.05

_COSTS = {
    "cost": "its cost",
    "cost_people": "its cost on the gallery's people",
    "cost_strangers": "its cost on strangers",
}


def count_measurable(pairs: ScoredPairs | None) -> int:
    """Of how many people there are two pictures to compare."""
    return len(np.unique(pairs.people[0][pairs.same])) if pairs else 0


def measure(present: ScoredPairs, new: ScoredPairs, people: int, seed: int) -> Measured:
    """Both heads on the same pairs; `people` have two pictures, and were left out or not."""
    shown = count_measurable(new)
    differences = {"cost": compare_costs(new, present, prior=GENUINE_PRIOR, seed=seed)}
    return Measured(
        people=shown,
        left_out=people - shown,
        present=verification_figures(present.scores, present.same),
        new=verification_figures(new.scores, new.same),
        differences=differences | compare_scorers([new], [present], seed=seed),
    )


def measure_few(present: ScoredPairs, new: ScoredPairs, people: int, *, of: int, strangers: int, seed: int) -> Measured:
    """Both heads on the pictures of `people`, `of` so many, and on strangers: as `few_people` gives them."""
    sides = {"cost": GENUINE_PRIOR, "cost_people": 1.0, "cost_strangers": 0.0}
    costs = {name: compare_costs(new, present, prior=prior, seed=seed) for name, prior in sides.items()}
    return Measured(
        people=people,
        left_out=of - people,
        present=verification_figures(present.scores, present.same),
        new=verification_figures(new.scores, new.same),
        differences=costs | compare_scorers([new], [present], seed=seed),
        strangers=strangers,
    )


def score_corrections(
    heads: tuple[Head, Head], lessons: tuple[Lessons, Lessons], settings: MatchingSettings
) -> list[CorrectionScores]:
    """How each corrected face scores with its person, by the present head and the new one, each by the lessons as it
    compares them; rejects first, those that score highest now at the head.
    """
    scores = [list(_scores_of(*both, settings)) for both in zip(heads, lessons, strict=True)]
    found = [
        CorrectionScores(str(one.kind), one.name, one.track, present, new)
        for one, present, new in zip(lessons[0].corrections, *scores, strict=True)
    ]
    return sorted(found, key=lambda one: (one.kind != CorrectionKind.REJECT, -one.present))


def _scores_of(head: Head, lessons: Lessons, settings: MatchingSettings) -> Iterator[float]:
    vectors = {person.name: person.vectors for person in lessons.enrolled}
    for one in lessons.corrections:
        yield score_with_person(head, one.vector, vectors[one.name], settings)


def too_few(people: int, left_out: int = 0, *, needed: int = FEWEST_PEOPLE) -> str:
    """What speaks against a head that can be measured on `people` only, and not on others, who are `left_out`."""
    others = (
        f"; {left_out} more do not count, being known to the present head or alone in their fold" if left_out else ""
    )
    why = "so that both can be compared"
    if needed < FEWEST_PEOPLE:
        why = "so that each can be left out in turn: who is trained on cannot show whether a head is better"
    return (
        f"a new head is trained from {needed} people on who have two pictures or more and whom the present head "
        f"was not trained on, {why}. There are {people}{others}. Enrol {needed - people} "
        "more at least, or name features of others with --features"
    )


def too_few_pictures(pictures: int) -> str:
    """What speaks against a head that few people have only so many pictures to measure on."""
    return (
        f"a new head is measured on {FEWEST_PICTURES} pictures at least of people who have two or more. There are"
        f" {pictures}; add some, or name features of others with --features"
    )


def object_to_figures(measured: Measured) -> Iterator[str]:
    """What figures say against the new head, a line each; nothing: it is not worse."""
    if measured.differences["cost"].interval is None:
        yield too_few(measured.differences["cost"].people)
        return
    for name, what in _COSTS.items():
        cost = measured.differences.get(name)
        if cost and cost.interval and cost.interval.high > MOST_COST * cost.second:
            highest = cost.interval.high / cost.second
            yield f"{what} may be {highest:.1%} higher than now, with 95 % confidence; {MOST_COST:.0%} would be taken"
    for name, difference in measured.differences.items():
        interval = difference.interval
        if interval is None:
            continue
        if name == "eer" and interval.low > 0:
            yield f"its EER is higher by more than chance, {difference.first:.2%} instead of {difference.second:.2%}"
        elif name.startswith("tar") and interval.high < 0:
            title = f"TAR at FAR {name.rpartition('_')[2]}"
            yield f"its {title} is lower by more than chance, {difference.first:.2%} instead of {difference.second:.2%}"


def object_to_corrections(corrections: Sequence[CorrectionScores], new_threshold: float) -> Iterator[str]:
    """What rejected faces say against the new head, a line each."""
    for one in corrections:
        if one.kind == CorrectionKind.REJECT and one.new >= max(one.present, new_threshold):
            yield f"a face that is not {one.name} ({one.track}) scores {one.new:.3f} with them, {one.present:.3f} now"
