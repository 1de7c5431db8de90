"""The protocol of folds: the threshold is chosen on all folds but one, and the accuracy is that of the one.

It is "view 2" of Huang, Ramesh, Berg, Learned-Miller: Labeled Faces in the Wild, 2007.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FOLDS = 10


@dataclass(frozen=True, slots=True, eq=False)
class FoldedAccuracy:
    """`accuracies`, 0…1, and `thresholds` of each fold, float64 (folds,); `right` (n,): the pairs decided rightly."""

    accuracies: NDArray[np.float64]
    thresholds: NDArray[np.float64]
    right: NDArray[np.bool_]


def fold_numbers(same: NDArray[np.bool_], folds: int | None) -> NDArray[np.intp]:
    """The fold of each pair (n,).

    With `folds` the pairs are cut into so many equal parts, one after the other. Else ten are made, fewer where there
    are fewer pairs of a kind: pairs of the same and of different people are each cut into parts in their order, so that
    every fold has its share of both. Raises ValueError when that leaves less than two.
    """
    if folds is not None:
        return np.arange(len(same)) * folds // len(same)
    kinds = np.flatnonzero(same), np.flatnonzero(~same)
    count = min(FOLDS, *(len(kind) for kind in kinds))
    if count < 2:
        raise ValueError("same: expected at least two pairs of each kind")
    numbers = np.empty(len(same), np.intp)
    for kind in kinds:
        numbers[kind] = np.arange(len(kind)) * count // len(kind)
    return numbers


def folded_accuracy(scores: NDArray[np.floating], same: NDArray[np.bool_], fold: NDArray[np.intp]) -> FoldedAccuracy:
    """The accuracy of each fold of pairs with scores (n,), higher is more alike; -inf is always decided "different"."""
    folds = np.unique(fold)
    accuracies, thresholds = np.empty(len(folds)), np.empty(len(folds))
    right = np.empty(len(scores), np.bool_)
    for place, number in enumerate(folds):
        held_out = fold == number
        thresholds[place] = best_threshold(scores[~held_out], same[~held_out])
        right[held_out] = (scores[held_out] >= thresholds[place]) == same[held_out]
        accuracies[place] = right[held_out].mean()
    return FoldedAccuracy(accuracies, thresholds, right)


def best_threshold(scores: NDArray[np.floating], same: NDArray[np.bool_]) -> float:
    """The score from which on pairs are decided "same" so that most are decided rightly.

    It lies halfway between two scores; of several that are as good it is the middle one. Pairs of -inf do not move it.
    """
    compared = np.isfinite(scores)
    order = np.argsort(scores[compared], kind="stable")
    ascending = scores[compared][order].astype(np.float64)
    sign = np.where(same[compared][order], 1, -1)
    if not ascending.size:
        return 0.0
    # lost[k]: what deciding the k lowest "different" costs; a cut is allowed only between scores that differ.
    lost = np.concatenate([[0], np.cumsum(sign)])
    allowed = np.concatenate([[True], ascending[1:] > ascending[:-1], [True]])
    best = np.flatnonzero(allowed & (lost == lost[allowed].min()))
    place = best[len(best) // 2]
    edges = np.concatenate([[np.nextafter(ascending[0], -np.inf)], ascending, [np.nextafter(ascending[-1], np.inf)]])
    if place in {0, len(ascending)}:
        return float(edges[place if place == 0 else -1])
    return float((edges[place] + edges[place + 1]) / 2)
