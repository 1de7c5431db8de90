"""The gate that compares with everybody, while everybody becomes more with each person who passes it.

Those enrolled are kept in chunks that are prepared for scoring, each more than twice as large as the next one: a new
person is a chunk, and chunks of like size become one. So a thousand people who come one by one are prepared some ten
times each and not a thousand times, as a binary counter carries.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.enrolment.likeness import Others, object_to_pictures, score_nobody
from twinface.enrolment.objections import Objection
from twinface.gallery.gallery import Gallery
from twinface.gallery.person import PersonVectors
from twinface.matching.decision import enrolled_vectors
from twinface.matching.head import Head
from twinface.settings import MatchingSettings
from twinface.types import Scorer, Scores, Vectors


@dataclass(frozen=True, slots=True, eq=False)
class _Chunk:
    """Some people, and the scorer against what probes are compared with: score i is with `people[person_index[i]]`."""

    people: tuple[PersonVectors, ...]
    person_index: NDArray[np.int32]
    score: Scorer


class GrowingGate:
    """Compares pictures with an open gallery as it is at that moment."""

    def __init__(self, gallery: Gallery, head: Head, matching: MatchingSettings) -> None:
        self._gallery = gallery
        self._head = head
        self._matching = matching
        self._chunks: list[_Chunk] = []
        self._people: dict[str, PersonVectors] = {}

    def object_to(self, name: str, vectors: Vectors) -> list[Objection | None]:
        """What speaks against each of the `vectors`, float32 (n, d), of pictures said to be of the person `name`.

        As `likeness.object_to_likeness`. Raises ArtefactError for vectors that do not fit the gallery's or the head.
        """
        self._take_up()
        own = self._people.get(name)
        known = vectors[:0] if own is None else own.vectors
        return object_to_pictures(vectors, known, self._others(name), self._head, self._matching)

    def _take_up(self) -> None:
        """Make a chunk of whoever is new or not as before, and one of the last two as long as they are of like size."""
        people = self._gallery.people
        new = tuple(person for name, person in people.items() if self._people.get(name) is not person)
        self._people = dict(people)
        if new:
            self._chunks.append(self._prepare(new))
        while len(self._chunks) > 1 and len(self._chunks[-2].people) <= 2 * len(self._chunks[-1].people):
            last, before = self._chunks.pop(), self._chunks.pop()
            present = tuple(one for one in (*before.people, *last.people) if self._is_present(one))
            self._chunks.append(self._prepare(present))

    def _is_present(self, person: PersonVectors) -> bool:
        """Whether this is what the gallery has of somebody now; a chunk keeps whom it was made of."""
        return self._people.get(person.name) is person

    def _prepare(self, people: tuple[PersonVectors, ...]) -> _Chunk:
        if not people:
            return _Chunk((), np.empty(0, np.int32), score_nobody)
        index = np.repeat(np.arange(len(people), dtype=np.int32), [len(person.files) for person in people])
        vectors = np.concatenate([person.vectors for person in people])
        compared, index = enrolled_vectors(vectors, index, len(people), self._matching)
        return _Chunk(people, index, self._head.prepare(compared))

    def _others(self, name: str) -> Others:
        """Everybody but the person of this name."""
        people = [person for chunk in self._chunks for person in chunk.people]
        counted = np.array([person.name != name and self._is_present(person) for person in people], bool)
        starts = np.cumsum([0, *(len(chunk.people) for chunk in self._chunks)])
        parts = [chunk.person_index + start for chunk, start in zip(self._chunks, starts, strict=False)]
        index = np.concatenate(parts) if parts else np.empty(0, np.int64)
        columns = counted[index]
        numbers = (np.cumsum(counted) - 1).astype(np.int32)

        def score(probes: Vectors) -> Scores:
            return np.concatenate([chunk.score(probes) for chunk in self._chunks], axis=1)[:, columns]

        names = tuple(person.name for person, counts in zip(people, counted, strict=True) if counts)
        return Others(names, numbers[index[columns]], score)
