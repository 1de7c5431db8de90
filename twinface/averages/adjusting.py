"""Vectors adjusted as if all were from no source in particular."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from twinface.averages.average import Averages
from twinface.gallery.person import PersonVectors
from twinface.matching.vectors import adjust, centre
from twinface.types import Vectors


def adjusted_vectors(vectors: Vectors, source: str, averages: Averages | None) -> Vectors:
    """Vectors (n, d) of one source with the bundled average in the place of its own; as they are without averages."""
    return adjust(vectors, averages.of(source), averages.prior) if averages else vectors


def centred_vectors(vectors: Vectors, sources: Sequence[str], averages: Averages) -> Vectors:
    """What is left of vectors (n, d), each of one of the `sources` (n), when the average of its source is taken off.

    Two faces that are compared by cosine are alike then by what they are, not by what both were taken with.
    """
    found = np.stack([averages.of(source) for source in sources])
    return centre(adjust(vectors, found, averages.prior), averages.prior)


def all_adjusted(people: Iterable[PersonVectors], averages: Averages) -> list[PersonVectors]:
    """People with vectors as they would be with the bundled average in the place of each source's own."""
    return [_adjusted(person, averages) for person in people]


def _adjusted(person: PersonVectors, averages: Averages) -> PersonVectors:
    found = np.stack([averages.of(source) for source in person.sources])
    return replace(person, vectors=adjust(person.vectors, found, averages.prior))
