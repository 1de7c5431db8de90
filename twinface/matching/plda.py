"""A trained metric: two-covariance PLDA, and how far the lengths of both vectors can be trusted.

A vector of length 1 is taken as its person's own point and, around it, what differs between pictures of one person;
both are normally distributed. Then the likelihood ratio of "the same person" against "two people" is a sum over
directions in which both covariances are diagonal: the product of the two sides, and a square of each side alone
(Ioffe: Probabilistic linear discriminant analysis, ECCV 2006; Brümmer and de Villiers: The speaker partitioning
problem, Odyssey 2010).

How long the network's vector is before it is made of length 1 says how good the picture is: blurred faces and profiles
have short ones, and say less for and against. So the score is a logistic regression on the ratio and on both
lengths, which are quality measures (Mandasari et al., IEEE TASLP 21(11), 2013).

With a cohort the ratio is first normalised by the strangers nearest to each side (`normalisation`), and vectors are
taken relative to the average of their kind of picture: `centre` is taken off before they are of length 1 again.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError
from twinface.matching.cohort import Cohort
from twinface.matching.head import Head, Prepared, sigmoid
from twinface.matching.head_arrays import read_arrays, read_cohort, read_imagined
from twinface.matching.head_spec import WEIGHTS_FILE, HeadSpec
from twinface.matching.normalisation import Groups, Nearest, find_nearest, normalise_all, normalise_pairs
from twinface.matching.vectors import checked_vectors
from twinface.types import Scores, Vectors

_Floats = NDArray[np.float32]

_AT_ONCE = 512
_PREPARED_AT_ONCE = 16
"""Gallery vectors are projected so many at a time, the last ones filled up: a product of matrices of one size rounds
every row alike, so nobody's score depends on who was enrolled together with them."""

_MANY_AT_ONCE = 64
"""Where there are as many, this many at a time, which takes a third less, if these round as the fewer ones do."""

_CHECKED = 8
_FEW, _REMEMBERED = 16, 256
_STRANGERS_AT_ONCE = 32
"""People whom all strangers come to at a time: what that needs stays in the cache."""

COEFFICIENTS = ("bias", "product", "own", "length", "longer")
"""What the logit is a weighted sum of, for sides a and b: 1; the product of both; own(a) + own(b); length(a) +
length(b); and, since the product of longer vectors says more or less, product · (length(a) + length(b)). With a cohort
the whole ratio, normalised, stands where the product does, and own(a) + own(b) is 0: it is in the ratio."""


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """What a picture brings to every pair: `projected` (n, k), `own` (n,) and `length` (n,), float32.

    `nearest` is what the cohort's faces most like it score with it, where there is a cohort.
    """

    projected: _Floats
    own: _Floats
    length: _Floats
    nearest: Nearest | None = None

    def of(self, rows: NDArray[np.int64] | slice) -> "Sides":
        """The sides of some of the pictures, in the order given."""
        nearest = self.nearest.of(rows) if self.nearest else None
        return Sides(self.projected[rows], self.own[rows], self.length[rows], nearest)


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """From a network's vector to its side of a pair.

    `centre` (d,) is taken off vectors of length 1, which are then of length 1 again; nothing happens where it is 0.
    `mean` (d,) is taken off these, `projection` (d, k) brings them where `own` is the sum of squares weighted by
    `curvature` (k,). `length_range` (2,): logarithms of lengths are kept inside, and counted from its middle. All are
    float32. `reference` are the sides of a cohort, laid out in `groups`.
    """

    mean: _Floats
    projection: _Floats
    curvature: _Floats
    length_range: _Floats
    centre: _Floats
    reference: Sides | None = None
    groups: Groups | None = None

    def __call__(self, vectors: Vectors) -> Sides:
        """The sides of vectors (n, d) that are finite, some at a time: little more is held than the sides."""
        sides = Sides(
            np.empty((len(vectors), len(self.curvature)), np.float32),
            np.empty(len(vectors), np.float32),
            np.empty(len(vectors), np.float32),
        )
        for start in range(0, len(vectors), _AT_ONCE):
            self._fill(sides.of(slice(start, start + _AT_ONCE)), vectors[start : start + _AT_ONCE])
        if self.reference is None or self.groups is None:
            return sides
        return replace(sides, nearest=_nearest(sides, self.reference, self.groups))

    def with_cohort(self, cohort: Cohort | None, reference: Vectors | None = None) -> "Projection":
        """The same, normalised by a cohort; `reference` are its faces, drawn before, since that takes a while."""
        if cohort is None:
            return self
        drawn = cohort.reference if reference is None else reference
        return replace(self, reference=self(drawn), groups=cohort.groups)

    def _fill(self, sides: Sides, vectors: Vectors) -> None:
        lengths, (low, high) = _lengths(vectors), self.length_range
        unit = vectors / lengths[:, np.newaxis]
        if self.centre.any():
            unit -= self.centre
            unit /= _lengths(unit)[:, np.newaxis]
        unit -= self.mean
        np.matmul(unit, self.projection, out=sides.projected)
        np.matmul(np.square(sides.projected), self.curvature, out=sides.own)
        np.minimum(np.maximum(np.log(lengths), low), high, out=sides.length)
        sides.length[:] -= (low + high) / 2


class PldaHead(Head):
    """score = sigmoid(logit): one matrix product for all probes and the whole gallery."""

    def __init__(
        self,
        spec: HeadSpec,
        projection: Projection,
        coefficients: _Floats,
        *,
        cohort: Cohort | None = None,
        tail: _Floats | None = None,
        imagined: Sequence[Nearest] = (),
    ) -> None:
        self.spec, self.cohort, self.tail = spec, cohort, tail
        self._found_before = imagined
        self._recent: dict[bytes, Prepared] = {}
        self._many_as_few: bool | None = None
        self._plain = projection
        self._coefficients = coefficients

    def prepare_gallery(self, gallery: Vectors) -> Prepared:
        """The sides of the gallery's vectors, and what of the score they alone decide; see Head."""
        vectors = checked_vectors(gallery, len(self._plain.mean))
        in_many = len(vectors) // _MANY_AT_ONCE * _MANY_AT_ONCE
        if in_many and not self._rounds_alike(vectors[:_MANY_AT_ONCE]):
            in_many = 0
        parts = [self._prepared(some, _MANY_AT_ONCE) for some in _split(vectors[:in_many], _MANY_AT_ONCE)]
        parts += [self._prepared(some, _PREPARED_AT_ONCE) for some in _split(vectors[in_many:], _PREPARED_AT_ONCE)]
        return Prepared.joined(parts) if parts else prepare_sides(self._project(vectors), self._coefficients)

    def _prepared(self, vectors: Vectors, at_once: int) -> Prepared:
        filled = np.concatenate([vectors, np.repeat(vectors[:1], at_once - len(vectors), axis=0)])
        return prepare_sides(self._project(filled), self._coefficients).of(slice(0, len(vectors)))

    def _rounds_alike(self, vectors: Vectors) -> bool:
        """Whether it is the same to the last bit if many `vectors` are prepared at a time or fewer; found once."""
        if self._many_as_few is None:
            few = self._prepared(vectors[-_PREPARED_AT_ONCE:], _PREPARED_AT_ONCE)
            many = self._prepared(vectors, _MANY_AT_ONCE).of(slice(-_PREPARED_AT_ONCE, None))
            self._many_as_few = all(map(np.array_equal, few.arrays, many.arrays))
        return self._many_as_few

    def score_prepared(self, probes: Any, gallery: Prepared) -> Scores:
        """One pass over the gallery for all probes; see Head."""
        return sigmoid(logits_with(self.prepare_probes(probes), gallery, self._coefficients))

    def prepare_probes(self, probes: Vectors | Prepared) -> Prepared:
        """The sides of probes, which take longest where there is a cohort; see Head.

        Of few probes each is prepared by itself, whatever comes with it, and remembered: the looks of a face come again
        with each further one.
        """
        if isinstance(probes, Prepared):
            return probes
        if self.cohort is None or not 0 < len(probes) <= _FEW:
            return prepare_sides(self._sides(probes), self._coefficients)
        sides = [self._remembered(row) for row in np.ascontiguousarray(probes, np.float32)[:, np.newaxis]]
        return sides[0] if len(sides) == 1 else Prepared.joined(sides)

    def _remembered(self, probe: Vectors) -> Prepared:
        key = probe.tobytes()
        side = self._recent.get(key)
        if side is None:
            side = self._recent[key] = prepare_sides(self._sides(probe), self._coefficients)
            if len(self._recent) > _REMEMBERED:
                self._recent.pop(next(iter(self._recent)), None)
        return side

    def score_strangers(self, gallery: Prepared) -> tuple[Scores, ...]:
        """Scores of imagined strangers; see Head."""
        return tuple(sigmoid(logits_with(gallery, kind, self._coefficients)).T for kind in self._strangers)

    def best_of_strangers(self, gallery: Prepared) -> tuple[Scores, ...]:
        """The same, whose logistic function is needed of the best only; see Head."""
        starts = range(0, len(gallery), _STRANGERS_AT_ONCE)
        parts = [gallery.of(slice(start, start + _STRANGERS_AT_ONCE)) for start in starts]
        return tuple(
            sigmoid(np.max([logits_with(part, kind, self._coefficients).max(axis=0) for part in parts], axis=0))
            for kind in self._strangers
        )

    @property
    def nearest_of_imagined(self) -> tuple[Nearest, ...]:
        """What the reference scores with imagined strangers, of each kind of picture; nothing without a cohort."""
        return tuple(strangers.nearest for strangers in self._imagined if strangers.nearest)

    def knows_quality(self, vectors: Vectors) -> NDArray[np.bool_]:
        """Whose vectors are not shorter than nearly all that were trained on; see Head."""
        if self.cohort is None:
            return super().knows_quality(vectors)
        return np.asarray(np.linalg.norm(vectors, axis=1) >= np.exp(self._plain.length_range[0]))

    @cached_property
    def _project(self) -> Projection:
        return self._plain.with_cohort(self.cohort)

    @cached_property
    def _imagined(self) -> tuple[Sides, ...]:
        kinds = self.cohort.imagined() if self.cohort else ()
        return tuple(map(self._imagine, kinds, self._found_before or (None,) * len(kinds)))

    @cached_property
    def _strangers(self) -> tuple[Prepared, ...]:
        return tuple(prepare_sides(kind, self._coefficients) for kind in self._imagined)

    def _imagine(self, strangers: Vectors, found_before: Nearest | None) -> Sides:
        """The sides of strangers; what was found before of them is taken where it fits the first ones."""
        few = slice(0, _CHECKED)
        now = self._project(strangers[few]).nearest
        if found_before is None or now is None or not found_before.of(few).is_close(now):
            return self._project(strangers)
        return replace(self._plain(strangers), nearest=found_before)

    def score_pairs(self, a: Vectors, b: Vectors) -> Scores:
        """Scores of pairs; see Head."""
        return sigmoid(pair_features(self._sides(a), self._sides(b)) @ self._coefficients)

    def _sides(self, vectors: Vectors) -> Sides:
        return self._project(checked_vectors(vectors, len(self._plain.mean)))


def _split(vectors: Vectors, at_once: int) -> Iterator[Vectors]:
    return (vectors[start : start + at_once] for start in range(0, len(vectors), at_once))


def all_logits(a: Sides, b: Sides, coefficients: _Floats) -> _Floats:
    """The logits (m, n) of every side a with every side b; `coefficients` (5,) are those of COEFFICIENTS."""
    return logits_with(prepare_sides(a, coefficients), prepare_sides(b, coefficients), coefficients)


def prepare_sides(sides: Sides, coefficients: _Floats) -> Prepared:
    """What each of n sides brings to a logit: `projected` (n, k), then (n,) each its `length`, the part of the sum that
    it makes alone and, where there is a cohort, its `own` and the two `scales` of what is nearest to it.
    """
    _, _, own, length, _ = coefficients
    arrays = (sides.projected, sides.length, own * sides.own + length * sides.length)
    return Prepared((*arrays, sides.own, *sides.nearest.scales) if sides.nearest else arrays)


def logits_with(a: Prepared, b: Prepared, coefficients: _Floats) -> _Floats:
    """The logits (m, n) of every prepared side a with every prepared side b."""
    bias, product, _, _, longer = coefficients
    projected, length, alone, *normal = a.arrays
    their_projected, their_length, their_alone, *their_normal = b.arrays
    logits: _Floats = projected @ their_projected.T
    if normal and their_normal:
        (own, *scales), (their_own, *their_scales) = normal, their_normal
        logits += own[:, np.newaxis]
        logits += their_own
        normalise_all(logits, (scales[0], scales[1]), (their_scales[0], their_scales[1]))
    weights = length[:, np.newaxis] + their_length
    weights *= longer
    weights += product
    logits *= weights
    logits += (bias + alone)[:, np.newaxis]
    logits += their_alone
    return logits


def _lengths(vectors: Vectors) -> _Floats:
    """The lengths (n,) of vectors (n, d), none of them 0."""
    lengths = np.sqrt(np.einsum("nd,nd->n", vectors, vectors))
    return np.asarray(np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)


def _nearest(sides: Sides, reference: Sides, groups: Groups) -> Nearest:
    """What the sides of a reference score that are nearest to each of the `sides`."""
    others, own = reference.projected.T, reference.own

    def score(rows: slice) -> _Floats:
        scores = sides.projected[rows] @ others
        scores += own
        return scores

    nearest = find_nearest(len(sides.own), groups, score)
    return Nearest(nearest.mean + sides.own, nearest.deviation)


def pair_features(a: Sides, b: Sides) -> _Floats:
    """What the coefficients weigh, float32 (n, 5), of pairs of sides a[i], b[i]."""
    product, own = np.einsum("nk,nk->n", a.projected, b.projected), a.own + b.own
    if a.nearest is not None and b.nearest is not None:
        product, own = normalise_pairs(product + own, a.nearest, b.nearest), np.zeros_like(own)
    length = a.length + b.length
    return np.stack([np.ones_like(product), product, own, length, product * length], axis=1)


def read_plda_head(folder: Path, spec: HeadSpec) -> PldaHead:
    """The head of head.npz, and its cohort where it was trained with one.

    Raises ArtefactError when arrays are missing, do not fit each other, or are not finite.
    """
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
    centre = arrays.get("centre", np.zeros_like(mean))
    if not all(np.isfinite(arrays[name]).all() for name in names) or not np.isfinite(centre).all():
        raise ArtefactError(f"{path}: numbers that are not finite; train the head again")
    cohort = read_cohort(folder) if "centre" in arrays else None
    fits = centre.shape == mean.shape and (cohort is None or np.array_equal(cohort.prior, centre))
    if not fits or (cohort is None) != ("centre" not in arrays):
        raise ArtefactError(f"{folder}: its cohort is missing or does not fit; train the head again")
    projected = Projection(mean, projection, curvature, length_range, centre)
    if cohort is None:
        return PldaHead(spec, projected, coefficients)
    tail, imagined = _read_tail(path, arrays), read_imagined(folder)
    return PldaHead(spec, projected, coefficients, cohort=cohort, tail=tail, imagined=imagined)


def _read_tail(path: Path, arrays: dict[str, _Floats]) -> _Floats:
    tail = arrays.get("tail", np.empty(0, np.float32))
    falling = tail.ndim == 2 and tail.shape[1:] == (2,) and len(tail) > 1 and bool((np.diff(tail, axis=0) < 0).all())
    if not falling or not ((tail > 0) & (tail < 1)).all():
        raise ArtefactError(f"{path}: tail is not of falling rates; train the head again")
    return tail
