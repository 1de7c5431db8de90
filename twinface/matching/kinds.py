"""Vectors of one kind of picture told as if they were of no kind in particular."""

import numpy as np
from numpy.typing import NDArray

from twinface.matching.vectors import normalised
from twinface.types import Vectors


def adjust(vectors: Vectors, average: NDArray[np.float32], prior: NDArray[np.float32]) -> Vectors:
    """Vectors, float32 (n, d), of a source whose average unit vector is `average` (d,), or (n, d), one for each, as if
    it were `prior` (d,). They stay as long as they are, since lengths tell how good a picture is.
    """
    shift = prior - average
    if not shift.any():
        return vectors
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(lengths * normalised(normalised(vectors) + shift), np.float32)


def centre(vectors: Vectors, prior: NDArray[np.float32]) -> Vectors:
    """What is left of vectors (n, d) when `prior` (d,) is taken off their directions; they stay as long as they are."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(lengths * normalised(normalised(vectors) - prior), np.float32)
