"""Which score gives a name, and where that comes from: the settings, the head's calibration, or strangers.

Where strangers decide, asked for is how often one may get any name. Strangers who are imagined (`cohort`) come to the
gallery, and the best score of each with anybody in it is looked at. Imagined people are a little less alike than real
ones, the more so the rarer what is asked: a head has measured by how much, on strangers that its cohort was not trained
on, and what is asked for is lowered by that.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinface.matching.decision import DEFAULT_THRESHOLD
from twinface.matching.head_spec import DecisionCalibration, HeadSpec
from twinface.settings import MatchingSettings
from twinface.text import plural
from twinface.types import Scores

DEFAULT_A_PERSON, DEFAULT_AT_MOST = 5e-5, 0.002
"""Where nothing is asked for: how often a stranger may get the name of one person in particular, and anybody's."""

LEAST_SHARE = 1e-9
"""No smaller share of strangers is reported: it rests on a tail that is carried on, and was seen by nobody."""

_HALVINGS = 40
_TAIL_SHARE = 0.02
_FEWEST_ABOVE = 10
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Threshold:
    """The score, 0…1, that gives a name, and in words where it comes from.

    `problem` says why a calibration that the head has is not used; it is empty where nothing is amiss.
    """

    value: float
    source: str
    problem: str = ""

    def applied_to(self, settings: MatchingSettings) -> MatchingSettings:
        """The settings with this threshold in them, for `decide`."""
        return settings if settings.rule == "vote" else settings.model_copy(update={"threshold": self.value})

    def __str__(self) -> str:
        return f"threshold {self.value:.4g} ({self.source})"


def choose_threshold(settings: MatchingSettings, spec: HeadSpec) -> Threshold:
    """The settings' own threshold, else the head's at their `false_accept_rate`, else 0.5.

    The head's is of the rule and `best_k` it was calibrated with, and of no other. The rule `vote` has its own share.
    """
    if settings.rule == "vote":
        return Threshold(settings.vote_share, "vote_share of the settings")
    if settings.threshold is not None:
        return Threshold(settings.threshold, "set, not calibrated")
    calibration = spec.decision
    if calibration is None:
        return Threshold(DEFAULT_THRESHOLD, "default, not calibrated")
    problem = _misfit(settings, calibration)
    if problem:
        return Threshold(DEFAULT_THRESHOLD, f"default: {problem}", f"{problem}; run `twinface calibrate` again")
    rate = rate_key(settings.false_accept_rate)
    return Threshold(
        calibration.thresholds[rate], f"false-accept rate {rate}, from {plural(calibration.people, 'person')}"
    )


def keep_strangers_nameless(value: float, people: int, settings: MatchingSettings) -> Threshold:
    """The threshold at which imagined strangers get a name in this gallery as seldom as the settings ask."""
    share = share_asked_for(settings.strangers_named, people)
    return Threshold(value, f"one stranger in {1 / share:,.0f} gets a name, by {plural(people, 'person')} enrolled")


class PairThreshold(NamedTuple):
    """The score, 0…1, from which two pictures are taken for one person's, and the `rate` of pairs of two people that
    reach it, None where nobody has measured one.
    """

    value: float
    rate: float | None


def threshold_of_pairs(settings: MatchingSettings, spec: HeadSpec, used: Threshold, people: int) -> PairThreshold:
    """What gives a name, as a threshold of single pairs: `used` is in force in a gallery of so many `people`.

    Where strangers decided, the rate is what was asked for of each person; where `twinface calibrate` did, its own;
    else that of the head, if it measured one at this very score.
    """
    if settings.rule == "vote":
        return PairThreshold(settings.vote_score, None)
    if is_left_open(settings, spec) and people and used.value != DEFAULT_THRESHOLD:
        return PairThreshold(used.value, rate_of_each(share_asked_for(settings.strangers_named, people), people))
    if settings.threshold is None and spec.decision is not None and not used.problem:
        return PairThreshold(used.value, settings.false_accept_rate)
    measured = (float(rate) for rate, score in spec.thresholds.items() if score == used.value)
    return PairThreshold(used.value, next(measured, None))


def rate_of_each(share: float, people: int) -> float:
    """How often a stranger gets the name of one of so many `people`, where a `share` of strangers gets any."""
    return -math.expm1(math.log1p(-share) / people)


def is_left_open(settings: MatchingSettings, spec: HeadSpec) -> bool:
    """Whether neither the settings nor `twinface calibrate` say a threshold, so that the gallery's people do."""
    return settings.rule != "vote" and settings.threshold is None and spec.decision is None


def stands_for(value: float, spec: HeadSpec) -> str:
    """What a score of a head stands for, in words: by the false-accept rates that were measured when it was trained."""
    rates = sorted((float(rate), score) for rate, score in spec.thresholds.items())
    kept = next(((rate, score) for rate, score in rates if score <= value), None)
    where = "of the pairs of different people that the head was measured on"
    if kept is not None:
        return f"stricter than {kept[1]:.2g}, which {kept[0]:g} {where} reach"
    if rates:
        return f"more than {rates[-1][0]:g} {where} reach it"
    return "an even chance by the head's own scale; no rate was measured"


def rate_key(rate: float) -> str:
    """How a false-accept rate is written in head.json: "0.001"."""
    return f"{rate:g}"


def share_asked_for(strangers_named: float | None, people: int) -> float:
    """The share of strangers who may get any name, 0…1: what is asked for, else the default for so many `people`."""
    return min(DEFAULT_AT_MOST, people * DEFAULT_A_PERSON) if strangers_named is None else strangers_named


def least_score(best: Sequence[Scores], people: int, share: float, tail: NDArray[np.float32]) -> float:
    """The score, 0…1, from which a name is given so that at most a `share` of strangers get any.

    `best` has, for each kind of picture, the best score (n,) of each imagined stranger with one of the `people`; what
    is worst among kinds decides. `tail` (rates, 2) is what `training.stranger_lessons.measure_tail` gives.
    """
    rate = rate_of_each(share, people)
    imagined = min(1.0, share * imagined_rate(rate, tail) / rate)
    return max(_score_of(scores, imagined, people) for scores in best)


def expected_share(best: Scores, people: int, threshold: float, tail: NDArray[np.float32]) -> float:
    """The share of strangers, 0…1, expected to get any name at a threshold: what `least_score` undoes.

    `best` (n,) are imagined strangers of one kind of picture. No share below `LEAST_SHARE` is distinguished from it.
    """
    low, high = math.log(LEAST_SHARE), math.log1p(-LEAST_SHARE)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if least_score([best], people, math.exp(middle), tail) > threshold:
            low = middle
        else:
            high = middle
    return math.exp(high)


def imagined_rate(rate: float, tail: NDArray[np.float32]) -> float:
    """The share of comparisons with imagined strangers that reach what a share `rate` of those with real ones does.

    Between measured rates it is interpolated in logarithms; beyond the rarest it falls on as over all of them, and
    above the most common their ratio stays.
    """
    rates, imagined = np.log(tail[::-1, 0]), np.log(tail[::-1, 1])
    wanted = math.log(rate)
    if wanted < rates[0]:
        slope = (imagined[-1] - imagined[0]) / (rates[-1] - rates[0])
        return math.exp(imagined[0] + slope * (wanted - rates[0]))
    if wanted > rates[-1]:
        return math.exp(imagined[-1] + wanted - rates[-1])
    return math.exp(float(np.interp(wanted, rates, imagined)))


def _misfit(settings: MatchingSettings, calibration: DecisionCalibration) -> str:
    if calibration.rule != settings.rule:
        return f"the head is calibrated for the rule {calibration.rule!r}, not {settings.rule!r}"
    if calibration.rule == "best-k" and calibration.best_k != settings.best_k:
        return f"the head is calibrated for best_k = {calibration.best_k}, not {settings.best_k}"
    rate = rate_key(settings.false_accept_rate)
    if rate not in calibration.thresholds:
        return f"the head is calibrated for false-accept rates of {', '.join(calibration.thresholds)}, not {rate}"
    return ""


def _score_of(scores: Scores, share: float, people: int) -> float:
    """The score that a `share` of the best of each with so many `people`, reaches; beyond the last few by their tail.

    The tail is that of the best of as many normal deviates: a line through the highest logits over the deviates that as
    large a share of comparisons with one person reaches.
    """
    lowest = np.finfo(np.float32).tiny
    kept = np.clip(scores.astype(np.float64), lowest, 1.0 - 2.0**-24)
    logits = np.sort(np.log(kept) - np.log1p(-kept))
    above = share * len(logits)
    if above >= _FEWEST_ABOVE or len(logits) * _TAIL_SHARE < _FEWEST_ABOVE:
        logit = float(logits[max(0, len(logits) - max(1, round(above)))])
    else:
        highest = logits[len(logits) - int(_TAIL_SHARE * len(logits)) :]
        places = np.arange(len(highest), 0, -1) - 0.5
        deviates = np.array([_deviate(place / len(logits) / people) for place in places])
        around = deviates - deviates.mean()
        slope = float(around @ highest / (around @ around))
        tail = highest.mean() + slope * (_deviate(share / people) - deviates.mean())
        logit = float(max(tail, logits[-_FEWEST_ABOVE]))
    return 1.0 / (1.0 + math.exp(-logit))


def _deviate(share: float) -> float:
    """What a `share` of normal deviates reaches."""
    return -_NORMAL.inv_cdf(share)
