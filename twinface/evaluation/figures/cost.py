"""What it costs to believe the scores: the measure that finds out a head which is sure of what is wrong.

A pair costs minus the logarithm of the chance that its score gives to what is true of it, in nats; genuine and impostor
pairs weigh as under a prior (Brümmer, du Preez: Application-independent evaluation of speaker detection, Computer
Speech and Language 20, 2006). Both worse separation and scores that claim too much raise it, which EER and its kin do
not tell.
"""

import numpy as np
from numpy.typing import NDArray

from twinface.evaluation.figures.intervals import (
    FEWEST_PEOPLE,
    ROUNDS,
    Difference,
    count_carriers,
    draw_people,
    interval_of,
    number_people,
)
from twinface.evaluation.figures.verification import ScoredPairs

_Floats = NDArray[np.float64]
_SUREST = 1e-7
"""No chance is taken for nearer to 0 or 1: a float32 tells no more apart."""

_KEYS_AT_ONCE = 4096


def compare_costs(
    first: ScoredPairs, second: ScoredPairs, *, prior: float, rounds: int = ROUNDS, seed: int = 0
) -> Difference:
    """The mean cost of two scorers on the same pairs, paired: each round draws the same people for both.

    `prior` is the share of genuine pairs. The bootstrap is that of twinface.evaluation.figures.intervals.
    """
    people, one, two = number_people(first)
    drawn = np.concatenate([np.ones((people, 1), np.float32), draw_people(people, rounds, seed)], axis=1)
    costs = np.stack([_costs(first), _costs(second)])
    keys = np.minimum(one, two) * np.int64(people) + np.maximum(one, two)
    total = np.zeros((2, rounds + 1))
    for kind, weight in ((first.same, prior), (~first.same, 1.0 - prior)):
        total += weight * _means(costs[:, kind], keys[kind], people, drawn)
    ours, theirs = total
    carriers = count_carriers(first)
    interval = interval_of(ours[1:] - theirs[1:]) if carriers >= FEWEST_PEOPLE else None
    return Difference(float(ours[0]), float(theirs[0]), interval, carriers)


def _costs(pairs: ScoredPairs) -> _Floats:
    chance = np.clip(pairs.scores.astype(np.float64), _SUREST, 1.0 - _SUREST)
    return np.asarray(-np.log(np.where(pairs.same, chance, 1.0 - chance)))


def _means(costs: _Floats, keys: NDArray[np.int64], people: int, drawn: NDArray[np.float32]) -> _Floats:
    """The mean of costs (k, n) in each round, (k, rounds), a pair weighing how often both of its people were drawn."""
    unique, place = np.unique(keys, return_inverse=True)
    sums = np.stack([np.bincount(place, weights=row) for row in (*costs, np.ones(len(keys)))])
    totals = np.zeros((len(sums), drawn.shape[1]))
    for start in range(0, len(unique), _KEYS_AT_ONCE):
        part = slice(start, start + _KEYS_AT_ONCE)
        one, two = unique[part] // people, unique[part] % people
        totals += sums[:, part] @ (drawn[one] * np.where((one == two)[:, np.newaxis], 1.0, drawn[two]))
    with np.errstate(invalid="ignore"):
        return np.asarray(totals[:-1] / totals[-1])
