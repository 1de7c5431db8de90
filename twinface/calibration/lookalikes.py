"""Who in a gallery is taken for whom, and which pictures do not look like the others of their person."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from twinface.evaluation.protocols.leave_one_out import Comparisons, compare_in_blocks, score_with_person
from twinface.gallery.person import Snapshot
from twinface.matching.head import Head
from twinface.settings import MatchingSettings

_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lookalikes:
    """Two people who are alike: `score` is the mean of all pictures of one with the other, `highest` the highest."""

    first: str
    second: str
    score: float
    highest: float


@dataclass(frozen=True, slots=True)
class Suspect:
    """A picture that does not look like its `person`: 0…1 is its score `own` with their other pictures.

    "mislabelled": it reaches the threshold with somebody `other`, and is closer to them than to its own person.
    "poor": it does not reach the threshold with a single one of its person's other pictures.
    """

    person: str
    picture: str
    reason: str
    own: float
    other: str | None
    other_score: float


@dataclass(frozen=True, slots=True, eq=False)
class GalleryScan:
    """What is needed of comparisons of everybody with everybody, found without all scores in memory: each probe's
    scores `own` and `closest`, and whom else it is most like; and the `lookalikes`, the most alike first.
    """

    people: int
    shown: NDArray[np.int32]
    own: _Floats
    closest: _Floats
    other: NDArray[np.intp]
    other_score: _Floats
    lookalikes: list[Lookalikes]

    def best_other(self) -> tuple[NDArray[np.intp], _Floats]:
        """Which other person each probe is most like, and the score."""
        return self.other, self.other_score


class _OneWay(NamedTuple):
    """The sum and the highest of the scores of one person's pictures with another person."""

    total: float
    highest: float


def scan_gallery(
    gallery: Snapshot,
    head: Head,
    settings: MatchingSettings,
    threshold: float,
    advance: Callable[[], None] = lambda: None,
) -> GalleryScan:
    """Compare everybody with everybody as `compare` does, and keep only what reaches a threshold, or is the best.

    Raises ArtefactError for vectors of another length than the head's.
    """
    people, count = len(gallery.names), len(gallery.vectors)
    own, closest, best = (np.full(count, np.nan) for _ in range(3))
    other, alike = np.zeros(count, np.intp), dict[tuple[int, int], _OneWay]()
    for block in compare_in_blocks(gallery, head, settings, advance):
        own[block.rows], closest[block.rows] = block.own, block.closest
        scores = block.scores
        scores[np.arange(len(scores)), block.shown] = -1.0
        other[block.rows] = scores.argmax(axis=1)
        best[block.rows] = scores.max(axis=1)
        alike.update(_alike_one_way(scores, block.shown, threshold))
    pictures = np.bincount(gallery.person_index, minlength=people)
    found = []
    for i, j in sorted({(min(pair), max(pair)) for pair in alike}):
        ways = [alike.get(pair) or _one_way(gallery, *pair, head, settings) for pair in ((i, j), (j, i))]
        score = sum(way.total for way in ways) / int(pictures[i] + pictures[j])
        if score >= threshold:
            highest = max(way.highest for way in ways)
            found.append(Lookalikes(gallery.names[i], gallery.names[j], score, highest))
    found.sort(key=lambda pair: -pair.score)
    return GalleryScan(people, gallery.person_index, own, closest, other, best, found)


def _alike_one_way(
    scores: _Floats, shown: NDArray[np.int32], threshold: float
) -> Iterator[tuple[tuple[int, int], _OneWay]]:
    """Of people whose pictures were compared, with whom their mean score reaches the threshold."""
    persons, starts, counts = np.unique(shown, return_index=True, return_counts=True)
    sums, highest = (operation.reduceat(scores, starts, axis=0) for operation in (np.add, np.maximum))
    for row, column in zip(*np.nonzero(sums >= threshold * counts[:, np.newaxis]), strict=True):
        yield (int(persons[row]), int(column)), _OneWay(float(sums[row, column]), float(highest[row, column]))


def _one_way(gallery: Snapshot, i: int, j: int, head: Head, settings: MatchingSettings) -> _OneWay:
    mine, theirs = (gallery.vectors[gallery.person_index == one] for one in (i, j))
    scores = [score_with_person(head, probe, theirs, settings) for probe in mine]
    return _OneWay(sum(scores), max(scores))


def most_alike(comparisons: Comparisons, names: Sequence[str]) -> tuple[Lookalikes | None, Lookalikes | None]:
    """The two people of the gallery who are most alike, and the stranger and person; None where there are no two.

    `names` are those of the gallery's people, then the strangers', in the order of their numbers.
    """
    people = comparisons.people
    means, highest = _person_by_person(comparisons, len(names))
    pair = stranger = None
    if people > 1:
        both = _alikeness(comparisons, means)
        i, j = sorted(divmod(int(both.argmax()), people))
        pair = _lookalikes(names, both, highest, i, j)
    if len(names) > people:
        i, j = divmod(int(means[people:].argmax()), people)
        score, most = means[people + i, j], highest[people + i, j]
        stranger = Lookalikes(names[people + i], names[j], float(score), float(most))
    return pair, stranger


def find_lookalikes(comparisons: Comparisons, names: Sequence[str], threshold: float) -> list[Lookalikes]:
    """All pairs of people of the gallery whose score reaches the threshold, the most alike first."""
    means, highest = _person_by_person(comparisons, len(names))
    both = _alikeness(comparisons, means)
    pairs = zip(*np.nonzero(np.triu(both >= threshold, 1)), strict=True)
    found = [_lookalikes(names, both, highest, int(i), int(j)) for i, j in pairs]
    return sorted(found, key=lambda pair: -pair.score)


def _lookalikes(names: Sequence[str], both: _Floats, highest: _Floats, i: int, j: int) -> Lookalikes:
    return Lookalikes(names[i], names[j], float(both[i, j]), float(max(highest[i, j], highest[j, i])))


def _person_by_person(comparisons: Comparisons, everybody: int) -> tuple[_Floats, _Floats]:
    """Mean and highest score of each person's pictures with each person of the gallery, (everybody, people)."""
    sums, highest = (np.zeros((everybody, comparisons.people)) for _ in range(2))
    np.add.at(sums, comparisons.shown, comparisons.scores)
    np.maximum.at(highest, comparisons.shown, comparisons.scores)
    return sums / _pictures(comparisons, everybody)[:, np.newaxis], highest


def _alikeness(comparisons: Comparisons, means: _Floats) -> _Floats:
    """The mean score of all pictures of two people with the other one, (people, people); -1 with oneself."""
    people = comparisons.people
    counts = _pictures(comparisons, len(means))[:people, np.newaxis]
    sums = means[:people] * counts
    both = (sums + sums.T) / (counts + counts.T)
    np.fill_diagonal(both, -1.0)
    return both


def _pictures(comparisons: Comparisons, everybody: int) -> NDArray[np.intp]:
    return np.bincount(comparisons.shown, minlength=everybody)


def find_suspects(
    comparisons: Comparisons | GalleryScan, names: Sequence[str], files: Sequence[str], threshold: float
) -> list[Suspect]:
    """The pictures of the gallery, called `files`, that look mislabelled or poor at a threshold, the worst first."""
    own, (others, other_scores) = comparisons.own, comparisons.best_other()
    found = []
    for row, picture in enumerate(files):
        score = float(other_scores[row])
        other = names[others[row]] if comparisons.people > 1 else None
        if score >= threshold and score > own[row]:
            reason = "mislabelled"
        elif comparisons.closest[row] < threshold:
            reason = "poor"
        else:
            continue
        person = names[comparisons.shown[row]]
        found.append(Suspect(person, picture, reason, float(own[row]), other, max(score, 0.0)))
    return sorted(found, key=lambda one: (one.reason, one.own - one.other_score))
