"""Features and heads made of seeded noise, so that what should come out is known."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from twinface.evaluation.split import person_digest
from twinface.gallery import PersonVectors, write_features

NETWORK = "7" * 64


@pytest.fixture
def make_features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Features of people with pictures called `files` each: a centre of each person's own, and noise around it."""
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))

    def make(
        people: int = 30, files: Sequence[str] = tuple(f"{n}.jpg" for n in range(6)), *, noise: float = 0.8
    ) -> Path:
        rng = np.random.default_rng(11)
        everybody = []
        for number in range(people):
            centre = rng.normal(size=16)
            vectors = (centre + noise * rng.normal(size=(len(files), 16))).astype(np.float32)
            quality = np.ones(len(files), np.float32)
            everybody.append(PersonVectors(f"person {number:02}", tuple(files), vectors, quality, NETWORK))
        write_features(tmp_path / "features", everybody)
        return tmp_path / "features"

    return make


@pytest.fixture
def write_head(tmp_path: Path) -> Callable[..., Path]:
    """A head of one linear layer on 16 numbers that learnt from the people named."""

    def write(learnt_from: Sequence[str] | None, network: str = NETWORK, dimension: int = 16) -> Path:
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
