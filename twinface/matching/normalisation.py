"""Scores that mean the same for everybody: how like strangers each side of a pair is anyway.

Adaptive symmetric normalisation (S-norm), as in speaker verification: from a pair's score is taken what its sides score
with those of a cohort that are nearest to them, and it is measured in their deviations (Auckenthaler, Carey,
Lloyd-Thomas: Score normalization for text-independent speaker verification systems, 2000; Matějka et al.: Analysis of
score normalization in multilingual speaker recognition, Interspeech 2017). Somebody who looks like many needs a higher
score than somebody who looks like few, whatever group of people, or kind of picture, makes it so.

The nearest are sought within each group of the cohort, and the groups most like a face decide. Were they sought among
everybody, a face whose likes are all of one group would be allowed as many false accepts as one whose likes are spread
over several, and within groups that are apart they would be several times as frequent.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float32]

NEAREST_SHARE = 0.2
"""Of a group of the cohort, those that score highest show how high the scores of strangers like them are."""

SHARPNESS = 0.5
"""A group counts e times as much as one whose nearest score 1 / SHARPNESS less."""

POSED_BEHIND = 3.0
"""By how much nearer the nearest of posed pictures have to be to count as much as those of everyday ones."""

_AT_ONCE = 64
_LEAST_DEVIATION = 1e-3
_ROUNDED = 1e-3


@dataclass(frozen=True, slots=True)
class Groups:
    """How a cohort is laid out: `everyday` groups of `size` faces each, then `posed` ones of `posed_size` each."""

    everyday: int
    size: int
    posed: int
    posed_size: int

    def split(self, scores: _Floats) -> tuple[_Floats, _Floats]:
        """Views of scores (m, cohort): those with everyday groups (m, everyday, size), and with posed ones."""
        first = self.everyday * self.size
        everyday = scores[:, :first].reshape(len(scores), self.everyday, self.size)
        return everyday, scores[:, first:].reshape(len(scores), self.posed, self.posed_size)


@dataclass(frozen=True, slots=True, eq=False)
class Nearest:
    """Of each side, the `mean` and `deviation` of its scores with the nearest of a cohort, float32 (n,)."""

    mean: _Floats
    deviation: _Floats

    @property
    def scales(self) -> tuple[_Floats, _Floats]:
        """What `normalise_all` takes of each side: half the inverse of its deviation, and its mean in that, (n,)."""
        half = np.float32(0.5) / self.deviation
        return half, self.mean * half

    def of(self, rows: NDArray[np.int64] | slice) -> "Nearest":
        """Those of some of the sides, in the order given."""
        return Nearest(self.mean[rows], self.deviation[rows])

    def is_close(self, other: "Nearest") -> bool:
        """Whether these are of the same sides, but for what rounding makes of them."""
        return all(
            np.allclose(ours, theirs, rtol=_ROUNDED, atol=_ROUNDED)
            for ours, theirs in ((self.mean, other.mean), (self.deviation, other.deviation))
        )


def find_nearest(count: int, groups: Groups, score: Callable[[slice], _Floats]) -> Nearest:
    """The nearest of `count` sides; `score` gives the scores (m, cohort) of some of them, which may be overwritten."""
    means, deviations = np.empty(count, np.float32), np.empty(count, np.float32)
    behind = np.repeat(np.array([0.0, POSED_BEHIND], np.float32), [groups.everyday, groups.posed])
    for start in range(0, count, _AT_ONCE):
        rows = slice(start, min(count, start + _AT_ONCE))
        best = [_highest(part) for part in groups.split(score(rows))]
        mean, deviation = (np.concatenate(parts, axis=1) for parts in zip(*best, strict=True))
        likeness = SHARPNESS * (mean - behind)
        weights = np.exp(likeness - likeness.max(axis=1, keepdims=True))
        weights /= weights.sum(axis=1, keepdims=True)
        means[rows], deviations[rows] = (weights * mean).sum(axis=1), (weights * deviation).sum(axis=1)
    return Nearest(means, np.maximum(deviations, np.float32(_LEAST_DEVIATION)))


def _highest(scores: _Floats) -> tuple[_Floats, _Floats]:
    """Mean and deviation (m, groups) of the highest of scores (m, groups, size), which are overwritten."""
    size = scores.shape[2]
    kept = max(1, round(NEAREST_SHARE * size))
    scores.partition(size - kept, axis=2)
    best = scores[:, :, -kept:]
    mean = best.mean(axis=2)
    best -= mean[:, :, np.newaxis]
    return mean, np.sqrt(np.einsum("mgk,mgk->mg", best, best) / np.float32(kept))


def normalise_pairs(scores: _Floats, a: Nearest, b: Nearest) -> _Floats:
    """The normalised scores (n,) of pairs of sides a[i], b[i]."""
    return np.asarray(((scores - a.mean) / a.deviation + (scores - b.mean) / b.deviation) / 2, np.float32)


def normalise_all(scores: _Floats, a: tuple[_Floats, _Floats], b: tuple[_Floats, _Floats]) -> _Floats:
    """The normalised scores (m, n) of every side a with every side b, by their `Nearest.scales`; `scores` (m, n) is
    overwritten.
    """
    (ours, our_means), (theirs, their_means) = a, b
    scores *= ours[:, np.newaxis] + theirs
    scores -= our_means[:, np.newaxis]
    scores -= their_means
    return scores
