"""Retraining from beginning to end: learn from everybody, and for each fold from the others, judge, publish."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import numpy as np

from twinface.corrections.audit_file import note
from twinface.corrections.correction import CorrectionKind
from twinface.errors import ArtefactError
from twinface.files import make_folder, only_writer
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import require_gallery
from twinface.matching.head_arrays import read_arrays
from twinface.matching.head_folder import (
    add_about,
    built_in_head,
    files_of_head,
    head_file,
    head_place,
    holds_head,
    read_about,
    read_spec,
)
from twinface.matching.head_spec import WEIGHTS_FILE
from twinface.matching.open_head import load_head
from twinface.networks.registry import find_recipe
from twinface.progress import SayHowFar, part_of
from twinface.publishing import draft_of, put_in_place
from twinface.settings import Settings
from twinface.sharing.shared_heads import read_head_files, share_head
from twinface.training.heads.feature_table import FeatureTable, check_enough
from twinface.training.heads.head_files import check_head_output
from twinface.training.heads.head_training import TrainOptions
from twinface.training.heads.train_head import learn
from twinface.training.heads.training_pairs import rejected_pairs, rejections_of
from twinface.training.retraining.folds import FOLDS_FOLDER, cut_in_folds, without
from twinface.training.retraining.judging import judge, too_few
from twinface.training.retraining.lessons import Lessons, Material, gather_lessons
from twinface.training.retraining.previous_head import keep_previous
from twinface.training.retraining.retraining_report import BUNDLED, FEW_PEOPLE, FEWEST_PEOPLE, RetrainReport

_READ, _LEARNT = 0.05, 0.9
"""Shares of the whole: what is left is the comparison."""

START = "start"
RETRAINED = "retrained"
"""What head.json of a retrained head has: how many faces were confirmed and rejected."""


def learn_all(material: Material, start: Path | None, draft: Path, options: TrainOptions, say: SayHowFar) -> None:
    """Learn from everybody, and for each fold from everybody else, and write the heads to the folder `draft`.

    A metric starts from the head in the folder `start` and keeps its cohort; None starts from scratch. What `say` hears
    counts each of these heads alike.
    """
    network = material.gallery.network
    head = load_head(start, network) if start else None
    lessons = material.seen_by(head) if head else material.lessons
    options = replace(options, start=(start or "") if options.architecture == "plda" else None)
    table, one_is_enough = lessons.table, head is not None and head.cohort is not None
    folds = cut_in_folds(table)
    heads = len(folds) + 1
    for number, (fold, people) in enumerate(folds.items(), start=1):
        line, part = f"learning, fold {number} of {len(folds)}", part_of(say, (number - 1) / heads, number / heads)
        part(line, 0.0)
        folder = draft / FOLDS_FOLDER / str(fold)
        make_folder(folder)
        told = partial(part, line)
        others = without(table, people)
        _learn(others, lessons, folder, options, told, one_is_enough=one_is_enough, is_to_name=False)
    told = partial(part_of(say, len(folds) / heads, 1.0), "learning from everybody")
    told(0.0)
    _learn(table, lessons, draft, options, told, one_is_enough=one_is_enough, is_to_name=True)
    if start:
        make_folder(draft / START)
        for file in files_of_head(start):
            shutil.copy(file, draft / START)


def start_of(present: Path | None, network: str, options: TrainOptions) -> Path | None:
    """The head that a metric starts from, None for none: not one that was itself retrained from these people."""
    if options.architecture != "plda":
        return None
    if present is not None and RETRAINED in read_about(present):
        return present / START if (present / START).is_dir() else None
    if present is not None and read_spec(present).architecture == "plda":
        return present
    return built_in_head(network)


def are_alike(one: Path, two: Path) -> bool:
    """Whether two heads have the very same weights."""
    if not (one / WEIGHTS_FILE).is_file():
        return False
    first, second = (read_arrays(head / WEIGHTS_FILE) for head in (one, two))
    return first.keys() == second.keys() and all(np.array_equal(first[name], second[name]) for name in first)


def _learn(
    table: FeatureTable,
    lessons: Lessons,
    folder: Path,
    options: TrainOptions,
    told: Callable[[float], None],
    *,
    one_is_enough: bool,
    is_to_name: bool,
) -> None:
    if not one_is_enough:
        check_enough(table, "the gallery")
    deviation = table.vectors.std(axis=0, dtype=np.float64)
    learn(
        table,
        folder,
        options,
        deviation=np.where(deviation > 0, deviation, 1).astype(np.float32) if options.normalize else None,
        hard=rejected_pairs(rejections_of(lessons.corrections, table), table),
        is_to_name=is_to_name,
        progress=lambda number, count, _figures: told(number / count),
    )


def retrain(settings: Settings, options: TrainOptions, features: Path | None, say: SayHowFar) -> RetrainReport:
    """Learn a head from the gallery, corrections and features of others, and publish it where it is not worse.

    It starts from what the present head, or the bundled one, had started from: nobody is trained on twice. What
    stands at its place until then is kept as the one before. Raises ArtefactError and its kin for what cannot be read,
    when the head has changed meanwhile, and when it cannot be written; all is then as it was.
    """
    options.check()
    network = find_recipe(settings.network).fingerprint
    place = head_place(settings.head, settings.gallery, network)
    check_head_output(place, [features])
    present = place if holds_head(place) else None
    before = head_file(present) if present else b""
    gallery = Gallery.open(settings.gallery, network=network)
    if settings.head is None:
        require_gallery(gallery.folder)
    say("reading gallery and corrections", 0.0)
    lessons = gather_lessons(gallery, features)
    material, table = Material(settings, gallery, lessons), lessons.table
    kinds = [one.kind for one in lessons.corrections]
    report = RetrainReport(
        head=str(place),
        present=str(present) if present else BUNDLED,
        people=len(table.names),
        pictures=len(table.vectors),
        confirmed=kinds.count(CorrectionKind.CONFIRM),
        rejected=kinds.count(CorrectionKind.REJECT),
    )
    start, measurable = start_of(present, network, options), int((table.counts > 1).sum())
    needed = FEW_PEOPLE if start and load_head(start, network).cohort else FEWEST_PEOPLE
    report = replace(report, measurable_needed=needed)
    if measurable < needed:
        return replace(report, measurable=measurable, reasons=(too_few(measurable, needed=needed),))
    with draft_of(place) as draft:
        learn_all(material, start, draft, options, part_of(say, _READ, _LEARNT))
        if present is not None and are_alike(present, draft):
            return replace(report, reasons=("there is nothing new to learn from: it would be the head that is there",))
        say("comparing with the present head", _LEARNT)
        report = judge(material, report, start, draft, options.seed)
        if report.published:
            _write_figures(draft, report)
            with only_writer(place):
                if (head_file(present) if present else b"") != before:
                    raise ArtefactError(f"{place}: the head has changed meanwhile; retrain again")
                keep_previous(draft, present, network, gallery.network_name)
                share_head(settings, place, read_head_files(draft))
                put_in_place(draft, place)
            note(settings.gallery, "retrain", "another head is in use")
    return report


def _write_figures(draft: Path, report: RetrainReport) -> None:
    measured = asdict(report.measured) if report.measured else {}
    thresholds = measured.get("new", {}).get("thresholds", {})
    if report.measured and report.measured.strangers:
        # Drawn strangers are less alike than people are: what the head it started from has stays true.
        thresholds = read_spec(draft / START).thresholds
    corrected = {"confirmed": report.confirmed, "rejected": report.rejected}
    add_about(draft, {RETRAINED: corrected, "thresholds": thresholds, "validation": measured})
