"""The similarity head: trained on pairs of a features folder, measured on people it has not seen, published."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.averages.averages_in_use import adjust_features
from twinface.corrections.correction import Correction
from twinface.errors import ArtefactError
from twinface.evaluation.figures.intervals import compare_scorers
from twinface.evaluation.figures.verification import ScoredPairs, verification_figures
from twinface.evaluation.protocols.comparison import cosine_of_pairs
from twinface.evaluation.protocols.split import person_digest
from twinface.gallery.people_files import read_features
from twinface.matching.cohort import Cohort
from twinface.matching.head_arrays import write_imagined
from twinface.matching.head_folder import built_in_head, trained_people
from twinface.matching.head_spec import COHORT_FILE, WEIGHTS_FILE
from twinface.matching.open_head import load_head
from twinface.matching.plda import PldaHead
from twinface.matching.vectors import adjust
from twinface.publishing import published
from twinface.recognition.averaging import adjust_corrections
from twinface.settings import Settings
from twinface.training.heads.feature_table import (
    FeatureTable,
    check_enough,
    hold_out,
    read_statistics,
    table_of,
    usable_deviation,
)
from twinface.training.heads.head_files import check_head_output, describe_head, write_figures
from twinface.training.heads.head_training import OnStep, TrainOptions, TrainReport
from twinface.training.heads.stranger_lessons import Labels, StrangerLessons, average_of, read_lessons
from twinface.training.heads.train_plda import Start, fit_plda, read_start
from twinface.training.heads.training_pairs import (
    HardNegatives,
    pairs_to_measure,
    read_hard_negatives,
    rejected_pairs,
    rejections_of,
    score_pairs_of,
)

_FEWEST_HELD_OUT = 2


def train_head(
    features: Path,
    output: Path,
    options: TrainOptions | None = None,
    progress: OnStep | None = None,
    corrections: Sequence[Correction] = (),
    *,
    box: Settings | None = None,
) -> TrainReport:
    """Train a head on a features folder and publish it at `output`, whole; the same for the same seed.

    The `corrections` that say of a face that it is not one of those trained on are hard negatives; for a head with a
    cohort they are adjusted as in the `box` that they were said in.

    People of the validation side of the fixed split are never trained on; the head is measured on them, next to plain
    cosine on the same pairs, less those whom the head it started from was trained on. Raises ArtefactError or
    InputError when there is too little to learn from or an option makes no sense, and MissingExtraError where the
    architecture needs Keras and there is none.
    """
    options = options or TrainOptions()
    options.check()
    check_head_output(
        output,
        (features, options.start or None, options.hard_negatives, options.strangers, options.groups, *options.others),
    )
    people = read_features(features)
    table = table_of(people)
    check_enough(table, str(features))
    deviation = usable_deviation(read_statistics(features, table)) if options.normalize else None
    lessons = start = None
    if options.strangers:
        learnt, _ = hold_out(table, _FEWEST_HELD_OUT)
        labels = Labels(options.groups, options.by) if options.groups else None
        lessons = read_lessons(learnt, options.others, options.strangers, options.seed, labels)
        table = table.with_vectors(adjust(table.vectors, average_of(learnt), lessons.cohort.prior))
    elif options.architecture == "plda":
        start = _read_start(options, table)
        table = table_of(adjust_features(people, start.cohort)) if start and start.cohort else table
    learnt, held_out = hold_out(table, _FEWEST_HELD_OUT)
    cohort = lessons.cohort if lessons else start.cohort if start else None
    hard, rejected = _hard_negatives(options, corrections, learnt, cohort, box)
    with published(output) as folder:
        pairs_per_epoch = learn(
            learnt, folder, options, deviation=deviation, start=start, lessons=lessons, hard=hard, progress=progress
        )
        report = _measure(folder, table, held_out, pairs_per_epoch, options.seed)
        write_figures(folder, report)
    return replace(report, rejections=rejected)


def _hard_negatives(
    options: TrainOptions,
    corrections: Sequence[Correction],
    learnt: FeatureTable,
    cohort: Cohort | None,
    box: Settings | None,
) -> tuple[HardNegatives, int]:
    """Those of the corrections, adjusted where there is a cohort, and of the options; how many corrections count."""
    rejections = rejections_of(corrections, learnt)
    if cohort and box:
        rejections = adjust_corrections(rejections, cohort, box)
    hard = rejected_pairs(rejections, learnt)
    if options.hard_negatives:
        hard += read_hard_negatives(options.hard_negatives, learnt)
    return hard, len(rejections)


def learn(
    table: FeatureTable,
    folder: Path,
    options: TrainOptions,
    *,
    deviation: NDArray[np.float32] | None = None,
    start: Start | None = None,
    lessons: StrangerLessons | None = None,
    hard: HardNegatives | None = None,
    is_to_name: bool = True,
    progress: OnStep | None = None,
) -> int:
    """Learn from everybody in the table and write the head, not measured yet, to an empty folder.

    `deviation` (d,) is what differences are divided by, `start` the metric to start from where that was read already,
    `lessons` are of strangers, `hard` are pairs that were taken for one person and are not. Where there is a cohort the
    table's vectors are adjusted, as heads compare them; a head that `is_to_name`, and not only to be measured, then has
    beside it how the cohort's strangers score, which takes a while. Returns how many pairs an epoch has, 0 without
    epochs.
    """
    if options.architecture == "plda" and options.model_function is None:
        start = start or (None if lessons else _read_start(options, table))
        _learn_plda(table, folder, options, start=start, lessons=lessons, hard=hard, progress=progress)
        if is_to_name:
            _write_imagined(folder, table.network)
        return 0
    from twinface.training.heads.train_layers import learn_layers

    return learn_layers(table, folder, options, deviation=deviation, hard=hard, progress=progress)


def _learn_plda(
    table: FeatureTable,
    folder: Path,
    options: TrainOptions,
    *,
    start: Start | None,
    lessons: StrangerLessons | None,
    hard: HardNegatives | None,
    progress: OnStep | None,
) -> None:
    def tried(number: int, count: int, loss: float) -> None:
        if progress:
            progress(number, count, {"loss": loss})

    fit = fit_plda(table, start=start, strangers=lessons, hard=hard, seed=options.seed, progress=tried)
    arrays: dict[str, Any] = fit.arrays()
    np.savez(folder / WEIGHTS_FILE, **arrays)
    if fit.cohort is not None:
        parts: dict[str, Any] = fit.cohort.arrays()
        np.savez_compressed(folder / COHORT_FILE, **parts)
    shrinkage = {"within": fit.shrinkage.within, "between": fit.shrinkage.between}
    recipe = {"shrinkage": shrinkage, "started": start is not None, "strangers": lessons.people if lessons else 0}
    about = {"architecture": "plda", "recipe": recipe}
    before = start.trained_people if start else frozenset()
    if lessons:
        before |= {person_digest(name) for name in lessons.trained_people}
    describe_head(folder, about, table, options.seed, before)


def _write_imagined(folder: Path, network: str) -> None:
    head = load_head(folder, network)
    if isinstance(head, PldaHead) and head.cohort is not None:
        write_imagined(folder, head.nearest_of_imagined)


def _read_start(options: TrainOptions, table: FeatureTable) -> Start | None:
    """The metric to start from: the one asked for, else the bundled one, if there is one."""
    folder = None if options.start == "" else options.start or built_in_head(table.network)
    if folder is None:
        return None
    if not folder.is_dir():
        raise ArtefactError(f"--start {folder}: no such folder; name that of a plda head, or none")
    load_head(folder, table.network)
    start = read_start(folder)
    if start is None and options.start:
        raise ArtefactError(f"--start {folder}: only a plda head can be started from; leave --start out")
    known, dimension = len(start.covariances.mean) if start else 0, table.vectors.shape[1]
    if start and known != dimension:
        raise ArtefactError(
            f"{folder}: a head for vectors of {known} numbers, these have {dimension}; extract them again, or give"
            " --start none"
        )
    return start


def _measure(
    folder: Path, table: FeatureTable, held_out: FeatureTable | None, pairs_per_epoch: int, seed: int
) -> TrainReport:
    """The head as it will be loaded, and plain cosine, on the very same pairs of people held out."""
    head = load_head(folder, table.network)
    learnt = trained_people(folder)
    unseen = _unseen(held_out, learnt) if held_out else None
    left_out = sum(person_digest(name) in learnt for name in held_out.names) if held_out else 0
    about = (len(table.names), len(table.vectors), pairs_per_epoch)
    if unseen is None:
        return TrainReport(*about, validation_people=0, left_out=left_out, head=None, cosine=None, differences={})
    pairs = pairs_to_measure(unseen, seed)
    scores, cosines = (score_pairs_of(unseen, pairs, score) for score in (head.score_pairs, cosine_of_pairs))
    person = np.repeat(np.arange(len(unseen.names)), unseen.counts).astype(np.int32)
    asked = (pairs.first.astype(np.int32), pairs.second.astype(np.int32), person)
    ours, theirs = (ScoredPairs(part, pairs.same, *asked) for part in (scores, cosines))
    return TrainReport(
        *about,
        validation_people=len(unseen.names),
        left_out=left_out,
        head=verification_figures(scores, pairs.same),
        cosine=verification_figures(cosines, pairs.same),
        differences=compare_scorers([ours], [theirs], seed=seed),
    )


def _unseen(held_out: FeatureTable, learnt: frozenset[str]) -> FeatureTable | None:
    """Those held out whom the head was not trained on by way of the head it started from; None where too few are."""
    unseen = held_out.of_people([row for row, name in enumerate(held_out.names) if person_digest(name) not in learnt])
    return unseen if (unseen.counts > 1).sum() >= _FEWEST_HELD_OUT else None
