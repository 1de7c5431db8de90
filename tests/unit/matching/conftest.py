import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

NETWORK = "a" * 64


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture
def write_head(tmp_path: Path, random: np.random.Generator) -> Callable[..., Path]:
    """Writes a head's folder as training does: random weights, of the sizes of the original by default."""

    def write(
        units: Sequence[int] = (512, 256, 32, 1),
        activations: Sequence[str] | None = None,
        dimension: int = 64,
        arrays: dict[str, Any] | None = None,
        **changes: Any,
    ) -> Path:
        activations = activations or ["linear"] * (len(units) - 1) + ["sigmoid"]
        about = {
            "format": 1,
            "architecture": "mlp",
            "network": NETWORK,
            "network_name": "testnet",
            "normalisation": {"vectors": "none", "difference": "none"},
            "layers": [{"units": u, "activation": a} for u, a in zip(units, activations, strict=True)],
            "seed": 0,
        }
        weights: dict[str, Any] = {}
        for number, (inputs, outputs) in enumerate(zip([dimension, *units], units, strict=False)):
            weights[f"w{number}"] = (random.normal(size=(inputs, outputs)) / inputs**0.5).astype(np.float32)
            weights[f"b{number}"] = random.normal(size=outputs, scale=0.1).astype(np.float32)
        weights["deviation"] = random.uniform(0.5, 2.0, dimension).astype(np.float32)
        folder = tmp_path / "head"
        folder.mkdir(exist_ok=True)
        (folder / "head.json").write_text(json.dumps({**about, **changes}))
        np.savez(folder / "head.npz", **(weights | (arrays or {})))
        return folder

    return write
