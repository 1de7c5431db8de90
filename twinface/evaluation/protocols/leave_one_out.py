"""Everybody against a gallery: each of its pictures is a probe once, against its person's others and everybody else."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.gallery.person import PersonVectors, Snapshot
from twinface.matching.decision import enrolled_vectors, person_scores
from twinface.matching.head import Head
from twinface.settings import MatchingSettings
from twinface.types import Vectors

_PROBES_AT_ONCE = 256
Advance = Callable[[], None]
"""Called after each probe."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparisons:
    """`scores` float64 (probes, people), 0…1: what the rule makes of each probe and each person of a gallery.

    `shown` int32 (probes,) is whom a probe shows: the number of a person of the gallery, whose first pictures the
    probes are, or a number from `people` on, of a stranger. A probe's score with its own person is by their other
    pictures, `closest` float64 (probes,) the best single one of these; both are NaN where there is no other picture.
    """

    scores: NDArray[np.float64]
    shown: NDArray[np.int32]
    closest: NDArray[np.float64]

    @property
    def people(self) -> int:
        """How many people the gallery has."""
        return int(self.scores.shape[1])

    @property
    def strangers(self) -> int:
        """How many people the probes show who are not in the gallery."""
        return max(0, int(self.shown.max()) + 1 - self.people)

    @property
    def own(self) -> NDArray[np.float64]:
        """Each probe's score with its own person, (probes,); NaN where there is none, as for strangers."""
        known = self.shown < self.people
        found = self.scores[np.arange(len(self.scores)), np.where(known, self.shown, 0)]
        return np.where(known, found, np.nan)

    @property
    def impostor(self) -> NDArray[np.bool_]:
        """Which scores are those of a probe with another person, (probes, people)."""
        return np.not_equal(self.shown[:, np.newaxis], np.arange(self.people))

    def best_other(self) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Which other person each probe is most like, and the score; of a gallery of two people or strangers."""
        others = np.where(self.impostor, self.scores, -1.0)
        best = others.argmax(axis=1)
        return best, others[np.arange(len(others)), best]


@dataclass(frozen=True, slots=True, eq=False)
class ComparedBlock:
    """The probes `rows`, which show the people `shown`, compared: `scores` and `closest` as of Comparisons."""

    rows: slice
    shown: NDArray[np.int32]
    scores: NDArray[np.float64]
    closest: NDArray[np.float64]

    @property
    def own(self) -> NDArray[np.float64]:
        """Each probe's score with its own person; NaN where there is no other picture."""
        return self.scores[np.arange(len(self.scores)), self.shown]


def compare(
    gallery: Snapshot,
    strangers: Sequence[PersonVectors],
    head: Head,
    settings: MatchingSettings,
    advance: Advance = lambda: None,
) -> Comparisons:
    """Compare all pictures of a gallery, leaving out the probe itself, and all of strangers, with its people.

    Raises ArtefactError for vectors of another length than the head's.
    """
    people, own_count = len(gallery.names), len(gallery.vectors)
    numbers = np.repeat(np.arange(people, people + len(strangers)), [len(person.vectors) for person in strangers])
    count = own_count + len(numbers)
    scores, closest = np.empty((count, people)), np.full(count, np.nan)
    for block in compare_in_blocks(gallery, head, settings, advance):
        scores[block.rows], closest[block.rows] = block.scores, block.closest
    if strangers:
        scores[own_count:] = _score_strangers(gallery, strangers, head, settings, advance)
    return Comparisons(scores, np.concatenate([gallery.person_index, numbers.astype(np.int32)]), closest)


def compare_in_blocks(
    gallery: Snapshot, head: Head, settings: MatchingSettings, advance: Advance = lambda: None
) -> Iterator[ComparedBlock]:
    """The same of the gallery alone, some people after the other, so that never all scores are in memory."""
    people, vectors, index = len(gallery.names), gallery.vectors, gallery.person_index
    compared, whose = enrolled_vectors(vectors, index, people, settings)
    enrolled = head.prepare_gallery(compared)
    for rows in _blocks_of_people(index):
        ready, shown = head.prepare_probes(vectors[rows]), index[rows]
        scores = _of_people(head.score_prepared(ready, enrolled), whose, people, settings)
        others = shown[:, np.newaxis] == shown
        np.fill_diagonal(others, val=False)
        own = closest = np.full(len(shown), np.nan)
        if others.any():
            near = head.score_prepared(ready, head.prepare_gallery(vectors[rows]))
            own = _own_scores(head, vectors[rows], near, others, settings)
            closest = np.where(others.any(axis=1), np.where(others, near, -np.inf).max(axis=1), np.nan)
        scores[np.arange(len(scores)), shown] = own
        yield ComparedBlock(rows, shown, scores, closest)
        for _ in shown:
            advance()


def score_with_person(head: Head, probe: NDArray[np.float32], vectors: Vectors, settings: MatchingSettings) -> float:
    """What the rule makes of a probe (d,) and one person's vectors (n, d)."""
    compared, index = enrolled_vectors(vectors, np.zeros(len(vectors), np.int32), 1, settings)
    return float(person_scores(head.score(probe, compared), index, 1, settings)[0])


def _blocks_of_people(index: NDArray[np.int32]) -> Iterator[slice]:
    """Rows of whole people, of as many as have _PROBES_AT_ONCE pictures, or of one who has more."""
    start = 0
    while start < len(index):
        end = min(start + _PROBES_AT_ONCE, len(index))
        first = int(np.searchsorted(index, index[end - 1]))
        if end < len(index) and index[end] == index[end - 1]:  # the last one has more pictures than fit
            end = first if first > start else int(np.searchsorted(index, index[start], "right"))
        yield slice(start, end)
        start = end


def _of_people(
    scores: NDArray[np.float32], whose: NDArray[np.int32], people: int, settings: MatchingSettings
) -> NDArray[np.float64]:
    """What the rule makes of the scores (m, n) of probes with what is enrolled, (m, people)."""
    return np.stack([person_scores(row, whose, people, settings) for row in scores])


def _own_scores(
    head: Head,
    vectors: Vectors,
    near: NDArray[np.float32],
    others: NDArray[np.bool_],
    settings: MatchingSettings,
) -> NDArray[np.float64]:
    """Each probe's score with its person's other pictures, NaN where there are none: `near` (m, m) are the scores of
    the probes with each other, `others` says which are of one person.
    """
    own, rows = np.full(len(vectors), np.nan), np.flatnonzero(others.any(axis=1))
    alone = [np.zeros(int(others[row].sum()), np.int32) for row in rows]
    if settings.rule == "template":
        templates = [
            enrolled_vectors(vectors[others[row]], zeros, 1, settings)[0]
            for row, zeros in zip(rows, alone, strict=True)
        ]
        own[rows] = head.score_pairs(vectors[rows], np.concatenate(templates))
    else:
        for row, zeros in zip(rows, alone, strict=True):
            own[row] = person_scores(near[row, others[row]], zeros, 1, settings)[0]
    return own


def _score_strangers(
    gallery: Snapshot, strangers: Sequence[PersonVectors], head: Head, settings: MatchingSettings, advance: Advance
) -> NDArray[np.float64]:
    people = len(gallery.names)
    compared, whose = enrolled_vectors(gallery.vectors, gallery.person_index, people, settings)
    scorer, probes, found = head.prepare(compared), np.concatenate([one.vectors for one in strangers]), []
    for start in range(0, len(probes), _PROBES_AT_ONCE):
        found.append(_of_people(scorer(probes[start : start + _PROBES_AT_ONCE]), whose, people, settings))
        for _ in found[-1]:
            advance()
    return np.concatenate(found)
