"""Vectors told as if all were from no source in particular."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from twinface.averages.average import Averages
from twinface.gallery import PersonVectors
from twinface.matching.kinds import adjust
from twinface.types import Vectors


def adjusted_vectors(vectors: Vectors, source: str, averages: Averages | None) -> Vectors:
    """Vectors (n, d) of one source with the bundled average in the place of its own; as they are without averages."""
    return adjust(vectors, averages.of(source), averages.prior) if averages else vectors


def all_adjusted(people: Iterable[PersonVectors], averages: Averages) -> list[PersonVectors]:
    """People with vectors as they would be with the bundled average in the place of each source's own."""
    return [_adjusted(person, averages) for person in people]


def _adjusted(person: PersonVectors, averages: Averages) -> PersonVectors:
    found = np.stack([averages.of(source) for source in person.sources])
    return replace(person, vectors=adjust(person.vectors, found, averages.prior))
