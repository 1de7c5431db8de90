"""Pairs to learn from, drawn by their numbers: no list of them is ever made."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.training.heads.feature_table import FeatureTable
from twinface.types import Scores, Vectors

Rows = NDArray[np.int64]

_EPOCH_STRIDE = 7919
"""A prime: drawn pairs move on by so many from epoch to epoch."""

_MOST_MEASURED = 50_000
_MEASURED_AT_ONCE = 4096


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """Rows of a table, `first` and `second`, both int64 (n,), and whether they are of the `same` person, bool (n,)."""

    first: Rows
    second: Rows
    same: NDArray[np.bool_]

    def split(self, batch: int) -> Iterator["Pairs"]:
        """The same pairs, `batch` at a time."""
        for start in range(0, len(self.same), batch):
            rows = slice(start, start + batch)
            yield Pairs(self.first[rows], self.second[rows], self.same[rows])


class PairSampler:
    """Draws all pairs of the same person, and `negatives` times as many of different people, in batches.

    Of a person with many pictures, no more pairs than that a picture is in `pairs_per_image` of them on average: others
    in each epoch.
    """

    def __init__(self, table: FeatureTable, negatives: float, pairs_per_image: int | None = None) -> None:
        counts = table.counts
        self._starts, self._counts = table.starts, counts
        self._people = np.repeat(np.arange(len(counts)), counts)
        self._all = counts * (counts - 1) // 2
        self._drawn = self._all if pairs_per_image is None else np.minimum(self._all, counts * pairs_per_image // 2)
        self._ends = np.cumsum(self._drawn)
        self._negatives = negatives

    @property
    def positives(self) -> int:
        """How many pairs of the same person there are."""
        return int(self._ends[-1]) if len(self._ends) else 0

    def count_batches(self, batch: int) -> int:
        """How many batches of about `batch` pairs an epoch has."""
        return math.ceil(self.positives / self._positives_in(batch))

    def draw(self, batch: int, index: int, seed: int, epoch: int) -> Pairs:
        """Batch number `index` of an epoch, in which each pair of the same person comes once, the others at random.

        The order is a walk through the pairs' numbers with a random stride that shares no factor with their count: each
        comes once, from all over the table, and nothing has to be stored.
        """
        total, size = self.positives, self._positives_in(batch)
        walk = np.random.default_rng((seed, epoch))
        stride, offset = _coprime_below(total, walk), int(walk.integers(total))
        places = np.arange(index * size, min((index + 1) * size, total), dtype=np.int64)
        rng = np.random.default_rng((seed, epoch, index))
        positive = self.same_person((places * stride + offset) % total, epoch)
        negative = self.different_people(round(len(places) * self._negatives), rng)
        order = rng.permutation(len(places) + len(negative[0]))
        return Pairs(
            np.concatenate([positive[0], negative[0]])[order],
            np.concatenate([positive[1], negative[1]])[order],
            order < len(places),
        )

    def sample(self, most: int, seed: int) -> Pairs:
        """Up to `most` pairs of the same person, from all over, and `most` of different people, to measure on."""
        places = np.linspace(0, self.positives - 1, min(most, self.positives)).astype(np.int64)
        positive = self.same_person(places)
        negative = self.different_people(most, np.random.default_rng(seed))
        return Pairs(
            np.concatenate([positive[0], negative[0]]),
            np.concatenate([positive[1], negative[1]]),
            np.arange(len(places) + len(negative[0])) < len(places),
        )

    def same_person(self, numbers: Rows, epoch: int = 0) -> tuple[Rows, Rows]:
        """Pairs by their numbers, 0 … positives - 1: person after person, in each (0, 1), (0, 2), (1, 2), (0, 3), …

        Where not all are drawn, they lie evenly among all, and elsewhere in each epoch.
        """
        people = np.searchsorted(self._ends, numbers, side="right")
        within = numbers - np.where(people > 0, self._ends[people - 1], 0)
        every, drawn = self._all[people], self._drawn[people]
        within = (within * every // drawn + epoch * _EPOCH_STRIDE) % every
        second = ((1 + np.sqrt(1 + 8 * within.astype(np.float64))) / 2).astype(np.int64)
        second -= second * (second - 1) // 2 > within
        second += second * (second + 1) // 2 <= within
        first = within - second * (second - 1) // 2
        return self._starts[people] + first, self._starts[people] + second

    def different_people(self, count: int, rng: np.random.Generator) -> tuple[Rows, Rows]:
        """Random pairs of different people: a row of anybody, and one out of all those of others; none of one alone."""
        total = len(self._people)
        count = count if len(self._counts) > 1 else 0
        first = rng.integers(total, size=count)
        start, own = self._starts[self._people[first]], self._counts[self._people[first]]
        second = (rng.random(count) * (total - own)).astype(np.int64)
        return first, second + np.where(second >= start, own, 0)

    def _positives_in(self, batch: int) -> int:
        return max(1, round(batch / (1 + self._negatives)))


def _coprime_below(total: int, rng: np.random.Generator) -> int:
    """A random stride that visits every number below `total`."""
    while True:
        stride = int(rng.integers(1, total + 1))
        if math.gcd(stride, total) == 1:
            return stride


def score_pairs_of(
    table: FeatureTable, pairs: Pairs, score: Callable[[Vectors, Vectors], Scores]
) -> NDArray[np.float32]:
    """Scores (n,) of pairs of a table's pictures, a few thousand at a time."""
    parts = [score(table.vectors[part.first], table.vectors[part.second]) for part in pairs.split(_MEASURED_AT_ONCE)]
    return np.concatenate(parts)


def pairs_to_measure(table: FeatureTable, seed: int) -> Pairs:
    """Pairs of both kinds, each once: a pair counted twice would pass for more evidence than it is."""
    drawn = PairSampler(table, negatives=1.0).sample(_MOST_MEASURED, seed)
    lower, upper = np.minimum(drawn.first, drawn.second), np.maximum(drawn.first, drawn.second)
    places = np.sort(np.unique(lower * len(table.vectors) + upper, return_index=True)[1])
    return Pairs(drawn.first[places], drawn.second[places], drawn.same[places])
