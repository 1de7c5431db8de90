"""The vectors of a features folder as one table, and their mean and deviation."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError, FingerprintError
from twinface.evaluation.protocols.split import validation_people
from twinface.files import canonical_json, read_json_object, write_atomically
from twinface.gallery.people_files import read_features
from twinface.gallery.person import PersonVectors
from twinface.outputs import require_ours
from twinface.types import Vectors

STATISTICS_FILE = "stats.json"
_FORMAT = 1


@dataclass(frozen=True, slots=True, eq=False)
class FeatureTable:
    """Everybody's vectors, float32 (n, d), person after person.

    Person p, called `names[p]`, has the rows from `starts[p]` up to `starts[p + 1]`; `starts` is int64 (people + 1,).
    `network` is the fingerprint of the network they are of; `files[p]` are the names of p's pictures.
    """

    names: tuple[str, ...]
    starts: NDArray[np.int64]
    vectors: Vectors
    network: str
    files: tuple[tuple[str, ...], ...]

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many vectors each person has, (people,)."""
        return np.diff(self.starts)

    def with_vectors(self, vectors: Vectors) -> "FeatureTable":
        """The same people with other vectors, (n, d)."""
        return replace(self, vectors=vectors)

    def of_people(self, people: Sequence[int]) -> "FeatureTable":
        """The table of some of the people, in the order given."""
        parts = [self.vectors[self.starts[person] : self.starts[person + 1]] for person in people]
        starts = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
        vectors = np.concatenate(parts) if parts else self.vectors[:0]
        names, files = tuple(self.names[person] for person in people), tuple(self.files[person] for person in people)
        return FeatureTable(names, starts, vectors, self.network, files)


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Mean and standard deviation of each number of the vectors, float64 (d,), over `count` vectors of a network."""

    network: str
    count: int
    mean: NDArray[np.float64]
    deviation: NDArray[np.float64]


def read_table(folder: Path) -> FeatureTable:
    """The features of a folder. Raises ArtefactError, SignatureError or FingerprintError, as `read_features` does."""
    return table_of(read_features(folder))


def table_of(people: Sequence[PersonVectors]) -> FeatureTable:
    """The table of people, one at least, whose vectors are of one network."""
    starts = np.concatenate([[0], np.cumsum([len(person.vectors) for person in people])]).astype(np.int64)
    vectors = np.concatenate([person.vectors for person in people])
    names, files = tuple(person.name for person in people), tuple(person.files for person in people)
    return FeatureTable(names, starts, vectors, people[0].network, files)


def compute_statistics(folder: Path) -> Statistics:
    """Compute the mean and deviation of a features folder and write them to its stats.json, where training looks."""
    table = read_table(folder)
    require_ours(folder / STATISTICS_FILE, _is_statistics, "move it away")
    statistics = Statistics(
        table.network,
        len(table.vectors),
        table.vectors.mean(axis=0, dtype=np.float64),
        table.vectors.std(axis=0, dtype=np.float64),
    )
    content = {
        "format": _FORMAT,
        "network": statistics.network,
        "count": statistics.count,
        "mean": statistics.mean.tolist(),
        "deviation": statistics.deviation.tolist(),
    }
    try:
        write_atomically(folder / STATISTICS_FILE, canonical_json(content))
    except OSError as error:
        raise ArtefactError(f"{folder / STATISTICS_FILE}: cannot be written ({error.strerror})") from error
    return statistics


def _is_statistics(path: Path) -> bool:
    try:
        return {"count", "deviation", "mean", "network"} <= read_json_object(path).keys()
    except ArtefactError:
        return False


def read_statistics(folder: Path, table: FeatureTable) -> Statistics:
    """The stats.json of a features folder, which must be of this table.

    Raises ArtefactError when it is missing, damaged or of other features, FingerprintError when of another network.
    """
    path = folder / STATISTICS_FILE
    again = f"run `twinface stats --features {folder}`"
    if not path.is_file():
        raise ArtefactError(f"{path}: missing; {again} first, or train with --no-normalize")
    content = read_json_object(path)
    if content.get("network") != table.network:
        raise FingerprintError(f"{path}: of another network than the features; {again}")
    try:
        mean, deviation = (np.array(content[name], np.float64) for name in ("mean", "deviation"))
        statistics = Statistics(content["network"], int(content["count"]), mean, deviation)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtefactError(f"{path}: damaged ({error}); {again}") from error
    shape = table.vectors.shape[1:]
    if statistics.count != len(table.vectors) or mean.shape != shape or deviation.shape != shape:
        raise ArtefactError(f"{path}: not of these features, which have changed since; {again}")
    return statistics


def usable_deviation(statistics: Statistics) -> NDArray[np.float32]:
    """The deviations, float32 (d,), to divide by: 1 for a number that never differs."""
    return np.where(statistics.deviation > 0, statistics.deviation, 1).astype(np.float32)


def check_enough(table: FeatureTable, what: str) -> None:
    """Raise ArtefactError unless there are pairs of the same person and of different people."""
    if len(table.names) < 2:
        raise ArtefactError(f"{what}: only {table.names[0]} is in it; at least two people are needed, extract more")
    if not (table.counts > 1).any():
        raise ArtefactError(f"{what}: nobody has two pictures; add pictures of the same people and extract them")
    if not np.isfinite(table.vectors).all():
        raise ArtefactError(f"{what}: vectors that are not finite numbers; check the network and extract again")


def hold_out(table: FeatureTable, fewest: int) -> tuple[FeatureTable, FeatureTable | None]:
    """People to learn from, and the validation side of the fixed split; everybody and None where that is too few.

    Each side needs `fewest` people with two pictures.
    """
    kept_out = set(validation_people(table.names))
    sides = [[row for row, name in enumerate(table.names) if (name in kept_out) == side] for side in (False, True)]
    learnt, held_out = (table.of_people(rows) for rows in sides)
    if any((part.counts > 1).sum() < fewest for part in (learnt, held_out)):
        return table, None
    return learnt, held_out
