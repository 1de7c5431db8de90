"""Pairs of pictures that were taken for one person and are not: worth more than any drawn at random."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.corrections.correction import Correction, CorrectionKind
from twinface.errors import InputError
from twinface.matching.vectors import fuse
from twinface.training.heads.feature_table import FeatureTable
from twinface.types import Vectors

_WEIGHT = 10.0
"""Somebody chose these pairs as worth learning. A face that was rejected is one of all that were seen, and counts once:
as ten, six of them made a head worse for everybody (docs/decisions/corrections.md)."""


@dataclass(frozen=True, slots=True, eq=False)
class HardNegatives:
    """Pairs of two people: both sides, float32 (n, d), and as how many random pairs each counts, `weights` (n,)."""

    first: Vectors
    second: Vectors
    weights: NDArray[np.float64]

    def __add__(self, other: "HardNegatives") -> "HardNegatives":
        names = ("first", "second", "weights")
        return HardNegatives(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in names))


def read_hard_negatives(path: Path, table: FeatureTable) -> HardNegatives:
    """The pairs of a text file: a pair a line, `person/file` and a tab between them.

    Pairs of which a picture is not in the table are left out: that person is held out, or was removed since. Raises
    InputError when the file cannot be read, a line is something else, or shows one person twice.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--hard-negatives {path}: cannot be read; give a text file, a pair of pictures a line"
        ) from error
    rows = {
        f"{name}/{file}": row
        for name, start, files in zip(table.names, table.starts, table.files, strict=False)
        for row, file in enumerate(files, start=int(start))
    }
    found: list[tuple[int, int]] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        pictures = line.strip().split("\t")
        if len(pictures) != 2 or not all("/" in picture for picture in pictures):
            raise InputError(f"{path}: line {number}: expected two pictures as person/file, with a tab between them")
        first, second = pictures
        if first.rpartition("/")[0] == second.rpartition("/")[0]:
            raise InputError(f"{path}: line {number}: both pictures are of one person")
        if first in rows and second in rows:
            found.append((rows[first], rows[second]))
    pairs = np.array(found, np.int64).reshape(-1, 2)
    return HardNegatives(table.vectors[pairs[:, 0]], table.vectors[pairs[:, 1]], np.full(len(pairs), _WEIGHT))


def rejections_of(corrections: Iterable[Correction], table: FeatureTable) -> tuple[Correction, ...]:
    """Those that say of a face that it is not somebody in the table, by vectors of its network."""
    names = set(table.names)
    return tuple(
        one
        for one in corrections
        if one.kind is CorrectionKind.REJECT and one.network == table.network and one.name in names
    )


def rejected_pairs(rejections: Sequence[Correction], table: FeatureTable) -> HardNegatives:
    """The pairs of each rejected face and the template of whom it is not; the looks of one track count as one pair."""
    rows = {name: slice(*table.starts[place : place + 2]) for place, name in enumerate(table.names)}
    nobody = table.vectors[:0]
    ours = [one.vector[np.newaxis] for one in rejections]
    theirs = [fuse(table.vectors[rows[one.name]])[np.newaxis] for one in rejections]
    looks = Counter((one.name, one.track) for one in rejections)
    weights = np.array([1.0 / looks[one.name, one.track] for one in rejections])
    return HardNegatives(np.concatenate([nobody, *ours]), np.concatenate([nobody, *theirs]), weights)
