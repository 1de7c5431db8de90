"""Logistic regression on what pairs bring: from a likelihood ratio and lengths to a score that can be believed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]

GENUINE_PRIOR = 1 / 1000
"""One genuine pair in so many: a face is compared with a whole gallery. A score of 0.5 is an even bet under it."""

_WEIGHT_PER_PERSON = 4.0
"""Pairs of one person are alike, so a person counts as so many genuine pairs, however many pictures there are."""

_MOST_STEPS = 50


@dataclass(frozen=True, slots=True, eq=False)
class LogisticFit:
    """`coefficients` (k,) of the logit, and the weighted `loss` in nats a person, the lower the better."""

    coefficients: _Floats
    loss: float


def fit_pairs(
    features: NDArray[np.float32],
    same: NDArray[np.bool_],
    *,
    people: int,
    start: _Floats,
    used: NDArray[np.bool_],
    share: float = 1.0,
    impostor_weights: _Floats | None = None,
) -> LogisticFit:
    """Weigh the columns of `features` (n, k), the first of which is all ones, so that their sum is the logit.

    Genuine and impostor pairs weigh as under GENUINE_PRIOR. Coefficients are held near `start` (k,), the more so the
    fewer `people` there are, and go only `share` of the way from there; those not `used` (k,) are 0.
    `impostor_weights` (impostors,) is how much each counts.
    """
    columns = features[:, used].astype(np.float64)
    spread = columns.std(axis=0)
    spread[0] = 1.0
    scaled = columns / np.maximum(spread, 1e-12)
    weights = _pair_weights(same, people, impostor_weights)
    held = np.full(len(spread), 1.0)
    held[0] = 1e-6
    centre = start[used] * spread
    found = centre + share * (_solve(scaled, same, weights, centre, held) - centre)
    logits = scaled @ found
    loss = float(weights @ np.logaddexp(0.0, np.where(same, -logits, logits))) / people
    coefficients = np.zeros(len(used))
    coefficients[used] = found / np.maximum(spread, 1e-12)
    return LogisticFit(coefficients, loss)


def fit_logistic(features: NDArray[np.float32], same: NDArray[np.bool_]) -> _Floats:
    """Coefficients (k,) of `features` (n, k), the first of which is all ones; all pairs weigh alike."""
    columns = features.astype(np.float64)
    spread = np.maximum(columns.std(axis=0), 1e-12)
    spread[0] = 1.0
    zeros = np.zeros(columns.shape[1])
    found = _solve(columns / spread, same, np.ones(len(same)), zeros, np.full(columns.shape[1], 1e-3))
    return np.asarray(found / spread)


def _pair_weights(same: NDArray[np.bool_], people: int, impostor_weights: _Floats | None) -> _Floats:
    weights = np.ones(len(same))
    if impostor_weights is not None:
        weights[~same] = impostor_weights
    genuine = _WEIGHT_PER_PERSON * people
    weights[same] *= genuine / weights[same].sum()
    weights[~same] *= genuine * (1 - GENUINE_PRIOR) / GENUINE_PRIOR / weights[~same].sum()
    return weights


def _solve(x: _Floats, same: NDArray[np.bool_], weights: _Floats, centre: _Floats, held: _Floats) -> _Floats:
    """Newton's method, with steps halved until they help."""
    sign = np.where(same, -1.0, 1.0)

    def loss(at: _Floats) -> float:
        return float(weights @ np.logaddexp(0.0, sign * (x @ at)) + held @ (at - centre) ** 2 / 2)

    at = centre.copy()
    present = loss(at)
    for _ in range(_MOST_STEPS):
        chance = 1 / (1 + np.exp(-np.clip(x @ at, -60, 60)))
        gradient = x.T @ (weights * (chance - same)) + held * (at - centre)
        curvature = (x * (weights * chance * (1 - chance))[:, np.newaxis]).T @ x + np.diag(held)
        step = np.linalg.solve(curvature, gradient)
        size = 1.0
        while (after := loss(at - size * step)) > present and size > 1e-6:
            size /= 2
        if present - after < 1e-9 * abs(present):
            break
        at, present = at - size * step, after
    return at
