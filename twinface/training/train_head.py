"""The similarity head: trained on pairs of a features folder, measured on people it has not seen, published."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from twinface.errors import InputError
from twinface.evaluation.verification import VerificationFigures, verification_figures
from twinface.files import canonical_json
from twinface.training.feature_table import FeatureTable, read_statistics, read_table, usable_deviation
from twinface.training.head_data import Normaliser, check_enough, differences, make_stream, split_people, unit
from twinface.training.head_files import HISTORY_FILE, write_head
from twinface.training.head_models import build_custom_head, build_head
from twinface.training.head_options import TrainOptions, TrainReport
from twinface.training.pairs import PairSampler
from twinface.training.publishing import published
from twinface.training.tensorflow_setup import import_keras
from twinface.types import Vectors

_MOST_VALIDATION_PAIRS = 50_000
_VALIDATION_BATCH = 4096
_LEARNING_RATE = 1e-3

OnEpoch = Callable[[int, dict[str, float]], None]
"""Called after each epoch with its number, from 1, and its figures: loss and accuracy."""


def train_head(
    features: Path, output: Path, options: TrainOptions | None = None, progress: OnEpoch | None = None
) -> TrainReport:
    """Train a head on a features folder and publish it at `output`, whole; the same for the same seed.

    Vectors are made unit length; all pairs of a person are learnt in each epoch. Raises ArtefactError or InputError
    when there is too little to learn from or an option makes no sense, and MissingExtraError without TensorFlow.
    """
    options = options or TrainOptions()
    _check(options)
    table = read_table(features)
    check_enough(table, str(features))
    normaliser = Normaliser(usable_deviation(read_statistics(features, table)) if options.normalize else None)
    import_keras().utils.set_random_seed(options.seed)
    learnt, held_out = split_people(table, options.seed)
    sampler, vectors = PairSampler(learnt, options.negatives), normaliser(learnt.vectors)
    model = _build(options, differences(vectors, sampler.draw(options.batch, 0, options.seed, 0)))
    history = _fit(model, sampler, vectors, options, progress)
    head, cosine = _measure(model, held_out, normaliser, options.seed) if held_out else (None, None)
    report = TrainReport(
        people=len(table.names),
        pictures=len(table.vectors),
        pairs_per_epoch=round(sampler.positives * (1 + options.negatives)),
        validation_people=len(held_out.names) if held_out else 0,
        head=head,
        cosine=cosine,
    )
    with published(output) as folder:
        write_head(folder, model, normaliser=normaliser, report=report, options=options, network=table.network)
        (folder / HISTORY_FILE).write_bytes(canonical_json(history))
    return report


def _check(options: TrainOptions) -> None:
    if options.epochs < 1:
        raise InputError(f"--epochs {options.epochs}: expected at least 1")
    if not 0 < options.negatives <= 100:
        raise InputError(f"--negatives {options.negatives}: expected more than 0, at most 100")
    if not all(units > 0 for units in options.hidden) or not all(0 <= share < 1 for share in options.dropout):
        raise InputError("--hidden takes numbers of units such as 512,256,32, --dropout shares below 1 such as 0.5,0.3")
    if len(options.dropout) > len(options.hidden):
        raise InputError(f"--dropout: {len(options.dropout)} shares for {len(options.hidden)} hidden layers")


def _build(options: TrainOptions, sample: Vectors) -> Any:
    dimension = sample.shape[1]
    if options.model_function:
        return build_custom_head(options.model_function, dimension)
    size = float(np.sqrt(np.mean(np.square(sample))))
    return build_head(dimension, options.hidden, options.dropout, scale=1 / max(size, 1e-6))


def _fit(
    model: Any, sampler: PairSampler, vectors: Vectors, options: TrainOptions, progress: OnEpoch | None
) -> dict[str, list[float]]:
    """Train; returns loss and accuracy by epoch."""
    keras = import_keras()
    model.compile(keras.optimizers.Adam(_LEARNING_RATE), loss="binary_crossentropy", metrics=["accuracy"])
    report = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: (
            progress(epoch + 1, {name: float(value) for name, value in logs.items()}) if progress else None
        )
    )
    stream = make_stream(sampler, vectors, options.batch, options.seed)
    history = model.fit(stream, epochs=options.epochs, shuffle=False, verbose=0, callbacks=[report])
    return {name: [float(value) for value in values] for name, values in history.history.items()}


def _measure(
    model: Any, held_out: FeatureTable, normaliser: Normaliser, seed: int
) -> tuple[VerificationFigures, VerificationFigures]:
    """The head's figures on people held out, and plain cosine's on the very same pairs."""
    pairs = PairSampler(held_out, negatives=1.0).sample(_MOST_VALIDATION_PAIRS, seed)
    ready, directions = normaliser(held_out.vectors), unit(held_out.vectors)
    scores = np.concatenate(
        [np.asarray(model.predict_on_batch(differences(ready, part)))[:, 0] for part in pairs.split(_VALIDATION_BATCH)]
    )
    cosines = np.einsum("nd,nd->n", directions[pairs.first], directions[pairs.second])
    return verification_figures(scores, pairs.same), verification_figures(cosines, pairs.same)
