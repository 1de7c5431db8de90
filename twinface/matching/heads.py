"""What every head does: say from two vectors, 0…1, whether they are of the same person. The simplest one is here."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.matching.cohort import Cohort
from twinface.matching.spec import HeadSpec, LogisticScale
from twinface.matching.vectors import checked_vectors, normalised
from twinface.types import Vectors

Scores = NDArray[np.float32]
"""0 (different people) … 1 (the same person), float32."""

Scorer = Callable[[Any], Scores]
"""Probes (m, d), or what `Head.tell` made of them, in, scores (m, n) against the n vectors it was prepared for out."""


class Head(ABC):
    """The similarity of two faces. `spec` is what head.json says of it; `cohort` are the strangers it normalises
    by, and `tail` how much less alike these are than real ones (`matching.threshold`).
    """

    spec: HeadSpec
    cohort: Cohort | None = None
    tail: NDArray[np.float32] | None = None

    @abstractmethod
    def prepare(self, gallery: Vectors) -> Scorer:
        """A scorer against gallery vectors (n, d), which does once what need not be done for every probe.

        It and the two methods below raise ArtefactError for vectors of another length, or that are not finite.
        """

    def tell(self, probes: Vectors) -> Any:
        """What scorers that this head prepared take in the place of probes (m, d); saves time where there are many."""
        return probes

    def score_strangers(self, gallery: Vectors) -> tuple[Scores, ...]:
        """Scores (m, n) of strangers that the cohort imagines, of each kind of picture, with gallery vectors (n, d).

        None without a cohort. They are the same strangers each time.
        """
        del gallery
        return ()

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
    powers = np.maximum(np.minimum(logits, 60.0), -60.0)
    np.exp(np.negative(powers, out=powers), out=powers)
    powers += 1.0
    return np.divide(1.0, powers, out=powers).astype(np.float32, copy=False)


class MetricHead(Head):
    """Cosine, with nothing to train: score = sigmoid(slope · (cosine - offset)).

    One matrix product for all probes and the whole gallery.
    """

    def __init__(self, spec: HeadSpec, scale: LogisticScale) -> None:
        self.spec = spec
        self._slope, self._offset = scale.slope, scale.offset

    def prepare(self, gallery: Vectors) -> Scorer:
        """A scorer that keeps the gallery normalised; see Head."""
        columns = normalised(checked_vectors(gallery)).T

        def score(probes: Vectors) -> Scores:
            unit = normalised(checked_vectors(probes, columns.shape[0] if columns.size else None))
            if not columns.size:
                return unit[:, :0]
            return sigmoid(self._slope * (unit @ columns - self._offset))

        return score

    def score_pairs(self, a: Vectors, b: Vectors) -> Scores:
        """Scores of pairs; see Head."""
        unit_a, unit_b = normalised(checked_vectors(a)), normalised(checked_vectors(b, a.shape[1]))
        cosines = (unit_a * unit_b).sum(axis=1)
        return sigmoid(self._slope * (cosines - self._offset))
