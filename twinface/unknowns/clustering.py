"""Which unknown visitor a face is: leader clustering, one pass, by the cosine of templates."""

from collections.abc import Mapping

import numpy as np

from twinface.matching.vectors import fuse, normalised
from twinface.types import Vectors

SAME_UNKNOWN_COSINE = 0.5
"""Of the templates of two visits of one person, at least. What it mixes and splits: docs/decisions/unknowns.md."""


def nearest_unknown(vectors: Vectors, unknowns: Mapping[int, Vectors]) -> int | None:
    """Which of the `unknowns`, by number their vectors (n, d), the `vectors` (m, d) of a track show; None for none."""
    if not unknowns:
        return None
    numbers = list(unknowns)
    templates = normalised(np.stack([fuse(unknowns[number]) for number in numbers]))
    cosines = templates @ normalised(fuse(vectors)[np.newaxis])[0]
    best = int(cosines.argmax())
    return numbers[best] if cosines[best] >= SAME_UNKNOWN_COSINE else None
