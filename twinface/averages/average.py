"""The average vector of a source, from one vector of each different face that it has shown; and vectors without it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError
from twinface.gallery.person import PersonVectors, is_camera
from twinface.matching.vectors import adjust, centre, normalised
from twinface.types import Vectors

PRIOR_COUNT = 12
"""The bundled average counts as much as so many faces: about what differs between people's vectors, in squares, against
what differs between cameras."""

ENROLLED_PRIOR_COUNT = 50
"""The same of a source that is no camera: its faces are those enrolled, taken relative to their own mean."""

FEWEST = 20
"""A source that has shown fewer different faces has the bundled average: its own would be these people."""

MOST_SHIFT = 0.5
"""How far, by length, the average of a source may lie from the bundled one: what poor cameras do is 0.2 to 0.4."""

MOVED = 0.02
"""How far an average has to move before scores are derived from it again."""


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """How many different `people` a source has shown, and the `total` of one vector of each, float32 (d,).

    These have length 1, or less where they are the mean of several.
    """

    people: int
    total: NDArray[np.float32]

    def average(self, prior: NDArray[np.float32], prior_count: int = PRIOR_COUNT) -> NDArray[np.float32]:
        """Their mean, float32 (d,), with the `prior` (d,) so many times among them; at most MOST_SHIFT from it."""
        shift = (self.total - self.people * prior) / (prior_count + self.people)
        length = float(np.linalg.norm(shift))
        return np.asarray(prior + shift * min(1.0, MOST_SHIFT / max(length, MOST_SHIFT)), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Average:
    """What is subtracted from the unit vectors of a source: `vector`, float32 (d,), which rests on so many `people`."""

    vector: NDArray[np.float32]
    people: int

    @property
    def is_frozen(self) -> bool:
        """Whether there are too few people, and it is the bundled average."""
        return self.people < FEWEST


@dataclass(frozen=True, slots=True, eq=False)
class Averages:
    """The averages of all sources at one version; `prior`, float32 (d,), is the bundled one.

    Another version has other vectors, by more than MOVED.
    """

    version: int
    prior: NDArray[np.float32]
    known: Mapping[str, Average] = field(default_factory=dict)

    @classmethod
    def made_of(cls, tallies: Mapping[str, Tally], prior: NDArray[np.float32], version: int = 1) -> Self:
        """From what each source has shown."""
        return cls(
            version, prior, {source: _average(source, tally, prior) for source, tally in sorted(tallies.items())}
        )

    def of(self, source: str) -> NDArray[np.float32]:
        """What is to be subtracted from the unit vectors of a source, float32 (d,); the bundled average of others."""
        return self.known[source].vector if source in self.known else self.prior

    def moved_from(self, before: "Averages") -> bool:
        """Whether one of them is another than `before`, by more than MOVED."""
        pairs = ((self.of(source), before.of(source)) for source in {*self.known, *before.known})
        return any(float(np.linalg.norm(here - there)) > MOVED for here, there in (*pairs, (self.prior, before.prior)))


def tally_people(people: Iterable[PersonVectors]) -> dict[str, Tally]:
    """What people show of each source that vectors of theirs are from: each person the mean of their unit vectors."""
    totals: dict[str, list[NDArray[np.float32]]] = {}
    for person in people:
        unit, sources = normalised(person.vectors), np.array(person.sources)
        for source in dict.fromkeys(person.sources):
            totals.setdefault(source, []).append(unit[sources == source].mean(axis=0))
    return {source: Tally(len(means), np.sum(means, axis=0, dtype=np.float32)) for source, means in totals.items()}


def averages_of_people(people: Iterable[PersonVectors], prior: NDArray[np.float32]) -> Averages:
    """The averages by the people of a gallery, or of features, alone; `prior` is float32 (d,).

    Raises ArtefactError for vectors of another length than the prior's.
    """
    tallies = tally_people(people)
    for source, tally in tallies.items():
        if tally.total.shape != prior.shape:
            raise ArtefactError(
                f"vectors of {source} have {len(tally.total)} numbers, the bundled average has {len(prior)}; "
                "make both with the same network"
            )
    return Averages.made_of(tallies, prior)


def _average(source: str, tally: Tally, prior: NDArray[np.float32]) -> Average:
    prior_count = PRIOR_COUNT if is_camera(source) else ENROLLED_PRIOR_COUNT
    return Average(prior if tally.people < FEWEST else tally.average(prior, prior_count), tally.people)


def adjusted_vectors(vectors: Vectors, source: str, averages: Averages | None) -> Vectors:
    """Vectors (n, d) of one source with the bundled average in the place of its own; as they are without averages."""
    return adjust(vectors, averages.of(source), averages.prior) if averages else vectors


def centred_vectors(vectors: Vectors, sources: Sequence[str], averages: Averages) -> Vectors:
    """What is left of vectors (n, d), each of one of the `sources` (n), when the average of its source is taken off.

    Two faces that are compared by cosine are alike then by what they are, not by what both were taken with.
    """
    found = np.stack([averages.of(source) for source in sources])
    return centre(adjust(vectors, found, averages.prior), averages.prior)


def adjust_people(people: Iterable[PersonVectors], averages: Averages | None) -> list[PersonVectors]:
    """People with vectors as they would be with the bundled average in the place of each source's own, which is how
    heads with a cohort compare them; as they are without averages.
    """
    return [_adjusted(person, averages) for person in people] if averages else list(people)


def fingerprint_with(head: str, averages: Averages | None) -> str:
    """What a score means, in as many hex digits as a head's fingerprint: by the head and the averages."""
    own = {name: one.vector for name, one in averages.known.items() if not one.is_frozen} if averages else {}
    if not own:
        return head
    digest = hashlib.sha256(head.encode())
    for source, vector in own.items():
        digest.update(source.encode() + vector.tobytes())
    return digest.hexdigest()[: len(head)]


def _adjusted(person: PersonVectors, averages: Averages) -> PersonVectors:
    found = np.stack([averages.of(source) for source in person.sources])
    return replace(person, vectors=adjust(person.vectors, found, averages.prior))
