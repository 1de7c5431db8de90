"""Vectors as heads take them: checked, of length 1, relative to the average of their source, fused to a template."""

import math

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError
from twinface.types import Vectors

_TINY = np.array(np.finfo(np.float32).tiny)
_LEAST_SQUARE = 1e-30


def checked_vectors(vectors: Vectors, dimension: int | None = None) -> Vectors:
    """The vectors as contiguous float32 (n, d).

    Raises ArtefactError when they are not (n, `dimension`), or hold something that is not a finite number.
    """
    if vectors.ndim != 2 or (dimension is not None and len(vectors) and vectors.shape[1] != dimension):
        raise ArtefactError(
            f"vectors of shape {vectors.shape}, expected (n, {dimension or 'd'}); "
            "make gallery, features and head with the same network"
        )
    # The sum of their squares is finite where all of them are, but for numbers so large that it overflows.
    flat = vectors.reshape(-1)
    if not math.isfinite(np.vdot(flat, flat)) and not np.isfinite(vectors).all():
        raise ArtefactError("vectors that are not finite numbers; check the network and make the vectors again")
    return np.ascontiguousarray(vectors, dtype=np.float32)


def normalised(vectors: Vectors) -> Vectors:
    """Rows of length 1; a row of zeros stays one."""
    # As np.linalg.norm, in half the time.
    lengths: Vectors = np.sqrt(np.add.reduce(vectors * vectors, axis=1, keepdims=True))
    np.maximum(lengths, _TINY, out=lengths)
    unit: Vectors = vectors / lengths
    return unit


def checked_unit_vectors(vectors: Vectors, dimension: int | None = None) -> Vectors:
    """As `normalised(checked_vectors(vectors, dimension))`, in half the time for a single vector, (1, d)."""
    if vectors.shape == (1, dimension) and vectors.dtype == np.float32:
        square = float(np.vdot(vectors, vectors))
        if _LEAST_SQUARE < square < math.inf:
            return vectors * (1.0 / math.sqrt(square))
    return normalised(checked_vectors(vectors, dimension))


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


def fuse(vectors: Vectors, weights: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """The template, float32 (d,), of vectors (n, d) of one person, which count as much as their `weights` (n,) say:
    their mean direction, less long the more they disagree, at their mean length.

    Averaging before comparing is what a model of several pictures comes to in PLDA where these are few and alike
    (Rajan, Afanasyev, Hautamäki, Kinnunen: From single to multiple enrollment i-vectors, 2014); pictures that disagree
    lose length, and a head which reads lengths trusts them less.
    """
    direction = np.average(normalised(vectors), axis=0, weights=weights)
    length = np.average(np.linalg.norm(vectors, axis=1), weights=weights)
    return np.asarray(direction * length, np.float32)
