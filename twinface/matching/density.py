"""A density of faces that is nobody: a mixture of normal distributions, from which faces can be imagined."""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError

_Floats = NDArray[np.float32]

MOST_COMPONENTS = 128
MOST_NUMBERS = 2049

_ROUNDED = 1e-3
"""How far the sum of weights may be from 1 for having been rounded."""


@dataclass(frozen=True, slots=True, eq=False)
class Density:
    """A mixture of k normal distributions over points of n numbers.

    `weights` float32 (k,), which sum to 1, `means` float32 (k, n), and `factors` float32 (k, n, n), lower triangles L
    with L Lᵀ the covariance.
    """

    weights: _Floats
    means: _Floats
    factors: _Floats

    def imagine(self, count: int, seed: int) -> _Floats:
        """Points, float32 (`count`, n), drawn from the density; the same for the same seed.

        Each component has its share of them to the nearest whole number, so that no draw is without its rare kinds.
        """
        rng = np.random.default_rng(seed)
        ends = np.round(np.cumsum(self.weights) / self.weights.sum() * count).astype(int)
        points = np.empty((count, self.means.shape[1]), np.float32)
        parts = np.split(points, ends[:-1])
        for part, mean, factor in zip(parts, self.means, self.factors, strict=True):
            np.matmul(rng.standard_normal(part.shape, np.float32), factor.T, out=part)
            np.add(part, mean, out=part)
        return points

    def of(self, components: NDArray[np.intp]) -> Self:
        """The mixture of some of its components only."""
        weights = self.weights[components]
        return replace(
            self, weights=weights / weights.sum(), means=self.means[components], factors=self.factors[components]
        )

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Of all its points together, float64 (n, n)."""
        weights = self.weights.astype(np.float64) / self.weights.sum()
        means, factors = self.means.astype(np.float64), self.factors.astype(np.float64)
        around = means - weights @ means
        inside = np.einsum("k,kij,klj->il", weights, factors, factors, optimize=True)
        return np.asarray(inside + (around * weights[:, np.newaxis]).T @ around)

    def arrays(self, name: str) -> dict[str, NDArray[np.floating]]:
        """What a file holds of it, its triangles packed in half precision, under names that begin with `name`."""
        rows, columns = np.tril_indices(self.means.shape[1])
        packed = self.factors[:, rows, columns].astype(np.float16)
        return {f"{name}_weights": self.weights, f"{name}_means": self.means, f"{name}_factors": packed}

    @classmethod
    def of_arrays(cls, arrays: dict[str, NDArray[np.float32]], name: str) -> Self:
        """From what `arrays` gave. Raises ArtefactError where arrays are missing, do not fit, are not finite,
        or weights are not positive or do not sum to 1."""
        try:
            weights, means, packed = (arrays[f"{name}_{part}"] for part in ("weights", "means", "factors"))
        except KeyError as error:
            raise ArtefactError(f"{error.args[0]} is missing") from error
        count, numbers = means.shape if means.ndim == 2 else (0, 0)
        triangle = numbers * (numbers + 1) // 2
        if not 0 < count <= MOST_COMPONENTS or numbers > MOST_NUMBERS:
            raise ArtefactError(f"{name}_means of shape {means.shape}")
        if weights.shape != (count,) or packed.shape != (count, triangle):
            raise ArtefactError(f"{name}: weights, means and factors do not fit each other")
        if not all(np.isfinite(part).all() for part in (weights, means, packed)) or not (weights > 0).all():
            raise ArtefactError(f"{name}: numbers that are not finite, or weights that are not positive")
        if not abs(float(weights.sum(dtype=np.float64)) - 1.0) <= _ROUNDED:
            raise ArtefactError(f"{name}: weights that do not sum to 1")
        factors = np.zeros((count, numbers, numbers), np.float32)
        rows, columns = np.tril_indices(numbers)
        factors[:, rows, columns] = packed
        return cls(weights.astype(np.float32), means.astype(np.float32), factors)
