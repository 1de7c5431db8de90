"""Pairs to learn from, drawn by their numbers: no list of them is ever made; and pairs taken for one person."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.corrections.correction import Correction, CorrectionKind
from twinface.errors import InputError
from twinface.matching.vectors import fuse
from twinface.training.heads.feature_table import FeatureTable
from twinface.types import Scores, Vectors

Rows = NDArray[np.int64]

_EPOCH_STRIDE = 7919
"""A prime: drawn pairs move on by so many from epoch to epoch."""

_MOST_MEASURED = 50_000
_MEASURED_AT_ONCE = 4096

_WEIGHT = 10.0
"""Somebody chose these pairs as worth learning. A face that was rejected is one of all that were seen, and counts once:
as ten, six of them made a head worse for everybody (docs/decisions/corrections.md)."""


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


@dataclass(frozen=True, slots=True, eq=False)
class HardNegatives:
    """Pairs of two people: both sides, float32 (n, d), and as how many random pairs each counts, `weights` (n,)."""

    first: Vectors
    second: Vectors
    weights: NDArray[np.float64]

    def __add__(self, other: "HardNegatives") -> "HardNegatives":
        names = ("first", "second", "weights")
        return HardNegatives(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in names))


def read_hard_negatives(path: Path, table: FeatureTable) -> HardNegatives:
    """The pairs of a text file: a pair a line, `person/file` and a tab between them.

    Pairs of which a picture is not in the table are left out: that person is held out, or was removed since. Raises
    InputError when the file cannot be read, a line is something else, or shows one person twice.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--hard-negatives {path}: cannot be read; give a text file, a pair of pictures a line"
        ) from error
    rows = {
        f"{name}/{file}": row
        for name, start, files in zip(table.names, table.starts, table.files, strict=False)
        for row, file in enumerate(files, start=int(start))
    }
    found: list[tuple[int, int]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        pictures = line.strip().split("\t")
        if len(pictures) != 2 or not all("/" in picture for picture in pictures):
            raise InputError(f"{path}: line {number}: expected two pictures as person/file, with a tab between them")
        first, second = pictures
        if first.rpartition("/")[0] == second.rpartition("/")[0]:
            raise InputError(f"{path}: line {number}: both pictures are of one person")
        if first in rows and second in rows:
            found.append((rows[first], rows[second]))
    pairs = np.array(found, np.int64).reshape(-1, 2)
    return HardNegatives(table.vectors[pairs[:, 0]], table.vectors[pairs[:, 1]], np.full(len(pairs), _WEIGHT))


def rejections_of(corrections: Iterable[Correction], table: FeatureTable) -> tuple[Correction, ...]:
    """Those that say of a face that it is not somebody in the table, by vectors of its network."""
    names = set(table.names)
    return tuple(
        one
        for one in corrections
        if one.kind is CorrectionKind.REJECT and one.network == table.network and one.name in names
    )


def rejected_pairs(rejections: Sequence[Correction], table: FeatureTable) -> HardNegatives:
    """The pairs of each rejected face and the template of whom it is not; the looks of one track count as one pair."""
    rows = {name: slice(*table.starts[place : place + 2]) for place, name in enumerate(table.names)}
    nobody = table.vectors[:0]
    ours = [one.vector[np.newaxis] for one in rejections]
    theirs = [fuse(table.vectors[rows[one.name]])[np.newaxis] for one in rejections]
    looks = Counter((one.name, one.box, one.track) for one in rejections)
    weights = np.array([1.0 / looks[one.name, one.box, one.track] for one in rejections])
    return HardNegatives(np.concatenate([nobody, *ours]), np.concatenate([nobody, *theirs]), weights)
