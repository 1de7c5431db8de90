"""Cohorts made of seeded noise, and heads that have one, so that what should come out is known."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from twinface.matching.cohort import Cohort
from twinface.matching.density import Density
from twinface.matching.head_spec import COHORT_FILE

TAIL = np.array([[1e-2, 9e-3], [1e-3, 7e-4], [1e-4, 4e-5]], np.float32)


def make_density(components: int, numbers: int, seed: int, spread: float = 0.3) -> Density:
    """A mixture whose components lie apart, of different sizes and shapes."""
    rng = np.random.default_rng(seed)
    weights = np.arange(1, components + 1, dtype=np.float32)
    factors = np.tril(0.2 * rng.normal(size=(components, numbers, numbers))) + np.eye(numbers)
    means = rng.normal(size=(components, numbers))
    return Density(weights / weights.sum(), means.astype(np.float32), (spread * factors).astype(np.float32))


def make_cohort(dimension: int = 16, seed: int = 3) -> Cohort:
    """Everyday strangers of three groups, and one kind of posed pictures."""
    prior = 0.1 * np.random.default_rng(seed).normal(size=dimension)
    kinds = (make_density(3, dimension + 1, seed + 1), make_density(1, dimension + 1, seed + 2))
    return Cohort(prior.astype(np.float32), *kinds, np.arange(3, dtype=np.int32))


def write_cohort(folder: Path, cohort: Cohort) -> Path:
    """The cohort.npz of a head, as training writes it."""
    parts: dict[str, Any] = cohort.arrays()
    np.savez_compressed(folder / COHORT_FILE, **parts)
    return folder / COHORT_FILE


def write_cohort_head(folder: Path, network: str, cohort: Cohort, tail: np.ndarray = TAIL) -> Path:
    """A metric with a cohort, as training writes it: every direction counts, some more than others."""
    folder.mkdir(exist_ok=True)
    dimension = len(cohort.prior)
    arrays: dict[str, Any] = {
        "mean": np.zeros(dimension),
        "projection": np.diag(np.linspace(2.0, 5.0, dimension)),
        "curvature": np.full(dimension, -0.1),
        "length_range": np.array([-1.0, 1.0]),
        "coefficients": np.array([-7.0, 1.2, 0.0, 0.3, 0.1]),
        "centre": cohort.prior,
        "tail": tail,
    }
    np.savez(folder / "head.npz", **{name: np.asarray(part, np.float32) for name, part in arrays.items()})
    (folder / "head.json").write_text(json.dumps({"format": 1, "architecture": "plda", "network": network}))
    write_cohort(folder, cohort)
    return folder
