"""Who may be somebody, in a gallery too large for a pass over all of its numbers: the head decides on those alone.

Vectors of faces differ much along a few directions and little along most. So the likeness along the leading principal
axes, a fraction of the numbers, finds the likeliest people, and the head scores these as it scores everybody: a score
means the same, and so does a threshold. What it costs and how often the best person is among them is measured in
docs/decisions/large-galleries.md. Short vectors have no such axes: there everybody is scored, whatever the number.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.matching.vectors import normalised
from twinface.types import Vectors

PROPOSED = 2000
"""Of the enrolled vectors, those that are alike the most along the axes."""

_AXES = 160
_MOST_NUMBERS = 1 << 25
"""In a pass over all: 134 MB, some 12 ms."""

_ROUNDS = 4
_SAMPLE = 5000


@dataclass(frozen=True, slots=True, eq=False)
class Axes:
    """The `directions`, float32 (d, axes), of length 1, along which vectors differ most."""

    directions: NDArray[np.float32]

    def along(self, vectors: Vectors) -> Vectors:
        """What unit vectors of `vectors` (n, d) are along the axes, float32 (n, axes)."""
        return np.asarray(normalised(vectors) @ self.directions, np.float32)

    def likeliest(self, probe: NDArray[np.float32], along: Vectors) -> NDArray[np.int64]:
        """The rows of enrolled vectors, given `along` the axes (n, axes), that `probe` (d,) is most like, ascending."""
        likeness = along @ self.along(probe[np.newaxis])[0]
        if len(likeness) <= PROPOSED:
            return np.arange(len(likeness))
        return np.sort(np.argpartition(likeness, -PROPOSED)[-PROPOSED:])


def wants_axes(rows: int, dimension: int) -> bool:
    """Whether proposals are quicker than to score so many vectors of so many numbers."""
    return rows * dimension > _MOST_NUMBERS and dimension > 2 * _AXES


def find_axes(vectors: Sequence[NDArray[np.float32]]) -> Axes:
    """The axes of people, by the `vectors` (k, d) of each: subspace iteration (Golub and Van Loan, Matrix Computations,
    8.2) on some of them, spread evenly over all.
    """
    step = max(1, len(vectors) // _SAMPLE)
    sample = normalised(np.concatenate([one[:1] for one in vectors[::step]]))
    directions = np.random.default_rng(0).normal(size=(sample.shape[1], _AXES)).astype(np.float32)
    for _ in range(_ROUNDS):
        directions, _ = np.linalg.qr(sample.T @ (sample @ directions))
    return Axes(np.ascontiguousarray(directions, np.float32))
