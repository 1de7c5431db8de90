"""How figures are put into words, the same in the terminal and in the report."""

from twinface.evaluation.intervals import Interval
from twinface.evaluation.results import Subject

_TO = "\N{EN DASH}"


def percent(share: float) -> str:
    """A share as "99.38 %"."""
    return f"{100 * share:.2f} %"


def no_interval(people: int) -> str:
    """What stands in the place of an interval that so few people do not carry."""
    return f"{plural(people, 'person', 'people')}: no interval"


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


def score_text(score: float) -> str:
    """A score or a threshold, whatever its range, with four digits that count."""
    return f"{score:#.4g}"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: "1 pair", "2,610 pairs"."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def describe_subject(subject: Subject) -> str:
    """What was evaluated, as "sface, cosine"."""
    network = subject.network or f"network {subject.fingerprint[:12]}"
    return f"{network}, head '{subject.head.name}'" if subject.head else f"{network}, {subject.metric}"
