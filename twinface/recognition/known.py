"""Who is known, ready to be scored; a change of one person costs what their neighbours cost, not the whole gallery.

The people, in the order of their names, are cut into blocks of some thirty behind every name whose checksum says so.
Where the cuts are is a matter of who is in the gallery, not of how it came to be: adding or removing somebody changes
their own block alone, and the same people are scored the same way, to the last bit, whatever happened before.
"""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import NDArray

from twinface.averages import Averages
from twinface.gallery import Gallery, PersonVectors
from twinface.matching import Head, Scorer, Scores, Threshold, choose_threshold
from twinface.matching.decision import person_scores
from twinface.matching.threshold import is_left_open, keep_strangers_nameless, least_score, share_asked_for
from twinface.matching.vectors import enrolled_vectors
from twinface.recognition.averaging import adjust_gallery
from twinface.settings import MatchingSettings
from twinface.types import Vectors

_BLOCK_PEOPLE = 32


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Some people, the scorer against their vectors, and of each kind of picture the best score (n,) of each imagined
    stranger with them."""

    people: tuple[PersonVectors, ...]
    person_index: NDArray[np.int32]
    score: Scorer
    strangers: tuple[Scores, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A gallery at one version, prepared by one head: score i is with `names[person_index[i]]`, int32 (n,).

    `vectors` counts the vectors enrolled, which for the rule `template` are more than the scores.
    """

    names: tuple[str, ...] = ()
    person_index: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    version: int = 0
    vectors: int = 0
    averages: Averages | None = None
    _head: Head | None = None
    _blocks: tuple[_Block, ...] = ()

    def updated(
        self, gallery: Gallery, head: Head, settings: MatchingSettings, averages: Averages | None = None
    ) -> Self:
        """The gallery as it is now, told from the `averages` of its sources.

        Head and rule have to be those that prepared the earlier blocks, else begin again; other averages do so anyway.

        Raises ArtefactError for vectors that do not fit the head.
        """
        people = tuple(gallery.people.values())
        ready = {block.people: block for block in self._blocks} if averages is self.averages else {}
        blocks = tuple(ready.get(some) or _prepare(some, head, settings, averages) for some in _cut(people))
        starts = np.cumsum([0, *(len(block.people) for block in blocks)])
        index = [block.person_index + start for block, start in zip(blocks, starts, strict=False)]
        return type(self)(
            tuple(gallery.people),
            np.concatenate(index).astype(np.int32) if index else np.empty(0, np.int32),
            gallery.version,
            sum(len(person.files) for person in people),
            averages,
            head,
            blocks,
        )

    def threshold(self, head: Head, settings: MatchingSettings) -> Threshold:
        """Which score gives a name; what `settings` leave open is found by strangers who are imagined to come."""
        if not self.names or head.tail is None or not is_left_open(settings, head.spec):
            return choose_threshold(settings, head.spec)
        kinds = zip(*(block.strangers for block in self._blocks), strict=True)
        best = [np.max(blocks, axis=0) for blocks in kinds]
        people = len(self.names)
        value = least_score(best, people, share_asked_for(settings.strangers_named, people), head.tail)
        return keep_strangers_nameless(value, people, settings)

    def score(self, probes: Vectors) -> Scores:
        """Scores, float32 (m, n), of probes (m, d) with all vectors; somebody has to be known."""
        told = self._head.tell(probes) if self._head else probes
        return np.concatenate([block.score(told) for block in self._blocks], axis=1)


def _prepare(
    people: tuple[PersonVectors, ...], head: Head, settings: MatchingSettings, averages: Averages | None
) -> _Block:
    index = np.repeat(np.arange(len(people), dtype=np.int32), [len(person.files) for person in people])
    told = adjust_gallery(people, averages)
    vectors, index = enrolled_vectors(np.concatenate([one.vectors for one in told]), index, len(people), settings)
    strangers = best_of_strangers(head, vectors, index, len(people), settings)
    return _Block(people, index, head.prepare(vectors), strangers)


def best_of_strangers(
    head: Head, vectors: Vectors, person_index: NDArray[np.int32], people: int, settings: MatchingSettings
) -> tuple[Scores, ...]:
    """What the rule makes of each imagined stranger and the most alike of `people`, (n,), of each kind of picture.

    Vector i of `vectors` (m, d) is of `person_index[i]`, as `enrolled_vectors` gives them. None without a cohort.
    """
    if not is_left_open(settings, head.spec):
        return ()
    numbers = strangers_with_people(head, vectors, person_index, people, settings)
    return tuple(np.asarray(one.max(axis=1)) for one in numbers)


def strangers_with_people(
    head: Head, vectors: Vectors, person_index: NDArray[np.int32], people: int, settings: MatchingSettings
) -> tuple[Scores, ...]:
    """As `best_of_strangers`, with each of the people, (n, `people`), whatever decides in these settings."""
    return tuple(_by_person(one, person_index, people, settings) for one in head.score_strangers(vectors))


def _by_person(scores: Scores, person_index: NDArray[np.int32], people: int, settings: MatchingSettings) -> Scores:
    if settings.rule == "template":
        return scores
    return np.stack([person_scores(row, person_index, people, settings) for row in scores]).astype(np.float32)


def _cut(people: Sequence[PersonVectors]) -> Iterator[tuple[PersonVectors, ...]]:
    start = 0
    for end, person in enumerate(people, start=1):
        if end == len(people) or zlib.crc32(person.name.encode()) % _BLOCK_PEOPLE == 0:
            yield tuple(people[start:end])
            start = end
