"""All pairs of pictures, a block at a time: however many there are, no more than a block of scores is in memory."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.evaluation.protocols.similarity import Similarity
from twinface.matching.vectors import checked_vectors, normalised
from twinface.types import Scores, Vectors

_SIDE = 1024
_Mask = NDArray[np.bool_]


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
