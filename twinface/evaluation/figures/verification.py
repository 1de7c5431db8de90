"""How well scores tell pairs of the same person from pairs of different people."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

FALSE_ACCEPT_RATES = (0.01, 0.001, 0.0001)
_FEWEST_IMPOSTORS = 10
"""A false-accept rate is reported only where at least so many impostor pairs lie above its threshold."""


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
