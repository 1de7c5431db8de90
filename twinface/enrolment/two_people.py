"""Whether pictures of one person are of two: what `gallery verify` finds, and a merge is refused for.

What it catches, and how often it is wrong, is measured in docs/decisions/enrolment-quality.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.enrolment.likeness import least_score
from twinface.matching.heads import Head
from twinface.matching.vectors import fuse, normalised
from twinface.types import Vectors

_LEAST_PICTURES = 2
"""Of each of two people; a single odd picture tells nothing."""

_MOST_ROUNDS = 20


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """What the head makes of two groups of pictures, each fused to one vector: 0…1, and what one person reaches."""

    score: float
    bound: float

    @property
    def is_one_person(self) -> bool:
        """Whether both may show the same person."""
        return self.score >= self.bound


@dataclass(frozen=True, slots=True, eq=False)
class TwoClusters:
    """A person's pictures fall into two groups that do not look like one person; `rows` are those of the smaller."""

    rows: tuple[int, ...]
    likeness: Likeness


def compare_groups(first: Vectors, second: Vectors, head: Head) -> Likeness:
    """Compare the pictures (n, d) and (m, d) of two people, or of one. Raises ArtefactError as the head does."""
    score = head.score(fuse(first), fuse(second)[np.newaxis])
    return Likeness(float(score[0]), least_score(head))


def find_two_clusters(vectors: Vectors, head: Head) -> TwoClusters | None:
    """Two people among the pictures (n, d) of one, of whom each has two at least; None where there are not.

    The pictures are cut in two where they differ most; a single one that differs from all others is left out.
    """
    rows = np.arange(len(vectors))
    while len(rows) >= 2 * _LEAST_PICTURES:
        is_second = _cut(normalised(vectors[rows]))
        first, second = sorted((rows[~is_second], rows[is_second]), key=len)
        if len(first) >= _LEAST_PICTURES:
            likeness = compare_groups(vectors[first], vectors[second], head)
            return None if likeness.is_one_person else TwoClusters(tuple(map(int, first)), likeness)
        if not len(first):
            return None
        rows = second
    return None


def _cut(unit: Vectors) -> NDArray[np.bool_]:
    """Which of the unit vectors (n, d) are of the second of two groups: 2-means, from the two that differ most."""
    ends = np.unravel_index((unit @ unit.T).argmin(), (len(unit), len(unit)))
    centres, before = unit[list(ends)], None
    is_second = np.zeros(len(unit), bool)
    for _ in range(_MOST_ROUNDS):
        is_second = (unit @ centres.T).argmax(axis=1) == 1
        if is_second.all() or not is_second.any() or (before is not None and (is_second == before).all()):
            break
        centres = normalised(np.stack([unit[~is_second].mean(axis=0), unit[is_second].mean(axis=0)]))
        before = is_second
    return is_second
