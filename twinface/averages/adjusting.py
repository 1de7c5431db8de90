"""People's vectors told as if all were from no source in particular."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from twinface.averages.average import Averages
from twinface.gallery import PersonVectors
from twinface.matching.kinds import adjust


def adjusted(person: PersonVectors, averages: Averages) -> PersonVectors:
    """The person with vectors as they would be with the bundled average in the place of each source's own."""
    found = np.stack([averages.of(source) for source in person.sources])
    return replace(person, vectors=adjust(person.vectors, found, averages.prior))


def all_adjusted(people: Iterable[PersonVectors], averages: Averages) -> list[PersonVectors]:
    """As `adjusted`, everybody."""
    return [adjusted(person, averages) for person in people]
