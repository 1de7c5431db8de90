"""Too few people for a false-accept rate: what they can show, and what would help."""

from collections.abc import Sequence
from dataclasses import dataclass

from twinface.errors import InputError
from twinface.evaluation.figures.working_point import Evidence
from twinface.gallery.person import PersonVectors, Snapshot
from twinface.matching.threshold import rate_key
from twinface.text import plural

_USEFUL_RATE = 0.05
"""No higher rate is advised: every twentieth comparison with a stranger would give a name."""


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why a gallery and `strangers` cannot show a false-accept rate: in words, and what would help, one of `mends`.

    `lowest_rate` is the lowest one that they can show, `people_needed` and `strangers_needed` what the rate takes,
    where that can be said: None where no number of these would do.
    """

    evidence: Evidence
    rate: float
    reason: str
    mends: tuple[str, ...]
    lowest_rate: float | None = None
    people_needed: int | None = None
    strangers_needed: int | None = None

    def __str__(self) -> str:
        return f"--far {rate_key(self.rate)}: {self.reason}; {', or '.join(self.mends)}"


class ShortfallError(InputError):
    """These people cannot show the rate: the `shortfall` says why, and what would help."""

    def __init__(self, shortfall: Shortfall) -> None:
        super().__init__(str(shortfall))
        self.shortfall = shortfall


def find_shortfall(gallery: Snapshot, strangers: Sequence[PersonVectors], rate: float) -> Shortfall | None:
    """What is missing to report a false-accept rate; None where nothing is. There is somebody in the gallery."""
    people, pictures = len(gallery.names), len(gallery.vectors)
    evidence = Evidence(people, pictures, len(strangers), sum(len(person.vectors) for person in strangers))
    if pictures == people:
        reason = f"{plural(people, 'person')} with one picture each: none is left to compare when it is the probe"
        return Shortfall(evidence, rate, reason, ("add a second picture of somebody at least",))
    if people == 1 and not strangers:
        reason = f"{gallery.names[0]} is alone in the gallery: nobody to be taken for"
        return Shortfall(evidence, rate, reason, ("add people", "name features of strangers with --impostors"))
    return None if evidence.carries(rate) else _too_few(evidence, rate)


def _too_few(evidence: Evidence, rate: float) -> Shortfall:
    besides = f" and {plural(evidence.strangers, 'stranger')}" if evidence.strangers else ""
    lowest = evidence.lowest_rate if evidence.lowest_rate < 1 else None
    people, strangers = evidence.people_for(rate), evidence.strangers_for(rate)
    reason = (
        f"{plural(evidence.people, 'person')}{besides}: too few, with {plural(round(evidence.pairs), 'pair')} of people"
        f" and {plural(round(evidence.comparisons), 'impostor comparison')}"
    )
    mends = [
        f"name features of {plural(strangers, 'stranger')} with --impostors",
        f"add people until there are {people:,}",
    ]
    if lowest is not None and lowest <= _USEFUL_RATE:
        mends.insert(0, f"take a higher rate: --far {rate_key(lowest)} is the lowest that they can show")
    return Shortfall(evidence, rate, reason, tuple(mends), lowest, people, strangers)
