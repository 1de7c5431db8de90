"""How well vectors tell people apart that were never trained on."""

import numpy as np
from numpy.typing import NDArray

from twinface.evaluation.figures.verification import verification_figures
from twinface.matching.vectors import normalised
from twinface.types import Vectors


def equal_error_rate(vectors: Vectors, people: NDArray[np.int64]) -> float:
    """The equal error rate, 0…1, of all pairs of `vectors`, float32 (n, d), by cosine; `people` (n,) says of whom.

    Raises ValueError without pairs of the same or of different people.
    """
    vectors = normalised(vectors)
    first, second = np.triu_indices(len(vectors), 1)
    return verification_figures((vectors @ vectors.T)[first, second], people[first] == people[second]).eer
