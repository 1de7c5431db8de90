"""A head trained on everybody, and for each fold one trained on everybody else."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np

from twinface.files import make_folder
from twinface.matching.head_arrays import read_arrays
from twinface.matching.head_folder import built_in_head, files_of_head, read_about, read_spec
from twinface.matching.head_spec import WEIGHTS_FILE
from twinface.matching.open_head import load_head
from twinface.progress import Say
from twinface.training.heads.feature_table import FeatureTable
from twinface.training.heads.hard_negatives import rejected_pairs, rejections_of
from twinface.training.heads.head_training import TrainOptions
from twinface.training.heads.train_head import learn
from twinface.training.heads.training_data import check_enough
from twinface.training.retraining.folds import FOLDS_FOLDER, cut_in_folds, without
from twinface.training.retraining.lessons import Lessons
from twinface.training.retraining.material import Material

START = "start"
RETRAINED = "retrained"
"""What head.json of a retrained head has: how many faces were confirmed and rejected."""


def learn_all(material: Material, start: Path | None, draft: Path, options: TrainOptions, say: Say) -> None:
    """Learn from everybody, and for each fold from everybody else, and write the heads to the folder `draft`.

    A metric starts from the head in the folder `start` and keeps its cohort; None starts from scratch.
    """
    network = material.gallery.network
    head = load_head(start, network) if start else None
    lessons = material.seen_by(head) if head else material.lessons
    options = replace(options, start=(start or "") if options.architecture == "plda" else None)
    table, one_is_enough = lessons.table, head is not None and head.cohort is not None
    folds = cut_in_folds(table)
    for number, (fold, people) in enumerate(folds.items(), start=1):
        say(f"learning, fold {number} of {len(folds)}")
        folder = draft / FOLDS_FOLDER / str(fold)
        make_folder(folder)
        _learn(without(table, people), lessons, folder, options, one_is_enough=one_is_enough, is_to_name=False)
    say("learning from everybody")
    _learn(table, lessons, draft, options, one_is_enough=one_is_enough, is_to_name=True)
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
    )
