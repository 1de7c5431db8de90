"""What every head does: say from two vectors, 0…1, whether they are of the same person."""

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError
from twinface.matching.spec import HeadSpec
from twinface.types import Vectors

Scores = NDArray[np.float32]
"""0 (different people) … 1 (the same person), float32."""

Scorer = Callable[[Vectors], Scores]
"""Probes (m, d) in, scores (m, n) against the n vectors it was prepared for out."""


class Head(ABC):
    """The similarity of two faces. `spec` is what head.json says of it."""

    spec: HeadSpec

    @abstractmethod
    def prepare(self, gallery: Vectors) -> Scorer:
        """A scorer against gallery vectors (n, d), which does once what need not be done for every probe.

        It and the two methods below raise ArtefactError for vectors of another length, or that are not finite.
        """

    @abstractmethod
    def score_pairs(self, a: Vectors, b: Vectors) -> Scores:
        """Scores (n,) of the pairs a[i], b[i], both (n, d)."""

    def score(self, probe: NDArray[np.float32], gallery: Vectors) -> Scores:
        """Scores (n,) of one probe (d,) against gallery vectors (n, d)."""
        scores: Scores = self.prepare(gallery)(probe[np.newaxis])[0]
        return scores


def checked_vectors(vectors: Vectors, dimension: int | None = None) -> Vectors:
    """The vectors as contiguous float32 (n, d).

    Raises ArtefactError when they are not (n, `dimension`), or hold something that is not a finite number.
    """
    if vectors.ndim != 2 or (dimension is not None and len(vectors) and vectors.shape[1] != dimension):
        raise ArtefactError(
            f"vectors of shape {vectors.shape}, expected (n, {dimension or 'd'}); "
            "make gallery, features and head with the same network"
        )
    if not np.isfinite(vectors).all():
        raise ArtefactError("vectors that are not finite numbers; check the network and make the vectors again")
    return np.ascontiguousarray(vectors, dtype=np.float32)


def normalised(vectors: Vectors) -> Vectors:
    """Rows of length 1; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Vectors = vectors / np.maximum(lengths, np.finfo(np.float32).tiny)
    return unit


def sigmoid(logits: NDArray[np.float32]) -> Scores:
    """The logistic function, without overflow."""
    return (1.0 / (1.0 + np.exp(-np.clip(logits, -60.0, 60.0)))).astype(np.float32, copy=False)
