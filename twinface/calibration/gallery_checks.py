"""A gallery verified: its files, pictures of another person, one person under two names, pictures too poor to go by."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from twinface.averages.average import Averages, adjust_people
from twinface.calibration.lookalikes import Lookalikes, find_suspects, scan_gallery
from twinface.enrolment.likeness import find_two_clusters
from twinface.enrolment.objections import POOR_QUALITY, poor_quality_words
from twinface.enrolment.open_likeness import trained_head
from twinface.errors import ArtefactError
from twinface.gallery.gallery import Gallery
from twinface.gallery.person import PersonVectors, take_snapshot
from twinface.matching.head import Head
from twinface.matching.threshold import choose_threshold
from twinface.progress import ShowProgress, no_progress
from twinface.recognition.averaging import averages_for
from twinface.settings import MatchingSettings, Settings
from twinface.text import plural

_MOST_NAMED = 3


class Fault(StrEnum):
    """What may be wrong, in a word for machines."""

    TWO_PEOPLE = "two_people"
    TOO_ALIKE = "too_alike"
    MISLABELLED = "mislabelled"
    UNLIKE_THE_OTHERS = "unlike_the_others"
    POOR_QUALITY = "poor_quality"


@dataclass(frozen=True, slots=True)
class Finding:
    """Something of a `person` to look at: a `picture` of theirs, or where there is none, that they are like `other`, or
    that `pictures` of theirs are not like the rest.

    `value` is what was measured, 0…1, and `bound` what it was held against: a score, or a quality.
    """

    fault: Fault
    person: str
    picture: str | None
    other: str | None
    value: float
    bound: float
    pictures: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.fault}: {self.words}"

    @property
    def words(self) -> str:
        """What it is, in a line."""
        what = f"{self.person}: {self.picture}"
        if self.fault is Fault.TOO_ALIKE:
            return f"{self.person} and {self.other} score {self.value:.2f} on average: one person?"
        if self.fault is Fault.TWO_PEOPLE:
            some = ", ".join(self.pictures[:_MOST_NAMED]) + (", …" if len(self.pictures) > _MOST_NAMED else "")
            measured = f"{plural(len(self.pictures), 'picture')}: score {self.value:.2f} with the others"
            return f"{self.person}: {measured}, at least {self.bound:.2f} is usual: two people? ({some})"
        if self.fault is Fault.MISLABELLED:
            return f"{what} scores {self.value:.2f} with {self.other}, more than with the person's others"
        if self.fault is Fault.UNLIKE_THE_OTHERS:
            return f"{what} reaches {self.bound:.2f} with none of the person's others"
        return poor_quality_words(self.person, self.picture, self.value)


def check_gallery(
    gallery: Gallery,
    head: Head,
    settings: MatchingSettings,
    *,
    averages: Averages | None = None,
    advance: Callable[[], None] = lambda: None,
) -> list[Finding]:
    """What looks wrong, in the order of `Fault`, the worst first. `advance` is called after each picture.

    The gallery is adjusted by `averages`, which `averages_for` gives for the head.
    Scores are held against the threshold in use; with the rule `vote`, which has none, against that of `template`.
    Raises ArtefactError for vectors of another length than the head's.
    """
    if not gallery.people:
        return []
    if settings.rule == "vote":
        settings = settings.model_copy(update={"rule": "template"})
    threshold = choose_threshold(settings, head.spec).value
    people = gallery.people
    adjusted = adjust_people(people.values(), averages)
    scan = scan_gallery(take_snapshot(adjusted, gallery.version, gallery.network), head, settings, threshold, advance)
    names, files = tuple(people), [file for person in people.values() for file in person.files]
    found = _find_two_people(adjusted, head)
    alike = scan.lookalikes
    found += [Finding(Fault.TOO_ALIKE, two.first, None, two.second, two.score, threshold) for two in alike]
    for one in find_suspects(scan, names, files, threshold):
        if one.reason != "mislabelled":
            found.append(Finding(Fault.UNLIKE_THE_OTHERS, one.person, one.picture, None, one.own, threshold))
        elif not _is_told(one.person, one.other, alike):
            found.append(Finding(Fault.MISLABELLED, one.person, one.picture, one.other, one.other_score, threshold))
    return found + _find_poor(gallery)


def _is_told(person: str, other: str | None, alike: list[Lookalikes]) -> bool:
    """Whether it is no wonder: two names of one person are reported once, not picture by picture."""
    return any({two.first, two.second} == {person, other} for two in alike)


def _find_two_people(people: Sequence[PersonVectors], head: Head) -> list[Finding]:
    found = []
    for person in people:
        if (two := find_two_clusters(person.vectors, head)) is not None:
            pictures, likeness = tuple(person.files[row] for row in two.rows), two.likeness
            found.append(Finding(Fault.TWO_PEOPLE, person.name, None, None, likeness.score, likeness.bound, pictures))
    return sorted(found, key=lambda one: one.value)


def _find_poor(gallery: Gallery) -> list[Finding]:
    found = [
        Finding(Fault.POOR_QUALITY, name, picture, None, float(quality), POOR_QUALITY)
        for name, person in gallery.people.items()
        for picture, quality in zip(person.files, person.quality, strict=True)
        if quality < POOR_QUALITY
    ]
    return sorted(found, key=lambda one: one.value)


@dataclass(frozen=True, slots=True)
class Verified:
    """Of a `gallery` of so many `vectors`: what is wrong with its files, and what its people show.

    `findings` is None where nobody was compared: only the files were asked for, or it would mean nothing, because of
    what `not_compared` says.
    """

    gallery: Gallery
    vectors: int
    problems: tuple[str, ...]
    findings: tuple[Finding, ...] | None
    not_compared: str = ""


def verify(settings: Settings, *, files_only: bool = False, show: ShowProgress = no_progress) -> Verified:
    """Check every file of the gallery of the settings and, unless `files_only`, compare everybody.

    Raises ArtefactError and its kin where there is no gallery, or it is damaged as a whole.
    """
    gallery = Gallery.open(settings.gallery)
    problems = tuple(str(error) for error in gallery.verify().values())
    vectors = sum(len(person.files) for person in gallery.people.values())
    if files_only:
        return Verified(gallery, vectors, problems, None)
    try:
        head = trained_head(gallery, settings)
    except ArtefactError as error:
        return Verified(gallery, vectors, problems, None, str(error))
    with show("comparing", vectors) as bar:
        averages = averages_for(head, settings, gallery)
        found = check_gallery(gallery, head, settings.matching, averages=averages, advance=bar.advance)
    return Verified(gallery, vectors, problems, tuple(found))
