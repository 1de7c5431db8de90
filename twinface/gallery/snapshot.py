"""All vectors of a gallery in one matrix, to match against."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.gallery.people import PersonVectors
from twinface.types import Vectors


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """A gallery at one version: vector i is of `names[person_index[i]]`.

    `person_index` int32 (n,), ascending; `vectors` float32 (n, d), read-only, (0, 0) when nobody is known; `network` is
    the fingerprint; `sources` are where each vector comes from.
    """

    names: tuple[str, ...]
    person_index: NDArray[np.int32]
    vectors: Vectors
    version: int
    network: str
    sources: tuple[str, ...] = ()


def take_snapshot(people: Sequence[PersonVectors], version: int, network: str) -> Snapshot:
    """Copy everybody's vectors, which have one length, into one matrix."""
    counts = [len(person.files) for person in people]
    vectors: Vectors = np.empty((0, 0), np.float32)
    if people:
        vectors = np.concatenate([person.vectors for person in people])
    vectors.flags.writeable = False
    index = np.repeat(np.arange(len(people), dtype=np.int32), counts)
    sources = tuple(source for person in people for source in person.sources)
    return Snapshot(tuple(person.name for person in people), index, vectors, version, network, sources)
