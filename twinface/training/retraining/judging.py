"""x"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from twinface.calibration.by_people import calibrate_gallery
from twinface.corrections.correction import CorrectionKind
from twinface.errors import InputError
from twinface.evaluation.figures.cost import compare_costs
from twinface.evaluation.figures.intervals import compare_scorers
from twinface.evaluation.figures.verification import ScoredPairs, verification_figures
from twinface.evaluation.protocols.leave_one_out import score_with_person
from twinface.matching.cohort import Cohort
from twinface.matching.head import Head
from twinface.matching.head_folder import add_about
from twinface.matching.open_head import load_head
from twinface.recognition.known import Known
from twinface.settings import MatchingSettings
from twinface.training.heads.logistic import GENUINE_PRIOR
from twinface.training.retraining.few_people import STRANGERS, people_to_ask, score_with_strangers
from twinface.training.retraining.folds import Judged, score_held_out
from twinface.training.retraining.lessons import Lessons, Material
from twinface.training.retraining.retraining_report import (
    BUNDLED,
    FEW_PEOPLE,
    FEWEST_PEOPLE,
    FEWEST_PICTURES,
    CorrectionScores,
    Measured,
    RetrainReport,
)

MOST_COST = 0.05

_COSTS = {
    "cost": "its cost",
    "cost_people": "its cost on the gallery's people",
    "cost_strangers": "its cost on strangers",
}

_MOST_TOLD = 200
"""Corrections in a report, which has to fit a message."""


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


def judge(material: Material, report: RetrainReport, start: Path | None, draft: Path, seed: int) -> RetrainReport:
    """The report with all figures of the head in the draft, which gets its thresholds, and what speaks against it.

    The head started from the one in the folder `start`, whose cohort stands for strangers where there are few people.

    Raises ArtefactError as `load_head` does.
    """
    present = None if report.present == BUNDLED else Path(report.present)
    network, matching = material.gallery.network, material.settings.matching
    old, new = load_head(present, network), load_head(draft, network)
    lessons = material.seen_by(old), material.seen_by(new)
    sides = Judged(present, lessons[0].table), Judged(draft, lessons[1].table)
    cohort = load_head(start, network).cohort if start else None
    measured, measurable, reasons = _measure(*sides, cohort, seed)
    if old.spec.decision is not None and matching.rule != "vote":
        try:
            _calibrate(draft, new, material)
        except InputError as error:
            reasons.append(f"the present head is calibrated, and thresholds cannot be found again: {error}")
        new = load_head(draft, network)
    now, then = (_threshold(head, material) for head in (old, new))
    corrections = score_corrections((old, new), lessons, matching)
    reasons += object_to_corrections(corrections, then)
    return replace(
        report,
        measurable=measurable,
        measured=measured,
        corrections=tuple(corrections[:_MOST_TOLD]),
        present_threshold=now,
        new_threshold=then,
        reasons=tuple(reasons[:_MOST_TOLD]),
    )


def _measure(present: Judged, new: Judged, cohort: Cohort | None, seed: int) -> tuple[Measured | None, int, list[str]]:
    """The figures, None where there are too few people; on how many people they are, or could be; and objections."""
    people, network = int((new.table.counts > 1).sum()), new.table.network
    held_out = score_held_out(present, new, seed) if people >= FEWEST_PEOPLE else None
    measurable = count_measurable(held_out[0] if held_out else None)
    if held_out and measurable >= FEWEST_PEOPLE:
        measured = measure(*held_out, people=people, seed=seed)
        return measured, measurable, [*object_to_figures(measured)]
    if cohort is None:
        return None, measurable, [too_few(measurable, people - measurable)]
    asked = people_to_ask(present, new, network)
    pictures = int(new.table.counts[asked].sum())
    if len(asked) < FEW_PEOPLE:
        return None, len(asked), [too_few(len(asked), people - len(asked), needed=FEW_PEOPLE)]
    if pictures < FEWEST_PICTURES:
        return None, len(asked), [too_few_pictures(pictures)]
    pairs = score_with_strangers(present, new, asked, cohort)
    measured = measure_few(*pairs, len(asked), of=people, strangers=2 * STRANGERS, seed=seed)
    return measured, len(asked), [*object_to_figures(measured)]


def _threshold(head: Head, material: Material) -> float:
    """The score that gives a name in this gallery with a head."""
    matching = material.settings.matching
    known = Known().updated(material.gallery, head, matching, material.averages(head))
    return known.threshold(head, matching).value


def _calibrate(draft: Path, head: Head, material: Material) -> None:
    """Find the thresholds of the head in the draft again, as `twinface calibrate` does. Raises InputError."""
    matching = material.settings.matching
    found = calibrate_gallery(
        material.gallery,
        material.lessons.strangers,
        head,
        matching,
        matching.false_accept_rate,
        averages=material.averages(head),
    )
    add_about(draft, {"decision": found.calibration(matching).model_dump()})
