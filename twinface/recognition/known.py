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

from twinface.gallery import Gallery, PersonVectors
from twinface.matching import Head, Scorer, Scores
from twinface.matching.templates import enrolled
from twinface.settings import MatchingSettings
from twinface.types import Vectors

_BLOCK_PEOPLE = 32


@dataclass(frozen=True, slots=True, eq=False)
class _Block:
    """Some people, and the scorer against their vectors."""

    people: tuple[PersonVectors, ...]
    person_index: NDArray[np.int32]
    score: Scorer


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """A gallery at one version, made ready by one head: score i is with `names[person_index[i]]`, int32 (n,).

    `vectors` counts the vectors enrolled, which for the rule `template` are more than the scores.
    """

    names: tuple[str, ...] = ()
    person_index: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    version: int = 0
    vectors: int = 0
    _blocks: tuple[_Block, ...] = ()

    def updated(self, gallery: Gallery, head: Head, settings: MatchingSettings) -> Self:
        """The gallery as it is now. Head and rule have to be those that made the earlier blocks ready, else begin anew.

        Raises ArtefactError for vectors that do not fit the head.
        """
        people = tuple(gallery.people.values())
        ready = {block.people: block for block in self._blocks}
        blocks = tuple(ready.get(some) or _prepare(some, head, settings) for some in _cut(people))
        starts = np.cumsum([0, *(len(block.people) for block in blocks)])
        index = [block.person_index + start for block, start in zip(blocks, starts, strict=False)]
        return type(self)(
            tuple(gallery.people),
            np.concatenate(index).astype(np.int32) if index else np.empty(0, np.int32),
            gallery.version,
            sum(len(person.files) for person in people),
            blocks,
        )

    def score(self, probes: Vectors) -> Scores:
        """Scores, float32 (m, n), of probes (m, d) with all vectors; somebody has to be known."""
        return np.concatenate([block.score(probes) for block in self._blocks], axis=1)


def _prepare(people: tuple[PersonVectors, ...], head: Head, settings: MatchingSettings) -> _Block:
    index = np.repeat(np.arange(len(people), dtype=np.int32), [len(person.files) for person in people])
    vectors, index = enrolled(np.concatenate([one.vectors for one in people]), index, len(people), settings)
    return _Block(people, index, head.prepare(vectors))


def _cut(people: Sequence[PersonVectors]) -> Iterator[tuple[PersonVectors, ...]]:
    start = 0
    for end, person in enumerate(people, start=1):
        if end == len(people) or zlib.crc32(person.name.encode()) % _BLOCK_PEOPLE == 0:
            yield tuple(people[start:end])
            start = end
