"""How sure a figure is: a bootstrap over people.

Pairs are not independent: a person who is hard to tell is in many of them. So people are drawn with replacement, never
pairs (Bolle, Ratha, Pankanti: Error analysis of pattern recognition systems, the subsets bootstrap, CVIU 93, 2004).
Whom a round drew m times weighs m in their genuine pairs; the impostor pairs of two people weigh the product of both
(Owen: The pigeonhole bootstrap, Annals of Applied Statistics 1, 2007). Nobody is an impostor to their own copy, which
would make every figure look worse than it is.

A round need not look at every pair again. Scores are sorted once into the gaps between some 200 thresholds, dense where
few impostors are left, and counted for each two people; a round is a weighted sum of these counts, and all rounds are
one matrix product. What the thresholds' coarseness costs is the same in each round and taken off again: a round tells
how far a figure moves from that of all people.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.evaluation.figures.verification import (
    FALSE_ACCEPT_RATES,
    ScoredPairs,
    VerificationFigures,
    sort_by_kind,
    verification_figures,
)

ROUNDS = 1000
CONFIDENCE = 0.95

FEWEST_PEOPLE = 5
"""Of fewer people a figure has no interval: drawing two people again and again tells nothing of a third."""

POSSIBLE_OF_NONE = 3.0
"""The rule of three: where none of n independent pairs was accepted, a rate of 3/n is possible with 95 % confidence."""

_Floats = NDArray[np.float64]
_STEPS_A_DECADE = 24
_GENUINE_STEPS = 64
_FEWEST_ABOVE = 3
_KEYS_AT_ONCE = 4096


@dataclass(frozen=True, slots=True)
class Interval:
    """Where the figure lies with 95 % confidence."""

    low: float
    high: float

    @property
    def of_the_rest(self) -> "Interval":
        """That of one less the figure: of the shares refused where this is of those accepted."""
        return Interval(1.0 - self.high, 1.0 - self.low)


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure of two scorers on the same pairs, and the 95 % interval of first - second.

    `people` carry it, as `count_carriers` counts; of fewer than FEWEST_PEOPLE there is no interval.
    """

    first: float
    second: float
    interval: Interval | None
    people: int

    @property
    def difference(self) -> float:
        """How much more the first has."""
        return self.first - self.second


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many, and where the share lies with 95 % confidence when other people had been drawn.

    `people` carry it; of fewer than FEWEST_PEOPLE there is no interval.
    """

    hits: int
    of: int
    interval: Interval | None
    people: int

    @property
    def share(self) -> float:
        """0…1."""
        return self.hits / self.of


def named_figures(figures: VerificationFigures) -> dict[str, float]:
    """The figures that have intervals: "auc", "eer" and "tar_at_far_0.001" with its kin."""
    accepted = {f"tar_at_far_{rate}": share for rate, share in figures.accepted_at.items()}
    return {"auc": figures.auc, "eer": figures.eer, **accepted}


def count_carriers(pairs: ScoredPairs) -> int:
    """How many people carry figures of pairs: those in the genuine or those in the impostor pairs, the fewer."""
    first, second = pairs.people
    kinds = [kind for kind in (pairs.same, ~pairs.same) if kind.any()]
    return min(len(np.unique(np.concatenate([first[kind], second[kind]]))) for kind in kinds)


def figure_intervals(
    pairs: ScoredPairs, figures: VerificationFigures, *, rounds: int = ROUNDS, seed: int = 0
) -> dict[str, Interval | None]:
    """The interval of each of `named_figures`, None where too few people carry it; the same for the same seed."""
    if count_carriers(pairs) < FEWEST_PEOPLE:
        return dict.fromkeys(named_figures(figures))
    moves = _moves(pairs, [float(rate) for rate in figures.accepted_at], rounds, seed)
    return {name: _clipped(interval_of(value + moves[name])) for name, value in named_figures(figures).items()}


def share_interval(
    right: NDArray[np.bool_], pairs: ScoredPairs, *, rounds: int = ROUNDS, seed: int = 0
) -> Interval | None:
    """The interval of the share of pairs that are `right` (n,), the genuine and impostor pairs as many as they are.

    None where too few people carry it.
    """
    if count_carriers(pairs) < FEWEST_PEOPLE:
        return None
    people, first, second = number_people(pairs)
    multiplicity = draw_people(people, rounds, seed)
    share = np.zeros(rounds)
    for kind in (pairs.same, ~pairs.same):
        if kind.any():
            counts = _weighted_counts(right[kind].astype(np.int16), 2, first[kind], second[kind], multiplicity)
            with np.errstate(invalid="ignore"):
                share += kind.mean() * counts[:, 1] / counts.sum(axis=1)
    return interval_of(share)


def compare_scorers(
    first: Sequence[ScoredPairs],
    second: Sequence[ScoredPairs],
    *,
    rates: Sequence[float] = FALSE_ACCEPT_RATES,
    rounds: int = ROUNDS,
    seed: int = 0,
) -> dict[str, Difference]:
    """Two scorers on the same pairs, paired: each round draws the same people for both.

    One ScoredPairs, or one a fold of a cross-fitting, whose people differ: figures are means over folds, since scores
    of two folds need not be comparable, and people are drawn within their folds. Rates that a fold cannot carry are
    left out. Raises ValueError when the pairs differ.
    """
    if len(first) != len(second) or any(not _are_same_pairs(*both) for both in zip(first, second, strict=True)):
        raise ValueError("compare_scorers: expected the same pairs, scored twice")
    carriers = sum(count_carriers(pairs) for pairs in first)
    figures: list[list[dict[str, float]]] = []
    moves: list[list[dict[str, _Floats]]] = []
    for fold, both in enumerate(zip(first, second, strict=True)):
        measured = [verification_figures(pairs.scores, pairs.same, rates) for pairs in both]
        carried = [float(rate) for rate in measured[0].accepted_at]
        figures.append([named_figures(each) for each in measured])
        moves.append([_moves(pairs, carried, rounds, seed + fold) for pairs in both])
    found = {}
    for name in [name for name in figures[0][0] if all(name in measured[0] for measured in figures)]:
        ours, theirs = (float(np.mean([measured[side][name] for measured in figures])) for side in (0, 1))
        moved = np.mean([move[0][name] - move[1][name] for move in moves], axis=0)
        interval = interval_of(ours - theirs + moved) if carriers >= FEWEST_PEOPLE else None
        found[name] = Difference(ours, theirs, interval, carriers)
    return found


def _are_same_pairs(one: ScoredPairs, two: ScoredPairs) -> bool:
    names = ("same", "first", "second", "person")
    return all(np.array_equal(getattr(one, name), getattr(two, name)) for name in names)


def interval_of(values: _Floats) -> Interval:
    """Of the figure in all rounds; rounds that drew no pairs of a kind have none."""
    tail = (1.0 - CONFIDENCE) / 2
    low, high = np.nanquantile(values, (tail, 1.0 - tail))
    return Interval(float(low), float(high))


def _clipped(interval: Interval) -> Interval:
    return Interval(max(interval.low, 0.0), min(interval.high, 1.0))


def possible_of_none(people: int) -> float:
    """The highest share, 0…1, that is possible where none of so many people had a hit: the exact binomial bound."""
    return float(1.0 - ((1.0 - CONFIDENCE) / 2) ** (1.0 / people))


def number_people(pairs: ScoredPairs) -> tuple[int, NDArray[np.int32], NDArray[np.int32]]:
    """How many people the pairs show, and who of these is in the first and in the second pictures, (n,) each."""
    first, second = pairs.people
    shown = np.zeros(int(pairs.person.max()) + 1, np.bool_)
    shown[first] = shown[second] = True
    number = (np.cumsum(shown) - 1).astype(np.int32)
    return int(number[-1]) + 1, number[first], number[second]


def draw_people(people: int, rounds: int, seed: int) -> NDArray[np.float32]:
    """How often each round drew each person, (people, rounds)."""
    drawn = np.random.default_rng(seed).multinomial(people, np.full(people, 1.0 / people), size=rounds)
    return np.ascontiguousarray(drawn.T, dtype=np.float32)


def _moves(pairs: ScoredPairs, rates: Sequence[float], rounds: int, seed: int) -> dict[str, _Floats]:
    """How far each figure moves from that of all people in each round, (rounds,)."""
    people, first, second = number_people(pairs)
    thresholds = _thresholds(*sort_by_kind(pairs.scores, pairs.same))
    gaps = np.searchsorted(thresholds, pairs.scores, side="right").astype(np.int16)
    # Round 0 is everybody once: what the others move from.
    multiplicity = np.concatenate([np.ones((people, 1), np.float32), draw_people(people, rounds, seed)], axis=1)
    shares = []
    for kind in (pairs.same, ~pairs.same):
        counts = _weighted_counts(gaps[kind], len(thresholds) + 1, first[kind], second[kind], multiplicity)
        above = np.cumsum(counts[:, ::-1], axis=1)[:, ::-1]
        with np.errstate(invalid="ignore"):
            shares.append(np.concatenate([above / above[:, :1], np.zeros((rounds + 1, 1))], axis=1))
    accepted, passed = shares
    figures = {"auc": _areas(accepted, passed), "eer": _equal_error_rates(accepted, passed)}
    figures |= {f"tar_at_far_{rate:g}": _accepted_at(accepted, passed, rate) for rate in rates}
    return {name: values[1:] - values[0] for name, values in figures.items()}


def _thresholds(genuine: NDArray[np.floating], impostor: NDArray[np.floating]) -> NDArray[np.floating]:
    """Scores to count between, ascending: evenly spread over the genuine, and in the logarithm of impostors above."""
    fewest = min(_FEWEST_ABOVE, impostor.size)
    steps = int(_STEPS_A_DECADE * np.log10(impostor.size / fewest)) + 2
    above = np.unique(np.geomspace(fewest, impostor.size, steps).round().astype(np.intp))
    spread = np.linspace(0, genuine.size - 1, _GENUINE_STEPS).round().astype(np.intp)
    thresholds = np.unique(np.concatenate([impostor[impostor.size - above], genuine[spread]]))
    return np.asarray(thresholds[np.isfinite(thresholds)])


def _weighted_counts(
    gaps: NDArray[np.int16],
    gap_count: int,
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    multiplicity: NDArray[np.float32],
) -> _Floats:
    """How many pairs, weighted by how often their people were drawn, fall into each gap, (rounds, gap_count)."""
    people, rounds = multiplicity.shape
    keys = np.minimum(first, second) * np.int64(people) + np.maximum(first, second)
    order = np.argsort(keys, kind="stable")
    unique, starts = np.unique(keys[order], return_index=True)
    ends = np.append(starts[1:], len(keys))
    total = np.zeros((rounds, gap_count))
    for begin in range(0, len(unique), _KEYS_AT_ONCE):
        part = slice(begin, begin + _KEYS_AT_ONCE)
        one, two = unique[part] // people, unique[part] % people
        rows = np.repeat(np.arange(len(one)), (ends - starts)[part])
        inside = gaps[order[starts[part][0] : ends[part][-1]]]
        counts = np.bincount(rows * gap_count + inside, minlength=len(one) * gap_count)
        counts = counts.reshape(len(one), gap_count).astype(np.float32)
        weights = np.where((one == two)[:, np.newaxis], 1.0, multiplicity[two]).astype(np.float32) * multiplicity[one]
        total += weights.T @ counts
    return total


def _areas(accepted: _Floats, passed: _Floats) -> _Floats:
    """Areas under the curves (rounds, thresholds), by trapezoids."""
    heights = accepted[:, 1:] + accepted[:, :-1]
    return np.asarray((heights * (passed[:, :-1] - passed[:, 1:])).sum(axis=1) / 2)


def _equal_error_rates(accepted: _Floats, passed: _Floats) -> _Floats:
    excess = passed - (1.0 - accepted)
    return _crossing(excess, passed)


def _accepted_at(accepted: _Floats, passed: _Floats, rate: float) -> _Floats:
    return _crossing(passed - rate, accepted)


def _crossing(falling: _Floats, values: _Floats) -> _Floats:
    """`values` (rounds, k) where `falling` (rounds, k), which starts above 0, meets it; straight between points."""
    after = np.argmax(falling <= 0, axis=1)[:, np.newaxis]
    before = np.maximum(after - 1, 0)
    high, low = (np.take_along_axis(falling, place, axis=1)[:, 0] for place in (before, after))
    start, end = (np.take_along_axis(values, place, axis=1)[:, 0] for place in (before, after))
    with np.errstate(invalid="ignore"):
        return np.asarray(start + high / (high - low) * (end - start))
