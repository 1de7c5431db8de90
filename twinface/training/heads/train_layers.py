"""Heads of layers, by Keras: trained on pairs in batches, stopped when people set aside gain no more."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.files import canonical_json
from twinface.training.heads.feature_table import FeatureTable, hold_out
from twinface.training.heads.head_files import HISTORY_FILE, write_layers
from twinface.training.heads.head_training import OnStep, TrainOptions
from twinface.training.heads.layer_models import Normaliser, build_custom_head, build_layers, build_linear_head
from twinface.training.heads.training_pairs import HardNegatives, PairSampler
from twinface.training.tensorflow_setup import import_keras
from twinface.types import Vectors

_PATIENCE = 3
_FEWEST_ASIDE = 4
_MOST_PAIRS_ASIDE = 10_000
_STEPS_AT_ONCE = 16
_PAIRS_TO_START = 4096


@dataclass(frozen=True, slots=True)
class Recipe:
    """What an architecture is unless options say otherwise; `rate` is of the optimiser, of that name in Keras."""

    optimiser: str
    rate: float
    batch: int
    vectors: str
    pair: str
    activation: str
    hidden: tuple[int, ...]
    dropout: tuple[float, ...]
    stops_early: bool


RECIPES = {
    "seed": Recipe("SGD", 0.01, 128, "none", "absolute", "linear", (512, 256, 32), (0.5, 0.3), stops_early=False),
    "linear": Recipe("Adam", 0.003, 1024, "l2", "squared", "linear", (), (), stops_early=True),
    "mlp": Recipe("Adam", 0.001, 1024, "l2", "absolute", "relu", (128, 32), (0.3, 0.1), stops_early=True),
}


def learn_layers(
    table: FeatureTable,
    folder: Path,
    options: TrainOptions,
    *,
    deviation: NDArray[np.float32] | None,
    hard: HardNegatives | None,
    progress: OnStep | None,
) -> int:
    """Learn layers from everybody in the table and write them to an empty folder; how many pairs an epoch has."""
    recipe = RECIPES["mlp" if options.architecture == "plda" else options.architecture]
    normaliser = Normaliser("none" if deviation is not None else recipe.vectors, options.pair or recipe.pair, deviation)
    import_keras().utils.set_random_seed(options.seed)
    learnt, aside = hold_out(table, _FEWEST_ASIDE) if recipe.stops_early else (table, None)
    sampler = PairSampler(learnt, options.negatives, options.pairs_per_image)
    vectors = normaliser.ready(learnt.vectors)
    ready = (
        (normaliser.ready(hard.first), normaliser.ready(hard.second)) if hard is not None and len(hard.first) else None
    )
    model = _build(recipe, options, normaliser, vectors, sampler)
    batch = options.batch or recipe.batch
    stream = _make_stream(sampler, vectors, normaliser, ready, batch=batch, seed=options.seed)
    asked = _ask(aside, normaliser, options.seed) if aside else None
    history = _fit(model, recipe, options, stream=stream, aside=asked, progress=progress)
    write_layers(folder, model, normaliser=normaliser, options=options, table=table)
    (folder / HISTORY_FILE).write_bytes(canonical_json(history))
    return round(sampler.positives * (1 + options.negatives))


def _ask(aside: FeatureTable, normaliser: Normaliser, seed: int) -> tuple[Vectors, NDArray[np.float32]]:
    pairs = PairSampler(aside, negatives=1.0).sample(_MOST_PAIRS_ASIDE, seed)
    vectors = normaliser.ready(aside.vectors)
    return normaliser.inputs(vectors[pairs.first], vectors[pairs.second]), pairs.same.astype(np.float32)[:, np.newaxis]


def _build(
    recipe: Recipe, options: TrainOptions, normaliser: Normaliser, vectors: Vectors, sampler: PairSampler
) -> Any:
    if options.model_function:
        return build_custom_head(options.model_function, vectors.shape[1])
    pairs = sampler.draw(_PAIRS_TO_START, 0, options.seed, 0)
    inputs = normaliser.inputs(vectors[pairs.first], vectors[pairs.second])
    raw = normaliser.vectors == "none" and normaliser.deviation is None
    scale = 1.0 if raw else 1 / max(float(np.sqrt(np.mean(np.square(inputs)))), 1e-6)
    if options.architecture == "linear":
        return build_linear_head(normaliser.pair, inputs, pairs.same, scale)
    hidden = recipe.hidden if options.hidden is None else options.hidden
    dropout = (recipe.dropout if options.hidden is None else ()) if options.dropout is None else options.dropout
    return build_layers(vectors.shape[1], hidden, dropout[: len(hidden)], recipe.activation, scale)


def _fit(
    model: Any, recipe: Recipe, options: TrainOptions, *, stream: Any, aside: Any, progress: OnStep | None
) -> dict[str, list[float]]:
    """Train; returns loss and accuracy by epoch."""
    keras = import_keras()
    optimiser = getattr(keras.optimizers, recipe.optimiser)(recipe.rate)
    model.compile(optimiser, "binary_crossentropy", metrics=["accuracy"], steps_per_execution=_STEPS_AT_ONCE)

    def tell(epoch: int, logs: dict[str, float]) -> None:
        if progress:
            progress(epoch + 1, options.epochs, {name: float(value) for name, value in logs.items()})

    callbacks = [keras.callbacks.LambdaCallback(on_epoch_end=tell)]
    if aside is not None:
        callbacks.append(keras.callbacks.EarlyStopping("val_loss", patience=_PATIENCE, restore_best_weights=True))
    history = model.fit(
        stream,
        epochs=options.epochs,
        validation_data=aside,
        validation_batch_size=4096,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )
    return {name: [float(value) for value in values] for name, values in history.history.items()}


def _make_stream(
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
