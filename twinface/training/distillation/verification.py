"""How well vectors tell people apart that were never learnt from: the figures of the progress line."""

import numpy as np
from numpy.typing import NDArray

from twinface.types import Vectors


def unit(vectors: Vectors) -> Vectors:
    """Vectors, float32 (n, d), divided by their lengths."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), np.float32)


def equal_error_rate(vectors: Vectors, people: NDArray[np.int64]) -> float:
    """The error rate, 0…1, at the threshold where as many genuine pairs are refused as impostors pass, by cosine.

    `vectors` float32 (n, d); `people` (n,) says whom each is of. Raises ValueError without genuine or impostor pairs.
    """
    vectors = unit(vectors)
    first, second = np.triu_indices(len(vectors), 1)
    scores, same = (vectors @ vectors.T)[first, second], people[first] == people[second]
    genuine, impostor = np.sort(scores[same]), np.sort(scores[~same])
    if not genuine.size or not impostor.size:
        raise ValueError("people: expected pairs of the same and of different people")
    thresholds = np.sort(scores)
    refused = np.searchsorted(genuine, thresholds) / genuine.size
    passed = 1 - np.searchsorted(impostor, thresholds) / impostor.size
    crossing = int(np.argmax(refused >= passed))
    return float((refused[crossing] + passed[crossing]) / 2)
