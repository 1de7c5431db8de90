"""Who of the strangers a face is: leader clustering, one pass, by the cosine of templates."""

from collections.abc import Mapping

import numpy as np

from twinface.matching.vectors import fuse, normalised
from twinface.types import Vectors

SAME_STRANGER_COSINE = 0.5
"""Of the templates of two visits of one person, at least. What it mixes and splits: docs/decisions/strangers.md."""


def nearest_stranger(vectors: Vectors, strangers: Mapping[int, Vectors]) -> int | None:
    """Which of the `strangers`, by number their vectors (n, d), the `vectors` (m, d) of a track show; None for none."""
    if not strangers:
        return None
    numbers = list(strangers)
    templates = normalised(np.stack([fuse(strangers[number]) for number in numbers]))
    cosines = templates @ normalised(fuse(vectors)[np.newaxis])[0]
    best = int(cosines.argmax())
    return numbers[best] if cosines[best] >= SAME_STRANGER_COSINE else None
