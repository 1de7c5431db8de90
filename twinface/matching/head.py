"""What every head does: say from two vectors, 0…1, whether they are of the same person. The simplest one is here."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from twinface.matching.cohort import Cohort
from twinface.matching.head_spec import HeadSpec, LogisticScale
from twinface.matching.vectors import checked_unit_vectors, checked_vectors, normalised
from twinface.types import Scorer, Scores, Vectors

_MOST_LOGIT = 60.0
_LEAST_LOGIT, _ONE = np.array(-_MOST_LOGIT, np.float32), np.array(1.0, np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """What a head keeps of n gallery vectors, so that no probe has to wait for it: float32 arrays (n, ...), row i of
    each is of vector i. Rows are of one vector each: those of other vectors do not change them.
    """

    arrays: tuple[NDArray[np.float32], ...]

    def __len__(self) -> int:
        return len(self.arrays[0])

    def of(self, rows: slice | NDArray[np.int64]) -> Self:
        """Some rows, in the order given."""
        return type(self)(tuple(array[rows] for array in self.arrays))

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """All rows of some parts, one at least, in their order."""
        return cls(tuple(np.concatenate(arrays) for arrays in zip(*(part.arrays for part in parts), strict=True)))


class Head(ABC):
    """The similarity of two faces. `spec` is what head.json says of it; `cohort` are the strangers it normalises
    by, and `tail` how much less alike these are than real ones (`matching.threshold`).
    """

    spec: HeadSpec
    cohort: Cohort | None = None
    tail: NDArray[np.float32] | None = None

    @abstractmethod
    def prepare_gallery(self, gallery: Vectors) -> Prepared:
        """What is kept of gallery vectors (n, d): all that need not be done again for every probe.

        It and the methods below raise ArtefactError for vectors of another length, or that are not finite.
        """

    @abstractmethod
    def score_prepared(self, probes: Any, gallery: Prepared) -> Scores:
        """Scores (m, n) of probes (m, d), or what `prepare_probes` made of them, with the n vectors of a gallery."""

    def prepare(self, gallery: Vectors) -> Scorer:
        """A scorer against gallery vectors (n, d)."""
        rows = self.prepare_gallery(gallery)
        return lambda probes: self.score_prepared(probes, rows)

    def prepare_probes(self, probes: Vectors) -> Any:
        """What scorers that this head prepared take in the place of probes (m, d); saves time where there are many."""
        return probes

    def score_strangers(self, gallery: Prepared) -> tuple[Scores, ...]:
        """Scores (m, n) of strangers that the cohort imagines, of each kind of picture, with n prepared vectors.

        None without a cohort. They are the same strangers each time.
        """
        del gallery
        return ()

    def best_of_strangers(self, gallery: Prepared) -> tuple[Scores, ...]:
        """The best score (m,) of each of those strangers with any of n prepared vectors, one at least."""
        return tuple(np.asarray(scores.max(axis=1)) for scores in self.score_strangers(gallery))

    def knows_quality(self, vectors: Vectors) -> NDArray[np.bool_]:
        """Which of the vectors (n, d) are of pictures no poorer than those that scores are known for, (n,).

        Networks give blurred faces, and what is no face, shorter vectors. Without a cohort all are.
        """
        return np.ones(len(vectors), np.bool_)

    @abstractmethod
    def score_pairs(self, a: Vectors, b: Vectors) -> Scores:
        """Scores (n,) of the pairs a[i], b[i], both (n, d)."""

    def score(self, probe: NDArray[np.float32], gallery: Vectors) -> Scores:
        """Scores (n,) of one probe (d,) against gallery vectors (n, d)."""
        scores: Scores = self.prepare(gallery)(probe[np.newaxis])[0]
        return scores


def sigmoid(logits: NDArray[np.float32]) -> Scores:
    """The logistic function, without overflow."""
    powers = np.maximum(logits, _LEAST_LOGIT)
    return _sigmoid_of_negative(np.negative(powers, powers)).astype(np.float32, copy=False)


def _sigmoid_of_negative(powers: NDArray[np.float32]) -> Scores:
    """1 / (1 + e to the `powers`), which are overwritten, and small enough not to overflow."""
    np.exp(powers, powers)
    np.add(powers, _ONE, powers)
    return np.reciprocal(powers, powers)


class MetricHead(Head):
    """Cosine, with nothing to train: score = sigmoid(slope · (cosine - offset)).

    One matrix product for all probes and the whole gallery.
    """

    def __init__(self, spec: HeadSpec, scale: LogisticScale) -> None:
        self.spec = spec
        # As arrays, which a step of numpy takes as they are.
        self._slope, self._offset = (np.array(one, np.float32) for one in (scale.slope, scale.offset))
        self._negative_slope = -self._slope
        self._cannot_overflow = abs(scale.slope) * (1.01 + abs(scale.offset)) < _MOST_LOGIT

    def prepare_gallery(self, gallery: Vectors) -> Prepared:
        """The gallery's vectors, of length 1; see Head."""
        return Prepared((normalised(checked_vectors(gallery)),))

    def score_prepared(self, probes: Any, gallery: Prepared) -> Scores:
        """The logistic function of cosines; see Head."""
        (others,) = gallery.arrays
        unit = checked_unit_vectors(probes, others.shape[1] if others.size else None)
        if not others.size:
            return unit[:, :0]
        logits = unit @ others.T
        np.subtract(logits, self._offset, logits)
        if not self._cannot_overflow:
            return sigmoid(np.multiply(logits, self._slope, logits))
        return _sigmoid_of_negative(np.multiply(logits, self._negative_slope, logits))

    def score_pairs(self, a: Vectors, b: Vectors) -> Scores:
        """Scores of pairs; see Head."""
        unit_a, unit_b = normalised(checked_vectors(a)), normalised(checked_vectors(b, a.shape[1]))
        cosines = (unit_a * unit_b).sum(axis=1)
        return sigmoid(self._slope * (cosines - self._offset))
