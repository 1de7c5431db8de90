"""Scores that mean the same for everybody: how like strangers each side of a pair is anyway.

Adaptive symmetric normalisation (S-norm), as in speaker verification: from a pair's score is taken what its sides score
with those of a cohort that are nearest to them, and it is told in their deviations (Auckenthaler, Carey, Lloyd-Thomas:
Score normalization for text-independent speaker verification systems, 2000; Matějka et al.: Analysis of score
normalization in multilingual speaker recognition, Interspeech 2017). Somebody who looks like many needs a higher score
than somebody who looks like few, whatever group of people, or kind of picture, makes it so.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float32]

NEAREST = 200
"""So many of the cohort, those that score highest, tell how high the scores of strangers like them are."""

_AT_ONCE = 64
_LEAST_DEVIATION = 1e-3
_ROUNDED = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """Of each side, the `mean` and `deviation` of its scores with the nearest of a cohort, float32 (n,)."""

    mean: _Floats
    deviation: _Floats

    def of(self, rows: NDArray[np.int64] | slice) -> "Nearest":
        """Those of some of the sides, in the order given."""
        return Nearest(self.mean[rows], self.deviation[rows])

    @classmethod
    def joined(cls, parts: Sequence["Nearest"]) -> "Nearest":
        """Those of all parts, in their order."""
        return cls(np.concatenate([part.mean for part in parts]), np.concatenate([part.deviation for part in parts]))

    def is_close(self, other: "Nearest") -> bool:
        """Whether these are of the same sides, but for what rounding makes of them."""
        return all(
            np.allclose(ours, theirs, rtol=_ROUNDED, atol=_ROUNDED)
            for ours, theirs in ((self.mean, other.mean), (self.deviation, other.deviation))
        )


def find_nearest(count: int, score: Callable[[slice], _Floats]) -> Nearest:
    """The nearest of `count` sides; `score` gives the scores (m, cohort) of some of them, which may be overwritten."""
    means, deviations = np.empty(count, np.float32), np.empty(count, np.float32)
    for start in range(0, count, _AT_ONCE):
        rows = slice(start, min(count, start + _AT_ONCE))
        scores = score(rows)
        nearest = min(NEAREST, scores.shape[1])
        scores.partition(scores.shape[1] - nearest, axis=1)
        best = scores[:, -nearest:]
        means[rows] = best.mean(axis=1)
        best -= means[rows, np.newaxis]
        deviations[rows] = np.sqrt(np.einsum("nk,nk->n", best, best) / np.float32(nearest))
    return Nearest(means, np.maximum(deviations, np.float32(_LEAST_DEVIATION)))


def normalise_pairs(scores: _Floats, a: Nearest, b: Nearest) -> _Floats:
    """The normalised scores (n,) of pairs of sides a[i], b[i]."""
    return np.asarray(((scores - a.mean) / a.deviation + (scores - b.mean) / b.deviation) / 2, np.float32)


def normalise_all(scores: _Floats, a: Nearest, b: Nearest) -> _Floats:
    """The normalised scores (m, n) of every side a with every side b; `scores` (m, n) is overwritten."""
    ours, theirs = np.float32(0.5) / a.deviation[:, np.newaxis], np.float32(0.5) / b.deviation
    scores *= ours + theirs
    scores -= a.mean[:, np.newaxis] * ours
    scores -= b.mean * theirs
    return scores
