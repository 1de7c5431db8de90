"""The cohort: strangers who are nobody, with whom everybody is compared, so that a score means the same for all.

It ships as densities fitted to vectors of many people, never as anybody's vector. Of these, faces are imagined: some
are the reference that scores are normalised by, others come as strangers to a gallery, to find what names them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.matching.density import Density
from twinface.matching.normalisation import Groups
from twinface.matching.vectors import normalised
from twinface.types import Vectors

REFERENCE_STRANGERS, REFERENCE_POSED = 6300, 100
"""How many imagined faces scores are normalised by: everyday ones, of each group alike many, and posed ones of each
component of their density."""

IMAGINED = 3000
"""How many strangers of each kind are imagined to come to a gallery."""

_STRANGERS_SEED, _REFERENCE_SEED = 2, 100
_AT_ONCE = 512


@dataclass(frozen=True)
class Cohort:
    """Densities of how a face differs from the average of its kind of picture, and how long its vector is.

    `prior` float32 (d,) is the average unit vector of pictures of no kind in particular. Both densities are over points
    of d + 1 numbers: the unit vector less its kind's average, and the logarithm of the vector's length. `strangers` is
    fitted to people in everyday pictures, one of each; `posed` to pictures of people who look at the camera, or away.
    `group_of` int32 (k,) says of which group of people, from 0, each component of `strangers` is.
    """

    prior: NDArray[np.float32]
    strangers: Density
    posed: Density
    group_of: NDArray[np.int32]

    @property
    def groups(self) -> Groups:
        """How the reference is laid out."""
        everyday = int(self.group_of.max()) + 1
        return Groups(everyday, REFERENCE_STRANGERS // everyday, len(self.posed.weights), REFERENCE_POSED)

    @property
    def reference(self) -> Vectors:
        """The faces that scores are normalised by, float32 (faces, d), group after group."""
        groups = self.groups
        everyday = [self.strangers.of(np.flatnonzero(self.group_of == one)) for one in range(groups.everyday)]
        posed = [self.posed.of(np.array([one])) for one in range(groups.posed)]
        sizes = np.repeat([groups.size, groups.posed_size], [groups.everyday, groups.posed])
        vectors = np.empty((sizes.sum(), len(self.prior)), np.float32)
        parts = np.split(vectors, np.cumsum(sizes)[:-1])
        for number, (part, kind) in enumerate(zip(parts, (*everyday, *posed), strict=True)):
            self._fill(part, kind, _REFERENCE_SEED + number)
        return vectors

    def imagined(self, count: int = IMAGINED, seed: int = _STRANGERS_SEED) -> tuple[Vectors, Vectors]:
        """Strangers who come to a gallery, everyday pictures and posed ones, float32 (count, d) each; others for
        another seed.

        None of them is in the reference: they would be too like it.
        """
        everyday, posed = np.empty((2, count, len(self.prior)), np.float32)
        self._fill(everyday, self.strangers, seed)
        self._fill(posed, self.posed, seed)
        return everyday, posed

    def _fill(self, vectors: Vectors, kind: Density, seed: int) -> None:
        """Draw as many points (n, d + 1) as there are `vectors` (n, d), such as a network gives pictures of no
        particular kind; some at a time, so that little more is held than what is asked for."""
        points = kind.imagine(len(vectors), seed)
        for start in range(0, len(vectors), _AT_ONCE):
            some, rows = points[start : start + _AT_ONCE], slice(start, start + _AT_ONCE)
            np.multiply(np.exp(some[:, -1:]), normalised(self.prior + some[:, :-1]), out=vectors[rows])

    def arrays(self) -> dict[str, NDArray[np.floating]]:
        """What cohort.npz holds."""
        densities = {**self.strangers.arrays("strangers"), **self.posed.arrays("posed")}
        return {"prior": self.prior, **densities, "strangers_groups": self.group_of.astype(np.float32)}
