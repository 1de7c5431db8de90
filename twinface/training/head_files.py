"""A trained head as files: head.json, head.npz, head.keras and, of a user's own model, head.tflite."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from twinface.files import canonical_json
from twinface.training.conversion import convert
from twinface.training.head_data import Normaliser
from twinface.training.head_models import dense_weights
from twinface.training.head_options import TrainOptions, TrainReport

HISTORY_FILE = "history.json"
_FORMAT = 1


def write_head(
    folder: Path, model: Any, *, normaliser: Normaliser, report: TrainReport, options: TrainOptions, network: str
) -> None:
    """Write a trained head to an empty folder; `network` is the fingerprint of the network of its vectors."""
    custom = options.model_function is not None
    weights = [] if custom else dense_weights(model)
    arrays: dict[str, Any] = {}
    for place, (kernel, bias) in enumerate(weights):
        arrays |= {f"w{place}": kernel, f"b{place}": bias}
    if normaliser.deviation is not None:
        arrays["deviation"] = normaliser.deviation
    np.savez(folder / "head.npz", **arrays)
    model.save(folder / "head.keras")
    if custom:
        (folder / "head.tflite").write_bytes(convert(model, "none"))
    about = {
        "format": _FORMAT,
        "architecture": "custom" if custom else "mlp",
        "recipe": {"model_function": options.model_function}
        if custom
        else {"hidden": options.hidden, "dropout": options.dropout},
        "normalisation": normaliser.names,
        "layers": [
            {"units": len(bias), "activation": "sigmoid" if place == len(weights) - 1 else "linear"}
            for place, (_, bias) in enumerate(weights)
        ],
        "thresholds": report.head.thresholds if report.head else {},
        "validation": {
            "people": report.validation_people,
            "head": asdict(report.head) if report.head else None,
            "cosine": asdict(report.cosine) if report.cosine else None,
        },
        "trained_on": {
            "people": report.people - report.validation_people,
            "epochs": options.epochs,
            "negatives": options.negatives,
        },
        "network": network,
        "network_name": "",
        "seed": options.seed,
    }
    (folder / "head.json").write_bytes(canonical_json(about))
