"""All pairs of pictures counted by the groups of both, for everybody and in each round of a bootstrap over people.

They are compared a block at a time: however many there are, no more than a block of scores is in memory. A round draws
people with replacement; the pairs of two people weigh how often both were drawn (see
`twinface.evaluation.figures.intervals`). The weights of a pair are added up as soon as it is found, in all rounds at
once, so that no pair is kept: what is in memory depends on the number of people and groups, never on that of pairs.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.evaluation.differentials.grouping import GroupCounts, Grouping
from twinface.evaluation.protocols.comparison import Similarity
from twinface.matching.vectors import checked_vectors, normalised
from twinface.progress import ShowProgress
from twinface.types import Scores, Vectors

_SIDE = 1024
_Mask = NDArray[np.bool_]

_PAIRS_AT_ONCE = 2048
_ROUNDS_AT_ONCE = 64
_Numbers = NDArray[np.int32]
_Counts = NDArray[np.float64]
_Often = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreBlock:
    """Scores (r, c) of the pictures from number `first` on with those from number `second` on.

    Each two pictures of all are marked in one block only, once, in one of the masks (r, c): `genuine` pairs show one
    person, `impostor` pairs two, `set_aside` pairs two who look so alike that they may be one.
    """

    first: int
    second: int
    scores: Scores
    genuine: _Mask
    impostor: _Mask
    set_aside: _Mask

    def pictures(self, mask: _Mask) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The numbers of both pictures of each pair of a mask (r, c), int32 (n,) each."""
        rows, columns = np.nonzero(mask)
        return (rows + self.first).astype(np.int32), (columns + self.second).astype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class AllPairs:
    """Each two of the pictures with these `vectors` (n, d), in blocks.

    `person` int32 (n,), which never falls, has the number of whom each shows. Pairs of two people whose cosine is above
    `same_person_above` are set aside; None sets none aside. The cosine is of `extracted` (n, d), the vectors
    as the network gave them, where `vectors` are adjusted ones.
    """

    vectors: Vectors
    person: NDArray[np.int32]
    similarity: Similarity
    same_person_above: float | None = None
    extracted: Vectors | None = None

    def __len__(self) -> int:
        """How many blocks there are."""
        side = len(range(0, len(self.vectors), _SIDE))
        return side * (side + 1) // 2

    def __iter__(self) -> Iterator[ScoreBlock]:
        """Score the blocks, one after the other. Raises ArtefactError for vectors that do not fit the head."""
        starts = range(0, len(self.vectors), _SIDE)
        parts = [slice(start, start + _SIDE) for start in starts]
        scorers = [self.similarity.prepare(self.vectors[part]) for part in parts]
        extracted = self.vectors if self.extracted is None else self.extracted
        directions = None if self.same_person_above is None else normalised(checked_vectors(extracted))
        for place, rows in enumerate(parts):
            for columns, scorer in zip(parts[place:], scorers[place:], strict=True):
                alike = None
                if directions is not None and self.same_person_above is not None:
                    alike = directions[rows] @ directions[columns].T > self.same_person_above
                yield self._block(rows, columns, scorer(self.vectors[rows]), alike)

    def _block(self, rows: slice, columns: slice, scores: Scores, alike: _Mask | None) -> ScoreBlock:
        ours, theirs = self.person[rows], self.person[columns]
        once = np.ones(scores.shape, np.bool_)
        if rows == columns:
            once = np.triu(once, k=1)
        genuine = np.zeros(scores.shape, np.bool_)
        if ours[-1] >= theirs[0]:
            genuine = (ours[:, np.newaxis] == theirs) & once
        impostor = once & ~genuine
        set_aside = np.zeros(scores.shape, np.bool_) if alike is None else impostor & alike
        return ScoreBlock(rows.start, columns.start, scores, genuine, impostor & ~set_aside, set_aside)


def draw_rounds(people: int, rounds: int, seed: int) -> _Often:
    """How often each person counts, (people, 1 + rounds): once, then as often as each round drew them."""
    rng = np.random.default_rng(seed)
    often = np.ones((people, 1 + rounds), np.uint8)
    for number in range(rounds):
        often[:, 1 + number] = np.bincount(rng.integers(people, size=people), minlength=people)
    return often


def count_pairs(
    pairs: AllPairs, groupings: Sequence[Grouping], threshold: float, often: _Often, show: ShowProgress
) -> list[GroupCounts]:
    """Compare all pairs and count those accepted from `threshold` on, for each grouping."""
    accepted, set_aside = (_WeightedPairs(groupings, pairs.person, often) for _ in range(2))
    genuine, refused = ([np.zeros((len(one.groups), len(often))) for one in groupings] for _ in range(2))
    with show("comparing", len(pairs)) as bar:
        for block in pairs:
            reaches = block.scores >= threshold
            accepted.add(*block.pictures(block.impostor & reaches))
            set_aside.add(*block.pictures(block.set_aside))
            for mask, counts in ((block.genuine, genuine), (block.genuine & ~reaches, refused)):
                if mask.any():
                    _count_genuine(*block.pictures(mask), pairs.person, groupings, counts)
            bar.advance()
    return [
        _group_counts(
            grouping,
            pairs.person,
            often,
            accepted=accepted.sums[place],
            set_aside=set_aside.sums[place],
            genuine=genuine[place],
            refused=refused[place],
        )
        for place, grouping in enumerate(groupings)
    ]


class _WeightedPairs:
    """Pairs of two people, added up for each grouping as they come: `sums` (groups, groups, 1 + rounds), g <= h."""

    def __init__(self, groupings: Sequence[Grouping], person: _Numbers, often: _Often) -> None:
        self._groupings, self._person, self._often = groupings, person, often
        self.sums = [np.zeros((len(one.groups), len(one.groups), often.shape[1])) for one in groupings]

    def add(self, first: _Numbers, second: _Numbers) -> None:
        """Add the pairs of the pictures first[i] and second[i], (n,) each."""
        for start in range(0, len(first), _PAIRS_AT_ONCE):
            part = slice(start, start + _PAIRS_AT_ONCE)
            self._add(first[part], second[part])

    def _add(self, first: _Numbers, second: _Numbers) -> None:
        weights = self._often[self._person[first]] * self._often[self._person[second]].astype(np.float32)
        for grouping, sums in zip(self._groupings, self.sums, strict=True):
            one, two = grouping.of_picture[first], grouping.of_picture[second]
            keys = np.where(np.minimum(one, two) < 0, -1, np.minimum(one, two) * len(sums) + np.maximum(one, two))
            order = np.argsort(keys, kind="stable")
            order = order[np.searchsorted(keys[order], 0) :]
            if len(order):
                found, starts = np.unique(keys[order], return_index=True)
                sums.reshape(-1, sums.shape[-1])[found] += np.add.reduceat(weights[order], starts, axis=0)


def _count_genuine(
    first: _Numbers, second: _Numbers, person: _Numbers, groupings: Sequence[Grouping], counts: Sequence[_Counts]
) -> None:
    """Add pairs of two pictures of one person, in one group, to the counts (groups, people) of each grouping."""
    for grouping, count in zip(groupings, counts, strict=True):
        group = grouping.of_picture[first]
        inside = (group >= 0) & (group == grouping.of_picture[second])
        np.add.at(count, (group[inside], person[first[inside]]), 1.0)


def _group_counts(
    grouping: Grouping,
    person: _Numbers,
    often: _Often,
    *,
    accepted: _Counts,
    set_aside: _Counts,
    genuine: _Counts,
    refused: _Counts,
) -> GroupCounts:
    pictures = grouping.count_pictures(person, len(often))
    present = (pictures > 0).astype(np.int64)
    people = present.sum(axis=1)
    people_pairs = np.outer(people, people) - present @ present.T
    np.fill_diagonal(people_pairs, people * (people - 1) // 2)
    return GroupCounts(
        grouping=grouping,
        accepted=accepted,
        compared=_count_impostors(pictures.astype(np.float64), often) - set_aside,
        set_aside=set_aside,
        refused=_add_rounds(refused, often),
        genuine=_add_rounds(genuine, often),
        pictures=pictures.sum(axis=1),
        people=people,
        genuine_people=np.count_nonzero(genuine, axis=1),
        people_pairs=people_pairs,
    )


def _count_impostors(pictures: _Counts, often: _Often) -> _Counts:
    """How many pairs of different people there are, (groups, groups, 1 + rounds), g <= h; nobody is an impostor to
    their own copy. `pictures` (groups, people) are each person's.
    """
    groups = len(pictures)
    overlap = (pictures > 0).astype(np.float64) @ (pictures > 0).T
    counts = np.zeros((groups, groups, often.shape[1]))
    for start in range(0, often.shape[1], _ROUNDS_AT_ONCE):
        part = slice(start, start + _ROUNDS_AT_ONCE)
        drawn = often[:, part].astype(np.float64)
        of_group = pictures @ drawn
        for one in range(groups):
            counts[one, one:, part] = of_group[one] * of_group[one:]
            for two in one + np.flatnonzero(overlap[one, one:]):
                counts[one, two, part] -= (pictures[one] * pictures[two]) @ np.square(drawn)
    diagonal = np.arange(groups)
    counts[diagonal, diagonal] /= 2
    return counts


def _add_rounds(counts: _Counts, often: _Often) -> _Counts:
    """The counts (groups, people) of everybody and of each round, (groups, 1 + rounds)."""
    parts = range(0, often.shape[1], _ROUNDS_AT_ONCE)
    return np.concatenate([counts @ often[:, start : start + _ROUNDS_AT_ONCE] for start in parts], axis=1)
