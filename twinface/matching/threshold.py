"""Which threshold decides, and where it comes from: the settings, the head's calibration, or neither."""

from dataclasses import dataclass

from twinface.matching.decision import DEFAULT_THRESHOLD
from twinface.matching.spec import DecisionCalibration, HeadSpec
from twinface.matching.strangers_named import share_asked_for
from twinface.settings import MatchingSettings


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
    return Threshold(calibration.thresholds[rate], f"false-accept rate {rate}, from {calibration.people} people")


def keep_strangers_nameless(value: float, people: int, settings: MatchingSettings) -> Threshold:
    """The threshold at which imagined strangers get a name in this gallery as seldom as the settings ask."""
    share = share_asked_for(settings.strangers_named, people)
    return Threshold(value, f"one stranger in {1 / share:,.0f} gets a name, by {people} people enrolled")


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


def _misfit(settings: MatchingSettings, calibration: DecisionCalibration) -> str:
    if calibration.rule != settings.rule:
        return f"the head is calibrated for the rule {calibration.rule!r}, not {settings.rule!r}"
    if calibration.rule == "best-k" and calibration.best_k != settings.best_k:
        return f"the head is calibrated for best_k = {calibration.best_k}, not {settings.best_k}"
    rate = rate_key(settings.false_accept_rate)
    if rate not in calibration.thresholds:
        return f"the head is calibrated for false-accept rates of {', '.join(calibration.thresholds)}, not {rate}"
    return ""
