"""How well scores tell pairs of the same person from pairs of different people."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FALSE_ACCEPT_RATES = (0.01, 0.001, 0.0001)
_FEWEST_IMPOSTORS = 10
"""A false-accept rate is told only where at least so many impostor pairs lie above its threshold."""


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


def verification_figures(scores: NDArray[np.floating], same: NDArray[np.bool_]) -> VerificationFigures:
    """Figures of scores (n,), higher is more alike. Raises ValueError without genuine or impostor pairs."""
    genuine, impostor = np.sort(scores[same]), np.sort(scores[~same])
    if not genuine.size or not impostor.size:
        raise ValueError("same: expected pairs of the same and of different people")
    below, up_to = (np.searchsorted(impostor, genuine, side=side) for side in ("left", "right"))
    thresholds = {
        f"{rate:g}": float(np.nextafter(impostor[-1 - int(rate * impostor.size)], np.inf, dtype=scores.dtype))
        for rate in _FALSE_ACCEPT_RATES
        if rate * impostor.size >= _FEWEST_IMPOSTORS
    }
    return VerificationFigures(
        genuine_pairs=genuine.size,
        impostor_pairs=impostor.size,
        auc=float((below + up_to).mean() / (2 * impostor.size)),
        eer=_equal_error_rate(genuine, impostor),
        accepted_at={rate: float((genuine >= threshold).mean()) for rate, threshold in thresholds.items()},
        thresholds=thresholds,
    )


def _equal_error_rate(genuine: NDArray[np.floating], impostor: NDArray[np.floating]) -> float:
    """Where as many genuine pairs are refused as impostors pass; both sorted."""
    thresholds = np.unique(np.concatenate([genuine, impostor]))
    refused = np.searchsorted(genuine, thresholds) / genuine.size
    passed = (impostor.size - np.searchsorted(impostor, thresholds)) / impostor.size
    nearest = int(np.argmin(np.abs(refused - passed)))
    return float((refused[nearest] + passed[nearest]) / 2)
