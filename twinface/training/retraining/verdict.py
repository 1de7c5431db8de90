"""What is measured of a new head beside the present one, and what speaks against it."""

from dataclasses import replace
from pathlib import Path

from twinface.calibration.by_people import calibrate_gallery
from twinface.errors import InputError
from twinface.matching.cohort import Cohort
from twinface.matching.head_folder import add_about
from twinface.matching.heads import Head
from twinface.matching.open_head import load_head
from twinface.recognition.known import Known
from twinface.training.retraining.few_people import STRANGERS, people_to_ask, score_with_strangers
from twinface.training.retraining.folds import Judged, score_held_out
from twinface.training.retraining.judging import (
    count_measurable,
    measure,
    measure_few,
    object_to_corrections,
    object_to_figures,
    score_corrections,
    too_few,
    too_few_pictures,
)
from twinface.training.retraining.material import Material
from twinface.training.retraining.retraining_report import (
    BUNDLED,
    FEW_PEOPLE,
    FEWEST_PEOPLE,
    FEWEST_PICTURES,
    Measured,
    RetrainReport,
)

_MOST_TOLD = 200
"""Corrections in a report, which has to fit a message."""


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
