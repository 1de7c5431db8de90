"""A metric head: both covariances and how a score is made of them, each chosen on people it was not trained on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.matching.cohort import Cohort
from twinface.matching.head_arrays import read_arrays, read_cohort
from twinface.matching.head_folder import trained_people
from twinface.matching.head_spec import WEIGHTS_FILE
from twinface.matching.plda import COEFFICIENTS, Projection, pair_features
from twinface.matching.vectors import centre
from twinface.training.heads.covariances import (
    Covariances,
    Scatter,
    Shrinkage,
    common_directions,
    estimate_covariances,
    measure_scatter,
    shrink,
)
from twinface.training.heads.feature_table import FeatureTable
from twinface.training.heads.logistic import LogisticFit, fit_pairs
from twinface.training.heads.stranger_lessons import (
    StrangerLessons,
    less_within,
    measure_tail,
    pairs_of_strangers,
    with_other_kinds,
)
from twinface.training.heads.training_pairs import HardNegatives, Pairs, PairSampler
from twinface.types import Vectors

_SHARES = tuple(Shrinkage(within, between) for within in (0.5, 0.8, 0.95) for between in (0.3, 0.6, 0.9))
_SHARES_WITH_STRANGERS = tuple(Shrinkage(within, 0.0) for within in (0.3, 0.5, 0.7))
_SHARES_FROM_START = (0.5, 0.8, 0.95, 1.0)
_FOLDS = 5
_MOST_PAIRS_A_FOLD = 40_000
_LENGTHS_KEPT = (0.005, 0.995)
_FEW_PEOPLE, _IMPOSTORS_OF_FEW = 10, 20_000
_LEAST_LENGTH_SPREAD = 1e-3
_ALONE = np.array([name in {"bias", "product", "own"} for name in COEFFICIENTS])
_WITHOUT_LONGER = np.array([name != "longer" for name in COEFFICIENTS])


@dataclass(frozen=True, slots=True, eq=False)
class Start:
    """A metric to start from: what it knew of faces, how it weighed it, and the digests of who taught it."""

    covariances: Covariances
    coefficients: NDArray[np.float64]
    length_range: NDArray[np.float32]
    trained_people: frozenset[str]
    cohort: Cohort | None = None
    tail: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PldaFit:
    """What was learnt, and the `shrinkage` that served people best whom it was not trained on."""

    projection: Projection
    coefficients: NDArray[np.float64]
    covariances: Covariances
    shrinkage: Shrinkage
    cohort: Cohort | None = None
    tail: NDArray[np.float32] | None = None

    def arrays(self) -> dict[str, NDArray[np.float32]]:
        """What head.npz has: the head's own arrays, and the covariances for those who start from it."""
        parts: dict[str, NDArray[np.floating]] = {
            "mean": self.projection.mean,
            "projection": self.projection.projection,
            "curvature": self.projection.curvature,
            "length_range": self.projection.length_range,
            "coefficients": self.coefficients,
            "basis": self.covariances.basis,
            "within": self.covariances.within,
            "between": self.covariances.between,
        }
        if self.cohort is not None and self.tail is not None:
            parts |= {"centre": self.cohort.prior, "tail": self.tail}
        return {name: part.astype(np.float32) for name, part in parts.items()}


@dataclass(frozen=True, slots=True, eq=False)
class _Fold:
    """People who are asked about, what they would add to what is learnt, and the pairs of pictures to ask about."""

    asked: FeatureTable
    scatter: Scatter
    pairs: Pairs


@dataclass(frozen=True, slots=True, eq=False)
class _Impostors:
    """Pairs of two people besides those of the table: rows of `vectors` (n, d), both int64 (pairs,)."""

    vectors: Vectors
    first: NDArray[np.int64]
    second: NDArray[np.int64]


def read_start(folder: Path) -> Start | None:
    """What the head in a folder knows to start from; None of a head that is no such metric.

    Raises ArtefactError when it cannot be read, or does not say whom it was trained on.
    """
    arrays = read_arrays(folder / WEIGHTS_FILE)
    names = ("mean", "basis", "within", "between", "coefficients")
    if not {*names, "length_range"} <= set(arrays):
        return None
    mean, basis, within, between, coefficients = (np.asarray(arrays[name], np.float64) for name in names)
    cohort = read_cohort(folder) if "centre" in arrays else None
    return Start(
        Covariances(mean, basis, within, between),
        coefficients,
        arrays["length_range"],
        trained_people(folder),
        cohort,
        arrays.get("tail"),
    )


def fit_plda(
    table: FeatureTable,
    *,
    start: Start | None = None,
    strangers: StrangerLessons | None = None,
    hard: HardNegatives | None = None,
    seed: int = 0,
    progress: Callable[[int, int, float], None] | None = None,
) -> PldaFit:
    """Learn the metric of a table's people; the same for the same seed.

    How far the covariances are shrunk, and how a score is made of the ratio, is found by cross-fitting: people are
    asked about whom their fold's covariances have not seen. `start` and these people weigh as many as each was trained
    on: a dozen people on a box say little of faces. One person with two pictures is enough where `start` has a cohort.
    `hard` are pairs that were taken for one person and are not. `progress` is called with how many of how many
    candidates are tried, and the last one's loss.
    """
    cohort = strangers.cohort if strangers else start.cohort if start else None
    reference = cohort.reference if cohort else None
    folds, single = _cut(table, seed, cohort)
    length_range = start.length_range if start else _length_range(table)
    before = start.covariances if start else None
    people = len(table.names)
    known = len(start.trained_people) if start else 0
    share = people / (people + known)
    scatters = [*single, *(fold.scatter for fold in folds)]
    others = [[part for part in scatters if part is not fold.scatter] if len(folds) > 1 else scatters for fold in folds]

    def estimate(parts: list[Scatter]) -> Covariances:
        found = estimate_covariances(parts, before, known)
        return with_other_kinds(found, strangers) if strangers else found

    def shrunk(covariances: Covariances, shrinkage: Shrinkage) -> Covariances:
        mixed = shrink(covariances, shrinkage, before)
        return less_within(mixed) if strangers else mixed

    found = [estimate(parts) for parts in others]
    impostors = _choose_impostors(table, strangers, start, seed)
    same = np.concatenate([fold.pairs.same for fold in folds])
    weights = np.ones(int((~same).sum()))
    if impostors is not None:
        count = len(impostors.first)
        same = np.concatenate([same, np.zeros(count, np.bool_)])
        weights = np.concatenate([weights, np.full(count, (len(weights) or count) / count)])

    def ask(shrinkage: Shrinkage) -> NDArray[np.float32]:
        projections = [_project(shrunk(one, shrinkage), length_range, cohort, reference) for one in found]
        features = [_ask(side, fold) for side, fold in zip(projections, folds, strict=True)]
        if impostors is not None:
            sides = projections[0](impostors.vectors)
            features.append(pair_features(sides.of(impostors.first), sides.of(impostors.second)))
        return np.concatenate(features)

    fit = partial(_fit_scores, people=people, length_range=length_range, start=start, share=share)
    candidates = _from_start(1.0 - share) if start else _SHARES_WITH_STRANGERS if strangers else _SHARES
    tried: list[tuple[LogisticFit, Shrinkage]] = []
    for number, shrinkage in enumerate(candidates, start=1):
        tried.append((fit(ask(shrinkage), same, weights=weights), shrinkage))
        if progress:
            progress(number, len(candidates), tried[-1][0].loss)
    best, shrinkage = min(tried, key=lambda entry: entry[0].loss)
    covariances = shrunk(estimate(scatters), shrinkage)
    projection = _project(covariances, length_range, cohort, reference)
    if hard is not None and len(hard.weights):
        of_hard = pair_features(projection(hard.first), projection(hard.second))
        features = np.concatenate([ask(shrinkage), of_hard])
        weights = np.concatenate([weights, hard.weights])
        same = np.concatenate([same, np.zeros(len(hard.weights), np.bool_)])
        best = fit(features, same, weights=weights)
    tail = start.tail if start else None
    if strangers:
        tail = measure_tail(projection, best.coefficients, strangers)
    return PldaFit(projection, best.coefficients, covariances, shrinkage, cohort, tail)


def _choose_impostors(
    table: FeatureTable, strangers: StrangerLessons | None, start: Start | None, seed: int
) -> _Impostors | None:
    """Who count as much as the impostors among the people: strangers with each other, where these are trained on.

    Of few people going on from a cohort, each with strangers that it imagines: they are who comes to their door, and
    a family's own impostors are relatives, or none.
    """
    if strangers:
        return _Impostors(strangers.asked, *pairs_of_strangers(strangers.asked, seed))
    if start is None or start.cohort is None or len(table.names) >= _FEW_PEOPLE:
        return None
    met, rng, own = start.cohort.imagined()[0], np.random.default_rng(seed), len(table.vectors)
    first, second = rng.integers(own, size=_IMPOSTORS_OF_FEW), own + rng.integers(len(met), size=_IMPOSTORS_OF_FEW)
    return _Impostors(np.concatenate([table.vectors, met]), first, second)


def _from_start(least: float) -> list[Shrinkage]:
    """Shares to try of what training starts from, not below `least`."""
    return [Shrinkage(share, share) for share in sorted({max(share, least) for share in _SHARES_FROM_START})]


def _cut(table: FeatureTable, seed: int, cohort: Cohort | None) -> tuple[list[_Fold], list[Scatter]]:
    """People by turns in up to five folds, and what those without a second picture add to what every fold learns."""
    paired, single = np.flatnonzero(table.counts > 1), np.flatnonzero(table.counts == 1)
    count = max(1, min(_FOLDS, len(paired) // 2))
    folds = []
    for number in range(count):
        asked = table.of_people(paired[number::count].tolist())
        most = min(_MOST_PAIRS_A_FOLD, len(asked.vectors) ** 2 // 2)
        pairs = PairSampler(asked, negatives=1.0).sample(most, seed + number)
        folds.append(_Fold(asked, _scatter(asked, cohort), pairs))
    return folds, [_scatter(table.of_people(single.tolist()), cohort)] if len(single) else []


def _scatter(table: FeatureTable, cohort: Cohort | None) -> Scatter:
    return measure_scatter(table.with_vectors(centre(table.vectors, cohort.prior)) if cohort else table)


def _length_range(table: FeatureTable) -> NDArray[np.float32]:
    lengths = np.log(np.maximum(np.linalg.norm(table.vectors, axis=1), np.finfo(np.float32).tiny))
    return np.asarray(np.quantile(lengths, _LENGTHS_KEPT), np.float32)


def _project(
    covariances: Covariances, length_range: NDArray[np.float32], cohort: Cohort | None, reference: Vectors | None
) -> Projection:
    parts = (covariances.mean, *common_directions(covariances))
    mean, projection, curvature = (np.asarray(part, np.float32) for part in parts)
    prior = cohort.prior if cohort else np.zeros_like(mean)
    return Projection(mean, projection, curvature, length_range, prior).with_cohort(cohort, reference)


def _ask(projection: Projection, fold: _Fold) -> NDArray[np.float32]:
    sides = projection(fold.asked.vectors)
    return pair_features(sides.of(fold.pairs.first), sides.of(fold.pairs.second))


def _fit_scores(
    features: NDArray[np.float32],
    same: NDArray[np.bool_],
    *,
    people: int,
    length_range: NDArray[np.float32],
    start: Start | None,
    share: float,
    weights: NDArray[np.float64] | None = None,
) -> LogisticFit:
    """Weigh lengths too where the network's differ, as far as a higher ratio goes on meaning a higher score."""
    centre = start.coefficients if start else np.where(_ALONE, 1.0, 0.0)
    weigh = partial(fit_pairs, features, same, people=people, start=centre, share=share, impostor_weights=weights)
    half = float(length_range[1] - length_range[0]) / 2
    if half < _LEAST_LENGTH_SPREAD:
        return weigh(used=_ALONE)
    found = weigh(used=np.ones_like(_ALONE))
    _, product, _, _, longer = found.coefficients
    return found if product > abs(longer) * 2 * half else weigh(used=_WITHOUT_LONGER)
