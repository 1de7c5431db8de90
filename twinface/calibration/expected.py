"""What a gallery does to strangers and to its own people, estimated without a picture of a stranger.

Imagined strangers (`matching.cohort`) come to the gallery as they do where names are given, and each of its pictures
is left out once and comes as a probe.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.averages.average import Averages, adjust_people
from twinface.calibration.lookalikes import Lookalikes, find_lookalikes, most_alike
from twinface.errors import InputError
from twinface.evaluation.figures.intervals import Share
from twinface.evaluation.figures.working_point import share_of_probes
from twinface.evaluation.protocols.leave_one_out import Comparisons, compare
from twinface.gallery.gallery import Gallery
from twinface.gallery.person import Snapshot, take_snapshot
from twinface.matching.decision import enrolled_vectors
from twinface.matching.head import Head
from twinface.matching.threshold import (
    Threshold,
    choose_threshold,
    expected_share,
    is_left_open,
    keep_strangers_nameless,
    least_score,
    share_asked_for,
)
from twinface.recognition.known import strangers_with_people
from twinface.settings import MatchingSettings
from twinface.types import Scores

NEAREST_SHARE = 0.05
"""Of the imagined strangers: those who come nearest to anybody tell whom strangers come near."""

_FAR_FROM_EVEN = 3.0
_PEOPLE_AT_ONCE = 32


@dataclass(frozen=True, slots=True)
class OwnPictures:
    """How many of a person's `pictures` are `missed` when each is left out and compared with the others."""

    name: str
    pictures: int
    missed: int


@dataclass(frozen=True, slots=True)
class NearStrangers:
    """Whom most imagined strangers come near: so many of 1, `share`, of those who come nearest to anybody.

    `even` is what each person of the gallery would have.
    """

    name: str
    share: float
    even: float

    @property
    def stands_out(self) -> bool:
        """Whether it is so much more than an even share that a picture of theirs may be poor."""
        return self.share >= min(_FAR_FROM_EVEN * self.even, (1.0 + self.even) / 2)


@dataclass(frozen=True, slots=True)
class StrangersExpected:
    """What is expected where a share of strangers, `asked`, 0…1, may get any name from one look.

    `threshold` is the score, 0…1, that names in this gallery then, `everyday` and `posed` the shares of strangers
    expected to reach it, by the kind of their pictures. `in_force` is the threshold that decides as things are, and
    `is_left_open` whether the settings' strangers_named finds it, and not a threshold of theirs or of the head.

    `missed` are own pictures of all people with two or more, of each of whom `own` tells; None where there is nobody.
    `single` have one picture. `most_alike` are two people, `twins` all two who reach the threshold with each other, and
    `near` whom strangers come near; None, or none, in a gallery of one person.
    """

    people: int
    pictures: int
    asked: float
    threshold: float
    everyday: float
    posed: float
    in_force: Threshold
    is_left_open: bool
    missed: Share | None
    own: tuple[OwnPictures, ...]
    single: tuple[str, ...]
    most_alike: Lookalikes | None
    twins: tuple[Lookalikes, ...]
    near: NearStrangers | None


def expect_strangers(
    gallery: Gallery,
    head: Head,
    matching: MatchingSettings,
    share: float | None = None,
    *,
    averages: Averages | None = None,
    advance: Callable[[], None] = lambda: None,
) -> StrangersExpected:
    """Find what is expected at a `share` of strangers, 0 to 1, else at that of the settings. `advance`: each picture.

    The gallery is adjusted by `averages`, which `averages_for` gives for the head.

    Raises InputError for a share out of range, a gallery without people, a head without a cohort and the rule "vote";
    ArtefactError for vectors of another length than the head's.
    """
    tail = _checked_tail(gallery, head, matching, share)
    adjusted = adjust_people(gallery.people.values(), averages)
    snapshot = take_snapshot(adjusted, gallery.version, gallery.network)
    people = len(snapshot.names)
    numbers = _strangers(head, snapshot, matching)
    best = [kind.max(axis=1) for kind in numbers]
    in_settings = share_asked_for(matching.strangers_named, people)
    asked = in_settings if share is None else share
    threshold = least_score(best, people, asked, tail)
    everyday, posed = (expected_share(kind, people, threshold, tail) for kind in best)
    comparisons = compare(snapshot, [], head, matching, advance)
    missed, probes = _missed(comparisons, threshold, matching), ~np.isnan(comparisons.own)
    pictures = np.bincount(snapshot.person_index, minlength=people)
    counts = np.bincount(snapshot.person_index[missed & probes], minlength=people)
    return StrangersExpected(
        people=people,
        pictures=len(snapshot.vectors),
        asked=asked,
        threshold=threshold,
        everyday=everyday,
        posed=posed,
        in_force=_in_force(head, matching, least_score(best, people, in_settings, tail), people),
        is_left_open=is_left_open(matching, head.spec),
        missed=share_of_probes(missed[probes], comparisons.shown[probes], 0) if probes.any() else None,
        own=tuple(
            OwnPictures(name, int(of), int(count))
            for name, of, count in zip(snapshot.names, pictures, counts, strict=True)
            if of > 1
        ),
        single=tuple(name for name, of in zip(snapshot.names, pictures, strict=True) if of == 1),
        most_alike=most_alike(comparisons, snapshot.names)[0],
        twins=tuple(find_lookalikes(comparisons, snapshot.names, threshold)),
        near=_near(numbers, snapshot.names) if people > 1 else None,
    )


def _checked_tail(gallery: Gallery, head: Head, matching: MatchingSettings, share: float | None) -> NDArray[np.float32]:
    """The head's tail, where everything else is in order too."""
    if share is not None and not 0 < share < 1:
        raise InputError(f"--strangers-named {share:g}: expected a share between 0 and 1, such as 0.001")
    if matching.rule == "vote":
        raise InputError('the rule "vote" has no threshold, but a vote_share; set rule = "template" in [matching]')
    if head.tail is None:
        raise InputError("this head knows no strangers; train one that does with `twinface train --strangers FEATURES`")
    if not gallery.people:
        raise InputError(f"{gallery.folder}: nobody is in this gallery; add people with `twinface gallery add`")
    return head.tail


def _strangers(head: Head, snapshot: Snapshot, matching: MatchingSettings) -> list[Scores]:
    """What the rule makes of imagined strangers and each person, (n, people), of each kind of picture."""
    blocks = []
    for start in range(0, len(snapshot.names), _PEOPLE_AT_ONCE):
        end = min(len(snapshot.names), start + _PEOPLE_AT_ONCE)
        rows = slice(*np.searchsorted(snapshot.person_index, (start, end)))
        index = snapshot.person_index[rows] - np.int32(start)
        vectors, index = enrolled_vectors(snapshot.vectors[rows], index, end - start, matching)
        blocks.append(strangers_with_people(head, head.prepare_gallery(vectors), index, end - start, matching))
    return [np.concatenate(kind, axis=1) for kind in zip(*blocks, strict=True)]


def _in_force(head: Head, matching: MatchingSettings, found: float, people: int) -> Threshold:
    """What decides as things are; `found` is the threshold by the strangers that the settings ask for."""
    if is_left_open(matching, head.spec):
        return keep_strangers_nameless(found, people, matching)
    return choose_threshold(matching, head.spec)


def _missed(comparisons: Comparisons, threshold: float, matching: MatchingSettings) -> NDArray[np.bool_]:
    """Which probes do not get their own person's name, (probes,), by the threshold and the lead that `decide` needs."""
    own, (_, other) = comparisons.own, comparisons.best_other()
    lead = matching.margin if comparisons.people > 1 else 0.0
    return np.asarray((own < threshold) | (own - other < lead))


def _near(numbers: list[Scores], names: tuple[str, ...]) -> NearStrangers:
    counts = np.zeros(len(names), np.int64)
    for kind in numbers:
        nearest = np.argsort(kind.max(axis=1), kind="stable")[-max(1, int(NEAREST_SHARE * len(kind))) :]
        counts += np.bincount(kind[nearest].argmax(axis=1), minlength=len(names))
    most = int(counts.argmax())
    return NearStrangers(names[most], float(counts[most] / counts.sum()), 1.0 / len(names))
