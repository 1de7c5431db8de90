"""Fitting the densities of a cohort: how faces differ from the average of their kind of picture."""

import math

import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError
from twinface.matching.density import Density
from twinface.matching.vectors import normalised
from twinface.types import Vectors

_Floats = NDArray[np.float32]

_MOST_COMPONENTS = 48
_POINTS_A_COMPONENT = 3
"""For each number of a point a component has so many points to learn from, at least."""

_KEPT = 0.9
"""Of a component's own covariance; the rest is that of all components together."""

_FEWEST_OF_GROUP = 0.5
"""Of the points that a component learns from: a group with fewer has no component of its own."""

_ROUNDS = 15
_LEAST_SHARE = 0.25
"""Components smaller than this share of the mean size join their nearest neighbour."""


def face_points(vectors: Vectors, average: NDArray[np.float32]) -> _Floats:
    """The points, float32 (n, d + 1), of vectors (n, d) of one kind of picture whose average unit vector is `average`:
    the unit vector less that, and the logarithm of the length."""
    lengths = np.log(np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny))
    return np.asarray(np.concatenate([normalised(vectors) - average, lengths], axis=1), np.float32)


def fit_density(points: _Floats, seed: int) -> Density:
    """A mixture fitted to points (n, m): cut by k-means into as many parts as the points carry, a normal distribution
    to each, its covariance leaning on that of all parts. The same for the same seed."""
    return density_of_parts(_cut(points, max(1, min(_MOST_COMPONENTS, int(_carried(points)))), seed))


def fit_groups(points: _Floats, group_of: NDArray[np.int32], seed: int) -> tuple[Density, NDArray[np.int32]]:
    """A mixture fitted to points (n, m) group by group, and which group each of its components is of, from 0.

    `group_of` (n,) numbers the group of each point. Those without one, -1, and those of groups with too few points are
    of the group whose mean direction is most like theirs. Raises InputError where no group has enough.
    """
    kept = [own for one in range(group_of.max() + 1) if _carried(points[own := group_of == one]) >= _FEWEST_OF_GROUP]
    if not kept:
        raise InputError(f"--groups: no group has the {_fewest(points)} strangers it needs; put groups together")
    directions = points[:, :-1]
    likeness = directions @ normalised(np.stack([directions[own].mean(axis=0) for own in kept])).T
    for number, own in enumerate(kept):
        likeness[own, number] = np.inf
    nearest, cut = likeness.argmax(axis=1), []
    for number in range(len(kept)):
        own_points = points[nearest == number]
        most = max(1, min(_MOST_COMPONENTS // len(kept), round(_carried(own_points))))
        cut.append(_cut(own_points, most, seed))
    density = density_of_parts([part for parts in cut for part in parts])
    return density, np.repeat(np.arange(len(cut), dtype=np.int32), [len(parts) for parts in cut])


def mixed(densities: list[Density]) -> Density:
    """One mixture of several densities, each weighing as much as every other."""
    return Density(
        np.concatenate([one.weights / one.weights.sum() / len(densities) for one in densities]),
        np.concatenate([one.means for one in densities]),
        np.concatenate([one.factors for one in densities]),
    )


def density_of_parts(parts: list[_Floats]) -> Density:
    """A mixture of one normal distribution for each part (n_i, m), which weighs as many as there are points."""
    counts = np.array([len(part) for part in parts], np.float64)
    covariances = [np.cov(part, rowvar=False, bias=True).astype(np.float64) for part in parts]
    pooled = np.tensordot(counts / counts.sum(), np.stack(covariances), axes=1)
    least = 1e-6 * np.trace(pooled) / len(pooled) * np.eye(len(pooled))
    factors = [np.linalg.cholesky(_KEPT * one + (1 - _KEPT) * pooled + least) for one in covariances]
    return Density(
        (counts / counts.sum()).astype(np.float32),
        np.stack([part.mean(axis=0) for part in parts]).astype(np.float32),
        np.stack(factors).astype(np.float32),
    )


def _carried(points: _Floats) -> float:
    """How many components points (n, m) are enough for."""
    return len(points) / float(_POINTS_A_COMPONENT * points.shape[1])


def _fewest(points: _Floats) -> int:
    return math.ceil(_FEWEST_OF_GROUP * _POINTS_A_COMPONENT * int(points.shape[1]))


def _cut(points: _Floats, count: int, seed: int) -> list[_Floats]:
    """Points in `count` parts by spherical k-means on their directions, or in fewer where parts would be small."""
    rng = np.random.default_rng(seed)
    directions = points[:, :-1]
    centres = directions[rng.choice(len(points), count, replace=False)]
    nearest = np.zeros(len(points), np.intp)
    for _ in range(_ROUNDS):
        nearest = (directions @ normalised(centres).T).argmax(axis=1)
        sizes = np.bincount(nearest, minlength=len(centres))
        kept = np.flatnonzero(sizes >= max(2.0, _LEAST_SHARE * len(points) / len(centres)))
        centres = np.stack([directions[nearest == one].mean(axis=0) for one in kept])
    nearest = (directions @ normalised(centres).T).argmax(axis=1)
    return [points[nearest == one] for one in range(len(centres)) if (nearest == one).sum() > 1]
