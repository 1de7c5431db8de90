"""A trained metric: two-covariance PLDA, and how far the lengths of both vectors can be trusted.

A vector of length 1 is taken as its person's own point and, around it, what differs between pictures of one person;
both are normally distributed. Then the likelihood ratio of "the same person" against "two people" is a sum over
directions in which both covariances are diagonal: the product of the two sides, and a square of each side alone
(Ioffe: Probabilistic linear discriminant analysis, ECCV 2006; Brümmer and de Villiers: The speaker partitioning
problem, Odyssey 2010).

How long the network's vector is before it is made of length 1 says how good the picture is: blurred faces and profiles
have short ones, and say less for and against. So the ratio is calibrated by logistic regression on it and on both
lengths (as quality measures in calibration: Mandasari et al., IEEE TASLP 21(11), 2013).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError
from twinface.matching.heads import Head, Scorer, Scores, checked_vectors, normalised, sigmoid
from twinface.matching.layers import WEIGHTS_FILE, read_arrays
from twinface.matching.spec import HeadSpec
from twinface.types import Vectors

_Floats = NDArray[np.float32]

COEFFICIENTS = ("bias", "product", "own", "length", "longer")
"""What the logit is a weighted sum of, for sides a and b: 1; the product of both; own(a) + own(b); length(a) +
length(b); and, since the product of longer vectors says more or less, product · (length(a) + length(b))."""


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """What a picture brings to every pair: `projected` (n, k), `own` (n,) and `length` (n,), float32."""

    projected: _Floats
    own: _Floats
    length: _Floats

    def of(self, rows: NDArray[np.int64]) -> "Sides":
        """The sides of some of the pictures, in the order given."""
        return Sides(self.projected[rows], self.own[rows], self.length[rows])


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """From a network's vector to its side of a pair.

    `mean` (d,) is taken off vectors of length 1, `projection` (d, k) brings them where `own` is the sum of squares
    weighted by `curvature` (k,). `length_range` (2,): logarithms of lengths are kept inside, and told from its middle.
    All are float32.
    """

    mean: _Floats
    projection: _Floats
    curvature: _Floats
    length_range: _Floats

    def __call__(self, vectors: Vectors) -> Sides:
        """The sides of vectors (n, d) that are finite."""
        lengths = np.log(np.maximum(np.linalg.norm(vectors, axis=1), np.finfo(np.float32).tiny))
        projected = (normalised(vectors) - self.mean) @ self.projection
        low, high = self.length_range
        return Sides(
            np.ascontiguousarray(projected, np.float32),
            np.asarray(np.square(projected) @ self.curvature, np.float32),
            np.asarray(np.clip(lengths, low, high) - (low + high) / 2, np.float32),
        )


class PldaHead(Head):
    """score = sigmoid(logit): one matrix product for all probes and the whole gallery."""

    def __init__(self, spec: HeadSpec, projection: Projection, coefficients: _Floats) -> None:
        self.spec = spec
        self._project = projection
        self._coefficients = coefficients

    def prepare(self, gallery: Vectors) -> Scorer:
        """A scorer that keeps the gallery projected; see Head."""
        theirs = self._sides(gallery)
        bias, product, own, length, longer = self._coefficients
        theirs_alone = own * theirs.own + length * theirs.length

        def score(probes: Vectors) -> Scores:
            ours = self._sides(probes)
            ours_alone = bias + own * ours.own + length * ours.length
            scale = product + longer * (ours.length[:, np.newaxis] + theirs.length)
            return sigmoid(ours.projected @ theirs.projected.T * scale + ours_alone[:, np.newaxis] + theirs_alone)

        return score

    def score_pairs(self, a: Vectors, b: Vectors) -> Scores:
        """Scores of pairs; see Head."""
        return sigmoid(pair_features(self._sides(a), self._sides(b)) @ self._coefficients)

    def _sides(self, vectors: Vectors) -> Sides:
        return self._project(checked_vectors(vectors, len(self._project.mean)))


def pair_features(a: Sides, b: Sides) -> _Floats:
    """What the coefficients weigh, float32 (n, 5), of pairs of sides a[i], b[i]."""
    product, length = np.einsum("nk,nk->n", a.projected, b.projected), a.length + b.length
    return np.stack([np.ones_like(product), product, a.own + b.own, length, product * length], axis=1)


def read_plda_head(folder: Path, spec: HeadSpec) -> PldaHead:
    """The head of head.npz. Raises ArtefactError when arrays are missing, do not fit each other, or are not finite."""
    path = folder / WEIGHTS_FILE
    arrays = read_arrays(path)
    names = ("mean", "projection", "curvature", "length_range", "coefficients")
    if missing := [name for name in names if name not in arrays]:
        raise ArtefactError(f"{path}: {missing[0]} is missing; train the head again")
    mean, projection, curvature, length_range, coefficients = (arrays[name] for name in names)
    if mean.ndim != 1 or curvature.ndim != 1 or projection.shape != (len(mean), len(curvature)):
        raise ArtefactError(f"{path}: mean, projection and curvature do not fit each other; train the head again")
    if length_range.shape != (2,) or coefficients.shape != (len(COEFFICIENTS),):
        raise ArtefactError(f"{path}: length_range or coefficients have another length; train the head again")
    if not all(np.isfinite(arrays[name]).all() for name in names):
        raise ArtefactError(f"{path}: numbers that are not finite; train the head again")
    return PldaHead(spec, Projection(mean, projection, curvature, length_range), coefficients)
