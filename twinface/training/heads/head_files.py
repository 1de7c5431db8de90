"""A trained head as files: head.json, head.npz and, of layers, head.keras; of a user's own model, head.tflite."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from twinface.evaluation.protocols.split import person_digest
from twinface.matching.head_folder import add_about, require_head_folder, write_about
from twinface.matching.head_spec import COHORT_FILE, IMAGINED_FILE, WEIGHTS_FILE
from twinface.networks.registry import name_network
from twinface.outputs import refuse_inputs
from twinface.training.heads.feature_table import FeatureTable
from twinface.training.heads.head_training import TrainOptions, TrainReport
from twinface.training.heads.layer_models import Normaliser, dense_activations, dense_weights, forget_regularisers
from twinface.training.tensorflow_setup import convert

HISTORY_FILE = "history.json"
_MODEL_FILES = (WEIGHTS_FILE, COHORT_FILE, IMAGINED_FILE, "head.keras", "head.tflite", HISTORY_FILE)
_OTHER_FILES = (*_MODEL_FILES, "README.md", "folds", "previous", "start")
"""What may lie beside head.json in the folder of a head; the folders are of `twinface retrain`."""


def check_head_output(folder: Path, inputs: Iterable[Path | None] = ()) -> None:
    """Raise InputError where a head that takes the place of `folder` would take that of something else, or of what it
    is made of.
    """
    mend = "name another folder for the head"
    refuse_inputs(folder, inputs, mend, replaced=True)
    require_head_folder(folder, _OTHER_FILES, mend)


def write_layers(
    folder: Path, model: Any, *, normaliser: Normaliser, options: TrainOptions, table: FeatureTable
) -> None:
    """Write a head of layers, not measured yet, to an empty folder."""
    custom = options.model_function is not None
    weights = [] if custom else dense_weights(model)
    arrays: dict[str, Any] = {}
    for place, (kernel, bias) in enumerate(weights):
        arrays |= {f"w{place}": kernel, f"b{place}": bias}
    if normaliser.deviation is not None:
        arrays["deviation"] = normaliser.deviation
    np.savez(folder / WEIGHTS_FILE, **arrays)
    forget_regularisers(model)
    model.save(folder / "head.keras")
    if custom:
        (folder / "head.tflite").write_bytes(convert(model, "none"))
    activations = ["linear"] * len(weights) if custom else dense_activations(model)
    about = {
        "architecture": "custom" if custom else "linear" if options.architecture == "linear" else "mlp",
        "recipe": {"model_function": options.model_function} if custom else {"name": options.architecture},
        "normalisation": normaliser.names,
        "layers": [
            {"units": len(bias), "activation": activation}
            for (_, bias), activation in zip(weights, activations, strict=True)
        ],
        "epochs": options.epochs,
        "negatives": options.negatives,
        "pairs_per_image": options.pairs_per_image,
    }
    describe_head(folder, about, table, options.seed)


def describe_head(
    folder: Path, about: Mapping[str, Any], table: FeatureTable, seed: int, before: frozenset[str] = frozenset()
) -> None:
    """Write head.json: what is known `about` the head, its network, and whom it was trained on, by digests.

    `before` are digests of those that the head it started from was trained on: what they taught is still in it.
    """
    common = {
        "network": table.network,
        "network_name": name_network(table.network),
        "seed": seed,
        "trained_on": {"people": len(table.names), "pictures": len(table.vectors)},
    }
    write_about(folder, {**about, **common}, before | {person_digest(name) for name in table.names})


def write_figures(folder: Path, report: TrainReport) -> None:
    """Add to the head.json of a folder how the head did on people held out, and its thresholds there."""
    figures = {
        "thresholds": report.head.thresholds if report.head else {},
        "validation": {
            "people": report.validation_people,
            "head": asdict(report.head) if report.head else None,
            "cosine": asdict(report.cosine) if report.cosine else None,
            "head_less_cosine": {name: asdict(difference) for name, difference in report.differences.items()},
        },
    }
    add_about(folder, figures)
