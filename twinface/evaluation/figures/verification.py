"""Pairs of pictures with their scores, and the error rates of these; the worst pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

_Numbers = NDArray[np.int32]

FALSE_ACCEPT_RATES = (0.01, 0.001, 0.0001)
_FEWEST_IMPOSTORS = 10
"""A false-accept rate is reported only where at least so many impostor pairs lie above its threshold."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What was evaluated: `metric` is "cosine", "l1" or "head"; `fingerprint` and `network` are of the network."""

    metric: str
    head: Path | None
    network: str
    fingerprint: str

    def __str__(self) -> str:
        """As "sface, cosine"."""
        network = self.network or f"network {self.fingerprint[:12]}"
        return f"{network}, head '{self.head.name}'" if self.head else f"{network}, {self.metric}"


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


@dataclass(frozen=True, slots=True)
class VerificationFigures:
    """`auc`: the chance that a genuine pair scores above an impostor's, 0…1. `eer`: the equal error rate, 0…1.

    `accepted_at` and `thresholds`: by false-accept rate ("0.001"), the share of genuine pairs accepted, and the score
    that takes; only for rates that the count of impostors can carry.
    """

    genuine_pairs: int
    impostor_pairs: int
    auc: float
    eer: float
    accepted_at: dict[str, float]
    thresholds: dict[str, float]


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Both errors as the threshold rises, float64 (k,).

    `passed`, of impostors, falls from 1 to 0, `refused`, of genuine pairs, rises from 0 to 1. Between points it is
    straight: there a share of equal scores is accepted.
    """

    passed: NDArray[np.float64]
    refused: NDArray[np.float64]


def verification_figures(
    scores: NDArray[np.floating], same: NDArray[np.bool_], rates: Sequence[float] = FALSE_ACCEPT_RATES
) -> VerificationFigures:
    """Figures of scores (n,), higher is more alike; -inf is allowed: a pair that cannot be compared.

    Raises ValueError without genuine or impostor pairs.
    """
    genuine, impostor = sort_by_kind(scores, same)
    below, up_to = (np.searchsorted(impostor, genuine, side=side) for side in ("left", "right"))
    thresholds = {
        f"{rate:g}": float(np.nextafter(impostor[-1 - int(rate * impostor.size)], np.inf, dtype=scores.dtype))
        for rate in rates
        if rate * impostor.size >= _FEWEST_IMPOSTORS
    }
    return VerificationFigures(
        genuine_pairs=genuine.size,
        impostor_pairs=impostor.size,
        auc=float((below + up_to).mean() / (2 * impostor.size)),
        eer=_equal_error_rate(error_curve(genuine, impostor)),
        accepted_at={rate: float((genuine >= threshold).mean()) for rate, threshold in thresholds.items()},
        thresholds=thresholds,
    )


def sort_by_kind(
    scores: NDArray[np.floating], same: NDArray[np.bool_]
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """The scores of genuine and of impostor pairs, ascending. Raises ValueError where there are none of either."""
    genuine, impostor = np.sort(scores[same]), np.sort(scores[~same])
    if not genuine.size or not impostor.size:
        raise ValueError("same: expected pairs of the same and of different people")
    return genuine, impostor


def error_curve(genuine: NDArray[np.floating], impostor: NDArray[np.floating]) -> Curve:
    """The exact curve of sorted scores: its corners are before and behind each score of a genuine pair."""
    corners = np.unique(genuine)
    passed, refused = np.empty((2, 2 * len(corners) + 2))
    passed[0], refused[0], passed[-1], refused[-1] = 1.0, 0.0, 0.0, 1.0
    sides: tuple[Literal["left", "right"], ...] = ("left", "right")
    for place, side in enumerate(sides):
        passed[1 + place : -1 : 2] = (impostor.size - np.searchsorted(impostor, corners, side=side)) / impostor.size
        refused[1 + place : -1 : 2] = np.searchsorted(genuine, corners, side=side) / genuine.size
    return Curve(passed, refused)


def _equal_error_rate(curve: Curve) -> float:
    """Where the curve has as many genuine pairs refused as impostors passed."""
    excess = curve.passed - curve.refused
    after = int(np.argmax(excess <= 0))
    before = after - 1
    share = excess[before] / (excess[before] - excess[after])
    return float(curve.passed[before] + share * (curve.passed[after] - curve.passed[before]))
