"""How figures are put into words, the same in the terminal and in the report."""

import math

from twinface.evaluation.figures.intervals import Interval
from twinface.text import plural

_TO = "\N{EN DASH}"


def percent(share: float) -> str:
    """A share as "99.38 %"."""
    return f"{100 * share:.2f} %"


def small_percent(share: float, digits: int = 3) -> str:
    """A share in percent, however small, with so many digits that count: 0.0000123 as "0.00123"."""
    percents = 100.0 * share
    if not percents:
        return "0"
    return f"{percents:.{max(0, digits - 1 - math.floor(math.log10(percents)))}f}"


def small_range(interval: Interval, digits: int = 2) -> str:
    """An interval of shares in percent, however small, as 0.0012 to 0.0031, with a dash."""
    return f"{small_percent(interval.low, digits)}{_TO}{small_percent(interval.high, digits)}"


def no_interval(people: int) -> str:
    """What stands in the place of an interval that so few people do not carry."""
    return f"{plural(people, 'person')}: no interval"


def percent_range(interval: Interval | None, people: int, digits: int = 2) -> str:
    """An interval of shares in percent, as 99.10 to 99.62, with a dash; `people` carry it."""
    if interval is None:
        return no_interval(people)
    return f"{100 * interval.low:.{digits}f}{_TO}{100 * interval.high:.{digits}f}"


def share_range(interval: Interval | None, people: int) -> str:
    """An interval of shares, as 0.9985 to 0.9993, with a dash; `people` carry it."""
    if interval is None:
        return no_interval(people)
    return f"{interval.low:.4f}{_TO}{interval.high:.4f}"


def rate_text(rate: str) -> str:
    """A false-accept rate as figures name it, "0.001", as "0.1 %"."""
    return f"{100 * float(rate):g} %"


def score_text(score: float) -> str:
    """A score or a threshold, whatever its range, with four digits that count."""
    return f"{score:#.4g}"
