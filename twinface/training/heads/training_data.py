"""Features prepared for a head: people split, vectors normalised, differences in batches."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError
from twinface.evaluation.protocols.split import validation_people
from twinface.matching.vectors import normalised
from twinface.training.heads.feature_table import FeatureTable
from twinface.training.heads.pair_sampling import PairSampler
from twinface.training.tensorflow_setup import import_keras
from twinface.types import Vectors


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


@dataclass(frozen=True, slots=True, eq=False)
class Normaliser:
    """What layers see of two vectors; the names are those of head.json, see twinface.matching.head_spec.Normalisation.

    `vectors` "l2" or "none"; `pair` "absolute", "squared" or "product"; divided by `deviation`, float32 (d,), if given.
    """

    vectors: str
    pair: str
    deviation: NDArray[np.float32] | None

    def ready(self, vectors: Vectors) -> Vectors:
        """Vectors, float32 (n, d), as pairs are made of them."""
        return normalised(vectors) if self.vectors == "l2" else vectors

    def inputs(self, first: Vectors, second: Vectors) -> Vectors:
        """What layers see, float32 (n, d), of pairs of vectors that are ready."""
        made = first * second if self.pair == "product" else np.abs(first - second)
        if self.pair == "squared":
            made = made * made
        return np.asarray(made if self.deviation is None else made / self.deviation, np.float32)

    @property
    def names(self) -> dict[str, str]:
        """How head.json says it."""
        return {
            "vectors": self.vectors,
            "pair": self.pair,
            "difference": "none" if self.deviation is None else "standard",
        }


def make_stream(
    sampler: PairSampler,
    vectors: Vectors,
    normaliser: Normaliser,
    hard: tuple[Vectors, Vectors] | None,
    *,
    batch: int,
    seed: int,
) -> Any:
    """A keras PyDataset of (inputs, labels) from ready `vectors`; each epoch is drawn again from (seed, epoch).

    Of the `hard` impostor pairs, ready too, each batch has an eighth of its size, or all where there are fewer.
    """
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
            inputs = normaliser.inputs(vectors[pairs.first], vectors[pairs.second])
            labels = pairs.same.astype(np.float32)[:, np.newaxis]
            if hard is None:
                return inputs, labels
            count = min(len(hard[0]), max(1, batch // 8))
            rows = np.random.default_rng((seed, self._epoch, index)).permutation(len(hard[0]))[:count]
            more = normaliser.inputs(hard[0][rows], hard[1][rows])
            return np.concatenate([inputs, more]), np.concatenate([labels, np.zeros((count, 1), np.float32)])

        def on_epoch_end(self) -> None:
            self._epoch += 1

    return PairStream()
