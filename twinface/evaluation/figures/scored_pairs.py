"""Pairs of pictures with the score each got: what every figure is made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Numbers = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class ScoredPairs:
    """Pair i compares the pictures `first[i]` and `second[i]`, int32 (n,), and scores `scores[i]`, float32 (n,).

    Higher is more alike; -inf is a pair that could not be compared. `same` (n,) says whether it shows one person.
    `person` has the number, from 0, of whom each picture shows, int32 (pictures,).
    """

    scores: NDArray[np.float32]
    same: NDArray[np.bool_]
    first: _Numbers
    second: _Numbers
    person: _Numbers

    def __post_init__(self) -> None:
        lengths = {len(self.scores), len(self.same), len(self.first), len(self.second)}
        if len(lengths) > 1:
            raise ValueError(f"scored pairs: expected arrays of one length, got {sorted(lengths)}")
        if np.isnan(self.scores).any():
            raise ValueError("scored pairs: expected scores that are numbers")

    @property
    def people(self) -> tuple[_Numbers, _Numbers]:
        """Whom the first and the second pictures show, (n,) each."""
        return self.person[self.first], self.person[self.second]

    def count_people(self) -> int:
        """How many people the pairs show."""
        return len(np.unique(self.person[np.unique(np.concatenate([self.first, self.second]))]))


def pairs_among(matrix: NDArray[np.float32], person: _Numbers, pictures: NDArray[np.intp]) -> ScoredPairs:
    """Each two of `pictures` once, from the matrix of everybody's scores (n, n)."""
    pictures = pictures.astype(np.int32)
    later = [pictures[place + 1 :] for place in range(len(pictures))]
    return _pick(matrix, person, np.repeat(pictures, [len(part) for part in later]), np.concatenate(later))


def pairs_across(
    matrix: NDArray[np.float32], person: _Numbers, first: NDArray[np.intp], second: NDArray[np.intp]
) -> ScoredPairs:
    """Each of the pictures `first` with each of `second`; no picture is in both."""
    first, second = first.astype(np.int32), second.astype(np.int32)
    return _pick(matrix, person, np.repeat(first, len(second)), np.tile(second, len(first)))


def _pick(matrix: NDArray[np.float32], person: _Numbers, first: _Numbers, second: _Numbers) -> ScoredPairs:
    return ScoredPairs(matrix[first, second], person[first] == person[second], first, second, person)


@dataclass(frozen=True, slots=True)
class WorstPair:
    """A pair that was judged worst: the numbers of its pictures, and its score."""

    first: int
    second: int
    score: float


def worst_pairs(pairs: ScoredPairs, count: int, *, same: bool) -> list[WorstPair]:
    """The `count` impostor pairs that score highest or, with `same`, genuine ones that score lowest, worst first.

    Of two people only their worst pair is taken, so that one bad picture does not fill the list.
    """
    kind = np.flatnonzero((pairs.same == same) & np.isfinite(pairs.scores))
    order = kind[np.argsort(pairs.scores[kind] if same else -pairs.scores[kind], kind="stable")]
    found: dict[frozenset[int], WorstPair] = {}
    for place in order:
        first, second = int(pairs.first[place]), int(pairs.second[place])
        who = frozenset((int(pairs.person[first]), int(pairs.person[second])))
        found.setdefault(who, WorstPair(first, second, float(pairs.scores[place])))
        if len(found) == count:
            break
    return list(found.values())
