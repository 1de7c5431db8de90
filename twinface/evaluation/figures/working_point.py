"""From comparisons to thresholds: what false-accept rate the data carry, the score that keeps it, and how sure that is.

The false-accept rate (FAR) is the share of comparisons of a picture with another person that reach the threshold. The
comparisons of the same two people are alike, so what carries a rate is how many pairs of people there are.
"""

import bisect
import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.evaluation.figures.intervals import (
    CONFIDENCE,
    FEWEST_PEOPLE,
    POSSIBLE_OF_NONE,
    ROUNDS,
    Interval,
    Share,
    possible_of_none,
)
from twinface.evaluation.protocols.leave_one_out import Comparisons

USUAL_RATES = (0.01, 0.001, 0.0001)

_FEWEST_ACCEPTED = 10
"""A threshold has at least so many false accepts above it."""

_FEWEST_PAIRS = 1.0
"""So many pairs of people for each rate's worth: comparisons of two people, who may be twins, do not make a rate."""

_Counts = NDArray[np.int64]
_MOST_PEOPLE = 1_000_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a rate rests on: `people` of a gallery and `strangers`, and how many pictures there are of each."""

    people: int
    pictures: int
    strangers: int
    strangers_pictures: int

    @property
    def pairs(self) -> float:
        """Pairs of a person of the gallery and somebody else."""
        return self.people * (self.people - 1) / 2 + self.strangers * self.people

    @property
    def comparisons(self) -> float:
        """Comparisons of a picture with another person than its own."""
        return self.pictures * (self.people - 1) + self.strangers_pictures * self.people

    @property
    def lowest_rate(self) -> float:
        """The lowest false-accept rate they carry, rounded up to two digits; 1 or more: none."""
        if self.pairs < 1:
            return math.inf
        rate = max(_FEWEST_ACCEPTED / self.comparisons, _FEWEST_PAIRS / self.pairs)
        unit = 10.0 ** (math.floor(math.log10(rate)) - 1)
        return math.ceil(round(rate / unit, 6)) * unit

    def carries(self, rate: float) -> bool:
        """Whether a threshold can be reported for this false-accept rate."""
        return rate * self.comparisons >= _FEWEST_ACCEPTED and rate * self.pairs >= _FEWEST_PAIRS

    def people_for(self, rate: float) -> int:
        """How many people a gallery needs to carry a rate, with as many pictures of each as here."""
        each = self.pictures / self.people

        def enough(people: int) -> bool:
            return Evidence(people, round(people * each), self.strangers, self.strangers_pictures).carries(rate)

        return _first(enough)

    def strangers_for(self, rate: float) -> int:
        """How many strangers it needs besides these people, with as many pictures of each as here, or one."""
        each = self.strangers_pictures / self.strangers if self.strangers else 1.0

        def enough(strangers: int) -> bool:
            return Evidence(self.people, self.pictures, strangers, round(strangers * each)).carries(rate)

        return _first(enough)


@dataclass(frozen=True, slots=True)
class WorkingPoint:
    """What a threshold does in a gallery.

    `accepted`: false accepts of all comparisons with another person (FAR). `not_named`: pictures of the gallery's
    people that are not named as them, by their other pictures (FNIR). `strangers_named`: pictures that get the name of
    somebody when their own person is not in the gallery (FPIR).
    """

    rate: float
    threshold: float
    accepted: Share
    not_named: Share
    strangers_named: Share


def evidence_of(comparisons: Comparisons) -> Evidence:
    """What comparisons rest on."""
    known = int((comparisons.shown < comparisons.people).sum())
    return Evidence(comparisons.people, known, comparisons.strangers, len(comparisons.shown) - known)


def find_threshold(comparisons: Comparisons, rate: float) -> float:
    """The lowest score that at most this share of the comparisons with another person reaches.

    Above 1 when too many reach the highest score there is.
    """
    impostor = comparisons.scores[comparisons.impostor]
    place = len(impostor) - 1 - int(rate * len(impostor))
    return float(np.nextafter(np.partition(impostor, place)[place], np.inf))


def measure(comparisons: Comparisons, rate: float, threshold: float, seed: int = 0) -> WorkingPoint:
    """What happens at a threshold. The same for the same seed. Needs a person with two pictures or more."""
    own, (_, other) = comparisons.own, comparisons.best_other()
    probes = ~np.isnan(own)
    missed = (own < threshold) | (other > own)
    return WorkingPoint(
        rate=rate,
        threshold=threshold,
        accepted=_accepted(comparisons, threshold, seed),
        not_named=share_of_probes(missed[probes], comparisons.shown[probes], seed),
        strangers_named=share_of_probes(other >= threshold, comparisons.shown, seed),
    )


def share_of_probes(hits: NDArray[np.bool_], shown: NDArray[np.int32], seed: int) -> Share:
    """The share of `hits` among probes (n,), with a bootstrap over the people they show, numbered by `shown` (n,).

    Where none or all are hits, people are all the interval can go by: what so many would leave possible.
    """
    _, group = np.unique(shown, return_inverse=True)
    groups, total = int(group.max()) + 1, int(hits.sum())
    if groups < FEWEST_PEOPLE:
        return Share(total, len(hits), None, groups)
    found, of = np.bincount(group, weights=hits, minlength=groups), np.bincount(group, minlength=groups)
    drawn = np.random.default_rng(seed).multinomial(groups, np.full(groups, 1.0 / groups), size=ROUNDS)
    low, high = _quantiles((drawn @ found) / (drawn @ of))
    possible = possible_of_none(groups)
    if total == 0:
        high = possible
    elif total == len(hits):
        low = 1.0 - possible
    return Share(total, len(hits), Interval(low, high), groups)


def _accepted(comparisons: Comparisons, threshold: float, seed: int) -> Share:
    """The false accepts, with a bootstrap over people in both their roles, as a probe and in the gallery.

    People of the gallery and strangers are drawn apart. A comparison weighs how often both of its people were drawn
    (the pigeonhole bootstrap, see intervals); nobody is an impostor to their own copy. The interval never ends below
    what the rule of three leaves possible for so many pairs of people.
    """
    people, evidence = comparisons.people, evidence_of(comparisons)
    rows, columns = np.nonzero(comparisons.impostor & (comparisons.scores >= threshold))
    if people < FEWEST_PEOPLE:
        return Share(len(rows), int(evidence.comparisons), None, people)
    pairs, counts = np.unique(comparisons.shown[rows].astype(np.int64) * people + columns, return_counts=True)
    probe, known = pairs // people, pairs % people
    pictures = np.bincount(comparisons.shown)
    rng = np.random.default_rng(seed)
    shares = np.full(ROUNDS, np.nan)
    for number in range(ROUNDS):
        drawn = np.concatenate([_draw(rng, people), _draw(rng, comparisons.strangers)])
        shown = drawn * pictures
        of = shown.sum() * drawn[:people].sum() - (shown * drawn)[:people].sum()
        if of:
            shares[number] = (counts * drawn[probe] * drawn[known]).sum() / of
    low, high = _quantiles(shares)
    possible = min(1.0, POSSIBLE_OF_NONE / evidence.pairs)
    return Share(len(rows), int(evidence.comparisons), Interval(low, max(high, possible)), people)


def _draw(rng: np.random.Generator, people: int) -> _Counts:
    return rng.multinomial(people, np.full(people, 1.0 / people)) if people else np.zeros(0, np.int64)


def _quantiles(shares: NDArray[np.float64]) -> tuple[float, float]:
    tail = (1.0 - CONFIDENCE) / 2
    low, high = np.nanquantile(shares, (tail, 1.0 - tail))
    return float(low), float(high)


def _first(enough: Callable[[int], bool]) -> int:
    """The smallest number from 1 on that is enough; more are enough as well."""
    return 1 + bisect.bisect_left(range(1, _MOST_PEOPLE), True, key=enough)
