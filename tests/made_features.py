"""Features made of seeded noise, so that what should come out is known."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twinface.gallery import PersonVectors, write_features

NETWORK = "7" * 64
DIMENSION = 16


def make_features(folder: Path, people: int, files: Sequence[str], *, noise: float = 0.8) -> Path:
    """Features of "person 00" and so on, a picture for each of `files`: a centre of their own, and noise around it."""
    rng = np.random.default_rng(11)
    everybody = []
    for number in range(people):
        vectors = rng.normal(size=DIMENSION) + noise * rng.normal(size=(len(files), DIMENSION))
        quality = np.ones(len(files), np.float32)
        person = PersonVectors(f"person {number:02}", tuple(files), vectors.astype(np.float32), quality, NETWORK)
        everybody.append(person)
    write_features(folder, everybody)
    return folder
