"""Features and labels of people in groups, whose true error rates are known."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.gallery import PersonVectors, write_features

NETWORK = "7" * 64
DIMENSION = 128


def directions(numbers: Sequence[int]) -> NDArray[np.float32]:
    """Vectors (n, 128) whose cosine is 1 where they have the same number, and 0 where they do not."""
    return np.asarray(np.eye(DIMENSION, dtype=np.float32)[list(numbers)])


def write_people(folder: Path, people: Mapping[str, NDArray[np.float32]], network: str = NETWORK) -> Path:
    """A features folder; the pictures of somebody are called NAME_0.jpg and so on."""
    write_features(
        folder,
        [
            PersonVectors(
                name,
                tuple(f"{name}_{number}.jpg" for number in range(len(vectors))),
                vectors,
                np.ones(len(vectors), np.float32),
                network,
            )
            for name, vectors in people.items()
        ],
    )
    return folder


def write_labels(path: Path, rows: Sequence[Sequence[str]]) -> Path:
    """A file of labels; the first of the rows is the header."""
    path.write_text("".join("\t".join(row) + "\n" for row in rows), encoding="utf-8")
    return path


def two_groups(folder: Path) -> tuple[Path, Path]:
    """Features and labels of 40 people of each of two groups, and three of a third, two pictures each.

    In "a" 20 pairs of people have one direction each; in "b" nobody looks like another, but three look like the first
    two of "a". Of five people of "a" the second picture is unlike the first. So of pictures of two people there are
    accepted: in "a" 20 of 780 pairs of people, in "b" 3 of 780, between them 6 of 1,600.
    """
    people = {}
    for number in range(40):
        other = 100 + number if number < 5 else number // 2
        people[f"a{number:02}"] = directions([number // 2, other])
        own = 0 if number < 3 else 20 + number
        people[f"b{number:02}"] = directions([own, own])
    people |= {f"c{number}": directions([120 + number] * 2) for number in range(3)}
    labels = [("who", "group", "sex"), *((name, name[0], "fm"[int(name[-1]) % 2]) for name in people)]
    return write_people(folder / "features", people), write_labels(folder / "labels.tsv", labels)
