"""How people differ from each other, and pictures of one person among themselves: the two covariances of a metric."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.matching.vectors import normalised
from twinface.training.heads.feature_table import FeatureTable

_Floats = NDArray[np.float64]

_PEOPLE_OF_PRIOR = 20
"""The mean starts as if so many people, at least, had been seen: that of a handful of people is mostly themselves."""

_PEOPLE_AT_ONCE = 64
_MOST_DIRECTIONS = 512
"""Longer vectors keep so many principal directions; the rest is a thousandth of the variance, and costs minutes."""


@dataclass(frozen=True, slots=True, eq=False)
class Covariances:
    """Of vectors of length 1: `mean` (d,), and `within` a person and `between` people (k, k) along `basis` (d, k).

    All are float64. Vectors of few numbers have all directions, k = d.
    """

    mean: _Floats
    basis: _Floats
    within: _Floats
    between: _Floats


@dataclass(frozen=True, slots=True)
class Shrinkage:
    """How much of each covariance is taken from elsewhere, 0…1: the less data, the more."""

    within: float
    between: float


@dataclass(frozen=True, slots=True, eq=False)
class Scatter:
    """What some people's vectors of length 1 add to covariances; of two groups it is the sum of both.

    `within` (d, d) is the sum of squares around each person's own mean, `means` (people, d), all float64. `counts`
    (people,) is how many pictures each has.
    """

    within: _Floats
    means: _Floats
    counts: NDArray[np.int64]


def measure_scatter(table: FeatureTable) -> Scatter:
    """The scatter of a table's people, a few people at a time."""
    dimension = table.vectors.shape[1]
    within, means = np.zeros((dimension, dimension)), np.zeros((len(table.names), dimension))
    for begin in range(0, len(table.names), _PEOPLE_AT_ONCE):
        people = slice(begin, begin + _PEOPLE_AT_ONCE)
        starts, counts = table.starts[:-1][people], table.counts[people]
        vectors = normalised(table.vectors[starts[0] : starts[0] + counts.sum()]).astype(np.float64)
        means[people] = np.add.reduceat(vectors, starts - starts[0], axis=0) / counts[:, np.newaxis]
        vectors -= np.repeat(means[people], counts, axis=0)
        within += vectors.T @ vectors
    return Scatter(within, means, table.counts)


def estimate_covariances(scatters: Sequence[Scatter], start: Covariances | None = None, known: int = 0) -> Covariances:
    """The covariances of groups of people; those with one picture count between people only.

    The mean leans towards that of `start`, as of the people `known` there, or towards none at all.
    """
    means, counts = (np.concatenate([getattr(part, name) for part in scatters]) for name in ("means", "counts"))
    people = len(counts)
    within = sum((part.within for part in scatters), np.zeros_like(scatters[0].within)) / max(1, counts.sum() - people)
    around = means - means.mean(axis=0)
    between = around.T @ around / max(1, people - 1) - within * np.mean(1 / counts)
    before = start.mean if start else np.zeros_like(means[0])
    seen = max(known, _PEOPLE_OF_PRIOR)
    mean = (people * means.mean(axis=0) + seen * before) / (people + seen)
    basis = start.basis if start else _principal_directions(within + between)
    return Covariances(mean, basis, basis.T @ within @ basis, basis.T @ between @ basis)


def shrink(found: Covariances, shrinkage: Shrinkage, start: Covariances | None = None) -> Covariances:
    """The covariances mixed with those of `start`; without one, with as much variance in every direction."""
    return Covariances(
        found.mean,
        found.basis,
        _mix(found.within, start.within if start else _even(found.within), shrinkage.within),
        _mix(found.between, start.between if start else _even(found.between), shrinkage.between),
    )


def common_directions(covariances: Covariances) -> tuple[_Floats, _Floats]:
    """`projection` (d, k) and `curvature` (k,) of the likelihood ratio; see twinface.matching.plda.

    Where the variance within is 1 and between is v, the ratio of a pair (x, y) is v / (1 + 2v) · x · y, and of each
    side alone -v² / (2 (1 + v) (1 + 2v)) · x². Directions in which people do not differ are left out.
    """
    lower = np.linalg.cholesky(covariances.within)
    whitened = np.linalg.solve(lower, np.linalg.solve(lower, covariances.between).T)
    variances, turn = np.linalg.eigh((whitened + whitened.T) / 2)
    differ = variances > 1e-6 * max(variances.max(), 1e-12)
    variances, directions = variances[differ], np.linalg.solve(lower.T, turn[:, differ])
    projection = covariances.basis @ directions * np.sqrt(variances / (1 + 2 * variances))
    return projection, -0.5 * variances / (1 + variances)


def _principal_directions(total: _Floats) -> _Floats:
    if len(total) <= _MOST_DIRECTIONS:
        return np.eye(len(total))
    return np.asarray(np.linalg.eigh(total)[1][:, -_MOST_DIRECTIONS:])


def _mix(found: _Floats, other: _Floats, share: float) -> _Floats:
    return (1 - share) * found + share * other


def _even(covariance: _Floats) -> _Floats:
    """As much variance in every direction; what counts as none is a small share of what a unit vector has."""
    dimension = len(covariance)
    return max(float(np.trace(covariance)), 1e-3) / dimension * np.eye(dimension)
