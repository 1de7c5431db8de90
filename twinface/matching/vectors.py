"""Vectors as heads take them: checked, and made of length 1."""

import numpy as np

from twinface.errors import ArtefactError
from twinface.types import Vectors


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
