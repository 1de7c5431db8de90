"""Features made ready for a head: people split, vectors normalised, differences in batches."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError
from twinface.training.feature_table import FeatureTable
from twinface.training.pairs import Pairs, PairSampler
from twinface.training.tensorflow_setup import import_keras
from twinface.types import Vectors

VALIDATION_SHARE = 0.2
_FEWEST_PEOPLE_A_SIDE = 2


def check_enough(table: FeatureTable, what: str) -> None:
    """Raise ArtefactError unless there are pairs of the same person and of different people."""
    if len(table.names) < 2:
        raise ArtefactError(f"{what}: only {table.names[0]} is in it; at least two people are needed, extract more")
    if not (table.counts > 1).any():
        raise ArtefactError(f"{what}: nobody has two pictures; add pictures of the same people and extract them")
    if not np.isfinite(table.vectors).all():
        raise ArtefactError(f"{what}: vectors that are not finite numbers; check the network and extract again")


def split_people(table: FeatureTable, seed: int) -> tuple[FeatureTable, FeatureTable | None]:
    """People to learn from, and others, a fifth, to measure on; None where there are too few with two pictures."""
    paired = np.flatnonzero(table.counts > 1)
    if len(paired) < 2 * _FEWEST_PEOPLE_A_SIDE:
        return table, None
    count = max(_FEWEST_PEOPLE_A_SIDE, round(VALIDATION_SHARE * len(paired)))
    held_out = set(np.random.default_rng(seed).permutation(paired)[:count].tolist())
    learnt = [person for person in range(len(table.names)) if person not in held_out]
    return table.of_people(learnt), table.of_people(sorted(held_out))


def unit(vectors: Vectors) -> Vectors:
    """Vectors divided by their lengths; a row of zeros stays one."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, np.finfo(np.float32).tiny), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Normaliser:
    """What is done to vectors before |a - b|: made unit length, or divided by `deviation`, float32 (d,), if given."""

    deviation: NDArray[np.float32] | None

    def __call__(self, vectors: Vectors) -> Vectors:
        """Vectors, float32 (n, d), made ready."""
        return unit(vectors) if self.deviation is None else np.asarray(vectors / self.deviation, np.float32)

    @property
    def names(self) -> dict[str, str]:
        """How head.json says it."""
        by_deviation = self.deviation is not None
        return {"vectors": "none" if by_deviation else "l2", "difference": "standard" if by_deviation else "none"}


def differences(vectors: Vectors, pairs: Pairs) -> Vectors:
    """|a - b| of pairs of vectors that are ready, float32 (n, d)."""
    return np.asarray(np.abs(vectors[pairs.first] - vectors[pairs.second]), np.float32)


def make_stream(sampler: PairSampler, vectors: Vectors, batch: int, seed: int) -> Any:
    """A keras PyDataset of (differences, labels); each epoch is drawn anew from (seed, epoch)."""
    base: Any = import_keras().utils.PyDataset

    class PairStream(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(workers=1, use_multiprocessing=False, max_queue_size=8)
            self._epoch = 0

        @property
        def num_batches(self) -> int:
            return sampler.count_batches(batch)

        def __getitem__(self, index: int) -> tuple[Vectors, NDArray[np.float32]]:
            pairs = sampler.draw(batch, index, seed, self._epoch)
            return differences(vectors, pairs), pairs.same.astype(np.float32)[:, np.newaxis]

        def on_epoch_end(self) -> None:
            self._epoch += 1

    return PairStream()
