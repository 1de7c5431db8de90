"""One vector for all the pictures of a person."""

import numpy as np
from numpy.typing import NDArray

from twinface.matching.vectors import normalised
from twinface.settings import MatchingSettings
from twinface.types import Vectors


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


def enrolled(
    vectors: Vectors, person_index: NDArray[np.int32], people: int, settings: MatchingSettings
) -> tuple[Vectors, NDArray[np.int32]]:
    """What probes are compared with, and whose it is: a template a person for the rule `template`, else all vectors.

    `vectors` (n, d) are of the people 0 … `people` - 1, who have at least one each, in their order.
    """
    if settings.rule != "template" or not people:
        return vectors, person_index
    cuts = np.searchsorted(person_index, np.arange(1, people))
    templates = np.stack([fuse(some) for some in np.split(vectors, cuts)])
    return templates, np.arange(people, dtype=np.int32)
