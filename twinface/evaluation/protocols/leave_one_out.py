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

_PROBES_AT_ONCE = 64
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
    probes = np.concatenate([gallery.vectors, *(person.vectors for person in strangers)])
    scores, closest = np.empty((len(probes), people)), np.full(len(probes), np.nan)
    compared, index = enrolled_vectors(gallery.vectors, gallery.person_index, people, settings)
    for row, values in enumerate(_scored(head, compared, probes)):
        scores[row] = person_scores(values, index, people, settings)
        if row < own_count:
            shown = gallery.person_index[row]
            others = gallery.person_index == shown
            others[row] = False
            own = gallery.vectors[others]
            scores[row, shown] = score_with_person(head, probes[row], own, settings) if len(own) else np.nan
            closest[row] = head.score(probes[row], own).max() if len(own) else np.nan
        advance()
    return Comparisons(scores, np.concatenate([gallery.person_index, numbers.astype(np.int32)]), closest)


def score_with_person(head: Head, probe: NDArray[np.float32], vectors: Vectors, settings: MatchingSettings) -> float:
    """What the rule makes of a probe (d,) and one person's vectors (n, d)."""
    compared, index = enrolled_vectors(vectors, np.zeros(len(vectors), np.int32), 1, settings)
    return float(person_scores(head.score(probe, compared), index, 1, settings)[0])


def _scored(head: Head, gallery: Vectors, probes: Vectors) -> Iterator[NDArray[np.float32]]:
    """Scores (n,) of each probe with all vectors of the gallery."""
    scorer = head.prepare(gallery)
    for start in range(0, len(probes), _PROBES_AT_ONCE):
        yield from scorer(probes[start : start + _PROBES_AT_ONCE])
