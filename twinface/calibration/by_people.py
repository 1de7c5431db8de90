"""A gallery calibrated by its own people: thresholds and what they do in it, or what is missing to find them."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from twinface.averages.average import Averages, adjust_people
from twinface.averages.averages_in_use import adjust_features
from twinface.calibration.lookalikes import Lookalikes, Suspect, find_suspects, most_alike
from twinface.errors import FingerprintError, InputError
from twinface.evaluation.figures.working_point import (
    USUAL_RATES,
    Evidence,
    WorkingPoint,
    evidence_of,
    find_threshold,
    measure,
)
from twinface.evaluation.protocols.leave_one_out import Comparisons, compare
from twinface.evaluation.protocols.split import person_digest
from twinface.gallery.gallery import Gallery
from twinface.gallery.names import checked_name
from twinface.gallery.people_files import read_features
from twinface.gallery.person import PersonVectors, Snapshot, take_snapshot
from twinface.matching.head import Head
from twinface.matching.head_folder import trained_people
from twinface.matching.head_spec import DecisionCalibration
from twinface.matching.threshold import rate_key
from twinface.settings import MatchingSettings
from twinface.text import plural

_USEFUL_RATE = 0.05
"""No higher rate is advised: every twentieth comparison with a stranger would give a name."""

_BEST_SCORE = 1.0


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


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """Thresholds and what they do in this gallery; `chosen` is the point of the rate that was asked for.

    `not_carried` are the usual rates that the data cannot tell; `alike` the two most confusable people of the gallery,
    `stranger_alike` the most confusable stranger, where there are such.
    """

    evidence: Evidence
    points: tuple[WorkingPoint, ...]
    chosen: WorkingPoint
    not_carried: tuple[float, ...]
    alike: Lookalikes | None
    stranger_alike: Lookalikes | None
    suspects: tuple[Suspect, ...]

    def calibration(self, settings: MatchingSettings) -> DecisionCalibration:
        """What is stored in the head."""
        thresholds = {rate_key(point.rate): point.threshold for point in self.points}
        return DecisionCalibration.model_validate(
            {
                "rule": settings.rule,
                "best_k": settings.best_k,
                "comparisons": self.evidence.comparisons,
                "people": self.evidence.people,
                "thresholds": thresholds,
            }
        )


def read_strangers(folder: Path, gallery: Gallery) -> tuple[list[PersonVectors], list[str]]:
    """People of a features folder who are not in the gallery by their name, and the names of those who are.

    Raises ArtefactError and its kin for features that cannot be read or are of another network, InputError when nobody
    is left.
    """
    people = read_features(folder)
    if people[0].network != gallery.network:
        raise FingerprintError(
            f"{folder}: of another network ({people[0].network[:12]}) than the gallery's ({gallery.network[:12]}); "
            f"extract them with --network {gallery.network_name or 'of the gallery'}"
        )
    known = {_compared(name) for name in gallery.people}
    strangers = [person for person in people if _compared(person.name) not in known]
    if not strangers:
        raise InputError(f"--impostors {folder}: everybody in it is in the gallery; name features of other people")
    return strangers, [person.name for person in people if _compared(person.name) in known]


def learnt_by(head: Path, names: Iterable[str]) -> list[str]:
    """Those of `names` that a head was trained or tuned on, as far as it lists them."""
    digests = trained_people(head, required=False)
    return [name for name in names if person_digest(name) in digests]


def calibrate_gallery(
    gallery: Gallery,
    strangers: Sequence[PersonVectors],
    head: Head,
    settings: MatchingSettings,
    rate: float,
    *,
    averages: Averages | None = None,
    advance: Callable[[], None] = lambda: None,
) -> CalibrationReport:
    """Compare everybody, and find the thresholds of a rate and of the usual ones. The rule has a threshold: not `vote`.

    The gallery is adjusted by `averages`, which `averages_for` gives for the head; the strangers by their own.
    Raises ShortfallError where the data do not carry the rate, InputError where more comparisons than that reach the
    highest score, ArtefactError for vectors of another length than the head's.
    """
    adjusted = adjust_people(gallery.people.values(), averages)
    snapshot = take_snapshot(adjusted, gallery.version, gallery.network)
    shortfall = find_shortfall(snapshot, strangers, rate)
    if shortfall is not None:
        raise ShortfallError(shortfall)
    comparisons = compare(snapshot, adjust_features(strangers, head.cohort), head, settings, advance)
    evidence = evidence_of(comparisons)
    names = (*snapshot.names, *(person.name for person in strangers))
    files = [file for person in gallery.people.values() for file in person.files]
    alike, stranger_alike = most_alike(comparisons, names)
    points = _points(comparisons, evidence, rate)
    chosen = next((point for point in points if point.rate == rate), None)
    if chosen is None:
        culprits = [two for two in (alike, stranger_alike) if two is not None]
        twice = max(culprits, key=lambda two: two.score)
        raise InputError(
            f"--far {rate_key(rate)}: more comparisons than that reach the highest score there is; {twice.first} and "
            f"{twice.second} look like one person under two names"
        )
    return CalibrationReport(
        evidence=evidence,
        points=points,
        chosen=chosen,
        not_carried=tuple(usual for usual in USUAL_RATES if usual not in {point.rate for point in points}),
        alike=alike,
        stranger_alike=stranger_alike,
        suspects=tuple(find_suspects(comparisons, names, files, chosen.threshold)),
    )


def _points(comparisons: Comparisons, evidence: Evidence, rate: float) -> tuple[WorkingPoint, ...]:
    """The working points of all rates that the data carry, the highest rate first."""
    rates = sorted({rate, *USUAL_RATES}, reverse=True)
    thresholds = {one: find_threshold(comparisons, one) for one in rates if evidence.carries(one)}
    return tuple(measure(comparisons, one, found) for one, found in thresholds.items() if found <= _BEST_SCORE)


def _compared(name: str) -> str:
    return checked_name(name).casefold()
