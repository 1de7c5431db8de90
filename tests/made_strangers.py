"""Made people and strangers of a network, some of them of a group that has a direction in common."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twinface.gallery import PersonVectors, write_features

NETWORK = "5" * 64
DIMENSION = 48
GROUP = np.eye(1, DIMENSION, 3)[0]
"""What people of the strangers' second group have in common: they are more alike than two people else."""


def make_people(
    count: int,
    pictures: int,
    *,
    seed: int,
    network: str = NETWORK,
    of_group: float = 0.0,
    common: float = 3.2,
    prefix: str = "person",
) -> list[PersonVectors]:
    """People with a centre each and noise around it, a share of them `of_group`, who have `common` in common."""
    rng = np.random.default_rng(seed)
    everybody = []
    for number in range(count):
        inside = number < of_group * count
        centre = rng.normal(size=DIMENSION) + (common * GROUP if inside else 0.0)
        vectors = centre + 0.7 * rng.normal(size=(pictures, DIMENSION)) + 0.3
        vectors *= rng.uniform(1.5, 3.0, size=(pictures, 1)) / np.linalg.norm(vectors, axis=1, keepdims=True) * 4
        files, quality = tuple(f"{place}.jpg" for place in range(pictures)), np.ones(pictures, np.float32)
        name = f"{prefix} {number:04}"
        everybody.append(PersonVectors(name, files, vectors.astype(np.float32), quality, network))
    order = rng.permutation(count)
    names = [one.name for one in everybody]
    return [
        PersonVectors(names[place], one.files, one.vectors, one.quality, network)
        for place, one in zip(range(count), (everybody[row] for row in order), strict=True)
    ]


def write_people(folder: Path, people: Sequence[PersonVectors]) -> Path:
    """Features of them."""
    write_features(folder, people)
    return folder
