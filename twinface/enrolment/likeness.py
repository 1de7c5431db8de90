"""The gate of enrolment, as far as vectors tell: pictures unlike the others of a person, and two people under one name.

What it catches, and how often it is wrong, is measured in docs/decisions/enrolment-quality.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.enrolment.objections import Objection, Reason
from twinface.gallery.person import Snapshot
from twinface.matching.decision import decide, enrolled_vectors
from twinface.matching.head import Head
from twinface.matching.vectors import fuse, normalised
from twinface.settings import MatchingSettings
from twinface.types import Scorer, Scores, State, Vectors

_RATE = "0.001"
_LIKE = 0.05
"""What two pictures of one person score at least, where the head does not say what strangers reach once in 1,000 pairs:
by plain cosine, 0.35. The bundled head has 0.037: of the frontal pairs of one person 1.2 % score less, of those of
two people 0.06 % more."""

_LEAST_PICTURES = 2
"""Of each of two people; a single odd picture tells nothing."""

_MOST_ROUNDS = 20


def least_score(head: Head) -> float:
    """What pictures of one person score with each other at least, 0…1."""
    return head.spec.thresholds.get(_RATE, _LIKE)


def object_to_likeness(
    name: str, vectors: Vectors, gallery: Snapshot, head: Head, settings: MatchingSettings
) -> list[Objection | None]:
    """What speaks against each of the `vectors`, float32 (n, d), of pictures said to be of the person `name`.

    Looks like somebody else: the matcher would give it the name of another person of the gallery. Not like the others:
    with the person's other pictures, those in the gallery and the new ones, it scores too low on average. What the
    person looks like is the largest group of pictures that their scores link, so that two wrong pictures do not vouch
    for each other; those in the gallery are taken for right. Where two groups are equally large, nobody can tell which
    is right, and all are objected to. Raises ArtefactError for vectors that do not fit the gallery's or the head.
    """
    own = np.array([known == name for known in gallery.names], bool)[gallery.person_index]
    people, numbers = np.unique(gallery.person_index[~own], return_inverse=True)
    names = tuple(gallery.names[person] for person in people)
    compared, index = enrolled_vectors(gallery.vectors[~own], numbers.astype(np.int32), len(names), settings)
    enrolled = gallery.vectors[own] if own.any() else vectors[:0]
    score = head.prepare(compared) if names else score_nobody
    return object_to_pictures(vectors, enrolled, Others(names, index, score), head, settings)


@dataclass(frozen=True, slots=True)
class LikenessGate:
    """What tells from vectors whether a picture is of somebody: the gallery, and the head and rule it is matched by."""

    gallery: Snapshot
    head: Head
    matching: MatchingSettings

    def object_to(self, name: str, vectors: Vectors) -> list[Objection | None]:
        """As `object_to_likeness`."""
        return object_to_likeness(name, vectors, self.gallery, self.head, self.matching)


@dataclass(frozen=True, slots=True, eq=False)
class Others:
    """Everybody else in a gallery: score i, of n, is with `names[person_index[i]]`, int32 (n,), who all have one."""

    names: tuple[str, ...]
    person_index: NDArray[np.int32]
    score: Scorer


def score_nobody(probes: Vectors) -> Scores:
    """The scores (n, 0) of probes (n, d) where there is nobody to compare with, whatever the head."""
    return np.empty((len(probes), 0), np.float32)


def object_to_pictures(
    vectors: Vectors, enrolled: Vectors, others: Others, head: Head, settings: MatchingSettings
) -> list[Objection | None]:
    """What speaks against each of the `vectors` (n, d) of a person of whom `enrolled` (m, d) are in the gallery."""
    objections = _object_to_strangers(vectors, others, settings)
    rest = [row for row, objection in enumerate(objections) if objection is None]
    for row, objection in zip(rest, _object_to_odd_ones(vectors[rest], enrolled, head), strict=True):
        objections[row] = objection
    return objections


def _object_to_strangers(vectors: Vectors, others: Others, settings: MatchingSettings) -> list[Objection | None]:
    """Objections to those that would be named as one of the others."""
    if not others.names:
        return [None] * len(vectors)
    bound = settings.vote_share if settings.rule == "vote" else settings.threshold
    objections: list[Objection | None] = []
    for scores in others.score(vectors):
        decision = decide(scores, others.person_index, others.names, settings)
        sentence = f"would be taken for {decision.name}, with a score of {decision.score:.2f}"
        found = Objection(Reason.LOOKS_LIKE_SOMEBODY_ELSE, sentence, decision.score, bound)
        objections.append(found if decision.state is State.KNOWN else None)
    return objections


def _object_to_odd_ones(vectors: Vectors, enrolled: Vectors, head: Head) -> list[Objection | None]:
    """Objections to new `vectors` (n, d) that do not look like the rest of them and of the `enrolled` (m, d)."""
    count, bound = len(vectors), least_score(head)
    everything = np.concatenate([vectors, enrolled])
    if count == 0 or len(everything) == 1:
        return [None] * count
    scores = head.prepare(everything)(everything)
    np.fill_diagonal(scores, 0.0)
    group = _find_main_group(scores >= bound, count)
    if group is None:
        sentence = "the pictures look like two people, as many like one as like the other; give more of the right one"
        return [Objection(Reason.NOT_LIKE_THE_OTHERS, sentence)] * count
    likeness = scores @ group / np.maximum(group.sum() - group, 1)
    return [None if likeness[row] >= bound else _odd(float(likeness[row]), bound) for row in range(count)]


def _odd(likeness: float, bound: float) -> Objection:
    sentence = f"scores {likeness:.2f} with the others on average, at least {bound:.2f} is needed"
    return Objection(Reason.NOT_LIKE_THE_OTHERS, sentence, likeness, bound)


def _find_main_group(linked: NDArray[np.bool_], count: int) -> NDArray[np.bool_] | None:
    """Members (n,) of the largest group of linked (n, n) pictures, of which all from `count` on are in the gallery.

    None when there are two such groups.
    """
    reached: NDArray[np.bool_] = linked | linked.T | np.eye(len(linked), dtype=bool)
    reached[count:, count:] = True
    while (further := reached.astype(np.float32) @ reached.astype(np.float32) > 0).sum() > reached.sum():
        reached = further
    sizes = reached.sum(axis=1)
    main: NDArray[np.bool_] = reached[sizes.argmax() if count == len(reached) else -1]
    return main if count < len(reached) or (sizes == sizes.max()).sum() == main.sum() else None


@dataclass(frozen=True, slots=True, eq=False)
class Likeness:
    """What the head makes of two groups of pictures, each fused to one vector: 0…1, and what one person reaches."""

    score: float
    bound: float

    @property
    def is_one_person(self) -> bool:
        """Whether both may show the same person."""
        return self.score >= self.bound


@dataclass(frozen=True, slots=True, eq=False)
class TwoClusters:
    """A person's pictures fall into two groups that do not look like one person; `rows` are those of the smaller."""

    rows: tuple[int, ...]
    likeness: Likeness


def compare_groups(first: Vectors, second: Vectors, head: Head) -> Likeness:
    """Compare the pictures (n, d) and (m, d) of two people, or of one. Raises ArtefactError as the head does."""
    score = head.score(fuse(first), fuse(second)[np.newaxis])
    return Likeness(float(score[0]), least_score(head))


def find_two_clusters(vectors: Vectors, head: Head) -> TwoClusters | None:
    """Two people among the pictures (n, d) of one, of whom each has two at least; None where there are not.

    The pictures are cut in two where they differ most; a single one that differs from all others is left out.
    """
    rows = np.arange(len(vectors))
    while len(rows) >= 2 * _LEAST_PICTURES:
        is_second = _cut(normalised(vectors[rows]))
        first, second = sorted((rows[~is_second], rows[is_second]), key=len)
        if len(first) >= _LEAST_PICTURES:
            likeness = compare_groups(vectors[first], vectors[second], head)
            return None if likeness.is_one_person else TwoClusters(tuple(map(int, first)), likeness)
        if not len(first):
            return None
        rows = second
    return None


def _cut(unit: Vectors) -> NDArray[np.bool_]:
    """Which of the unit vectors (n, d) are of the second of two groups: 2-means, from the two that differ most."""
    ends = np.unravel_index((unit @ unit.T).argmin(), (len(unit), len(unit)))
    centres, before = unit[list(ends)], None
    is_second = np.zeros(len(unit), bool)
    for _ in range(_MOST_ROUNDS):
        is_second = (unit @ centres.T).argmax(axis=1) == 1
        if is_second.all() or not is_second.any() or (before is not None and (is_second == before).all()):
            break
        centres = normalised(np.stack([unit[~is_second].mean(axis=0), unit[is_second].mean(axis=0)]))
        before = is_second
    return is_second
