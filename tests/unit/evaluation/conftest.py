"""Features and heads made of seeded noise."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import made_features
import numpy as np
import pytest
from made_features import DIMENSION, NETWORK

from twinface.evaluation.protocols.split import person_digest


@pytest.fixture
def make_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Features of so many people, with pictures called `files` each."""
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))

    def make(people: int = 30, files: Sequence[str] = tuple(f"{n}.jpg" for n in range(6))) -> Path:
        return made_features.make_features(tmp_path / "features", people, files)

    return make


@pytest.fixture
def write_head(tmp_path: Path) -> Callable[..., Path]:
    """A head of one linear layer on 16 numbers trained on the people named."""

    def write(learnt_from: Sequence[str] | None, network: str = NETWORK, dimension: int = DIMENSION) -> Path:
        folder = tmp_path / "head"
        folder.mkdir()
        about = {
            "format": 1,
            "architecture": "mlp",
            "network": network,
            "normalisation": {"vectors": "l2", "difference": "none"},
            "layers": [{"units": 1, "activation": "sigmoid"}],
        }
        if learnt_from is not None:
            about["learnt_from"] = [person_digest(name) for name in learnt_from]
        (folder / "head.json").write_text(json.dumps(about))
        np.savez(folder / "head.npz", w0=np.full((dimension, 1), -2.0, np.float32), b0=np.full(1, 4.0, np.float32))
        return folder

    return write
