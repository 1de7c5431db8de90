"""Retraining from beginning to end: learn, measure, and publish what is not worse."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Literal

import numpy as np

from twinface.corrections import CorrectionKind
from twinface.errors import ArtefactError, InputError
from twinface.evaluation.protocols.calibrate_gallery import calibrate_gallery
from twinface.files import canonical_json, make_folder, only_writer, read_json_object
from twinface.gallery import Gallery
from twinface.gallery.features_folder import require_gallery
from twinface.matching import choose_threshold, head_place, load_head
from twinface.matching.built_in import built_in_head
from twinface.matching.calibrated import head_file
from twinface.matching.cohort import COHORT_FILE
from twinface.matching.layers import WEIGHTS_FILE, read_arrays
from twinface.matching.spec import HEAD_FILE, read_spec
from twinface.networks import find_recipe
from twinface.settings import Settings
from twinface.training.heads.artefact import check_head_output
from twinface.training.heads.data import check_enough
from twinface.training.heads.feature_table import FeatureTable
from twinface.training.heads.hard_negatives import rejected_pairs, rejections_of
from twinface.training.heads.options import TrainOptions
from twinface.training.heads.train import learn
from twinface.training.publishing import draft_of, put_in_place
from twinface.training.retraining.folds import FOLDS, FOLDS_FOLDER, fold_of, score_held_out, without_fold
from twinface.training.retraining.history import keep_previous
from twinface.training.retraining.judging import (
    count_measurable,
    measure,
    object_to_corrections,
    object_to_figures,
    score_corrections,
    too_few,
)
from twinface.training.retraining.lessons import Lessons, gather_lessons
from twinface.training.retraining.report import BUNDLED, FEWEST_PEOPLE, RetrainReport

START = "start"
_RETRAINED = "retrained"
_MOST_TOLD = 200
"""Corrections in a report, which has to fit a message."""

Say = Callable[[str], None]
"""Told what is being done, in a few words."""


def retrain(settings: Settings, options: TrainOptions, features: Path | None, say: Say) -> RetrainReport:
    """Learn a head from the gallery, corrections and features of others, and publish it where it is not worse.

    It goes on from what the present head, or the one in the box, had gone on from: nobody is learnt from twice. What
    stands at its place until then is kept as the one before. Raises ArtefactError and its kin for what cannot be read,
    when the head has changed meanwhile, and when it cannot be written; all is then as it was.
    """
    options.check()
    network = find_recipe(settings.network).fingerprint
    place = head_place(settings.head, settings.gallery, network)
    check_head_output(place, [features])
    present = place if (place / HEAD_FILE).is_file() else None
    before = head_file(present) if present else b""
    gallery = Gallery.open(settings.gallery, network=network)
    if settings.head is None:
        require_gallery(gallery.folder)
    say("reading gallery and corrections")
    lessons = gather_lessons(gallery, features)
    kinds = [one.kind for one in lessons.corrections]
    report = RetrainReport(
        head=str(place),
        present=str(present) if present else BUNDLED,
        people=len(lessons.table.names),
        pictures=len(lessons.table.vectors),
        confirmed=kinds.count(CorrectionKind.CONFIRM),
        rejected=kinds.count(CorrectionKind.REJECT),
    )
    measurable = int((lessons.table.counts > 1).sum())
    if measurable < FEWEST_PEOPLE:
        return replace(report, measurable=measurable, reasons=(too_few(measurable),))
    with draft_of(place) as draft:
        _learn_all(lessons, present, draft, options, say)
        if present is not None and _are_alike(present, draft):
            return replace(report, reasons=("there is nothing new to learn from: it would be the head that is there",))
        say("comparing with the present head")
        report = _judge(lessons, gallery, report, present=present, draft=draft, settings=settings, seed=options.seed)
        if report.published:
            _write_figures(draft, report)
            with only_writer(place):
                if (head_file(present) if present else b"") != before:
                    raise ArtefactError(f"{place}: the head has changed meanwhile; retrain again")
                keep_previous(draft, present, network, gallery.network_name)
                put_in_place(draft, place)
    return report


def _learn_all(lessons: Lessons, present: Path | None, draft: Path, options: TrainOptions, say: Say) -> None:
    """Learn from everybody, and for each fold from everybody else."""
    table, start = lessons.table, _start_of(present, lessons.table.network)
    options = replace(options, start=start if options.architecture == "plda" else None)
    for fold in sorted({fold_of(name) for name in table.names}):
        say(f"learning, fold {fold + 1} of {FOLDS}")
        folder = draft / FOLDS_FOLDER / str(fold)
        make_folder(folder)
        _learn(without_fold(table, fold), lessons, folder, options)
    say("learning from everybody")
    _learn(table, lessons, draft, options)
    if start:
        make_folder(draft / START)
        for file in (*start.glob(f"{Path(HEAD_FILE).stem}.*"), *start.glob(COHORT_FILE)):
            shutil.copy(file, draft / START)


def _learn(table: FeatureTable, lessons: Lessons, folder: Path, options: TrainOptions) -> None:
    check_enough(table, "the gallery")
    deviation = table.vectors.std(axis=0, dtype=np.float64)
    learn(
        table,
        folder,
        options,
        deviation=np.where(deviation > 0, deviation, 1).astype(np.float32) if options.normalize else None,
        hard=rejected_pairs(rejections_of(lessons.corrections, table), table),
    )


def _are_alike(one: Path, two: Path) -> bool:
    """Whether two heads have the very same weights."""
    if not (one / WEIGHTS_FILE).is_file():
        return False
    first, second = (read_arrays(head / WEIGHTS_FILE) for head in (one, two))
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def _start_of(present: Path | None, network: str) -> Path | Literal[""]:
    """The head to go on from, "" for none: not one that was itself retrained from these people."""
    if present is not None and _RETRAINED in read_json_object(present / HEAD_FILE):
        return present / START if (present / START).is_dir() else ""
    if present is not None and read_spec(present).architecture == "plda":
        return present
    return built_in_head(network) or ""


def _judge(
    lessons: Lessons,
    gallery: Gallery,
    report: RetrainReport,
    *,
    present: Path | None,
    draft: Path,
    settings: Settings,
    seed: int,
) -> RetrainReport:
    """The report with all figures of the head in the draft, which gets its thresholds, and what speaks against it."""
    held_out = score_held_out(lessons.table, present, draft, seed)
    measurable = count_measurable(held_out[0] if held_out else None)
    measured, people = None, int((lessons.table.counts > 1).sum())
    if held_out and measurable >= FEWEST_PEOPLE:
        measured = measure(*held_out, people=people, seed=seed)
    reasons = [*object_to_figures(measured)] if measured else [too_few(measurable, people - measurable)]
    old = load_head(present, gallery.network)
    if old.spec.decision is not None and settings.matching.rule != "vote":
        try:
            _calibrate(draft, gallery, lessons, settings)
        except InputError as error:
            reasons.append(f"the present head is calibrated, and thresholds cannot be found anew: {error}")
    new = load_head(draft, gallery.network)
    now, then = (choose_threshold(settings.matching, head.spec).value for head in (old, new))
    corrections = score_corrections(lessons.corrections, gallery, old, new, settings.matching)
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


def _calibrate(draft: Path, gallery: Gallery, lessons: Lessons, settings: Settings) -> None:
    """Find the thresholds of the head in the draft anew, as `twinface calibrate` does. Raises InputError."""
    head, matching = load_head(draft, gallery.network), settings.matching
    found = calibrate_gallery(gallery, lessons.strangers, head, matching, matching.false_accept_rate)
    _add(draft, {"decision": found.calibration(matching).model_dump()})


def _write_figures(draft: Path, report: RetrainReport) -> None:
    measured = asdict(report.measured) if report.measured else {}
    thresholds = measured.get("new", {}).get("thresholds", {})
    corrected = {"confirmed": report.confirmed, "rejected": report.rejected}
    _add(draft, {_RETRAINED: corrected, "thresholds": thresholds, "validation": measured})


def _add(head: Path, parts: dict[str, object]) -> None:
    path = head / HEAD_FILE
    path.write_bytes(canonical_json(read_json_object(path) | parts))
