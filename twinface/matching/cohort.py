"""The cohort: strangers who are nobody, with whom everybody is compared, so that a score means the same for all.

It ships as densities fitted to vectors of many people, never as anybody's vector. Of these, faces are imagined: some
are the reference that scores are normalised by, others come as strangers to a gallery, to find what names them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.arrays import read_npz
from twinface.errors import ArtefactError
from twinface.matching.density import Density
from twinface.matching.vectors import normalised
from twinface.types import Vectors

COHORT_FILE = "cohort.npz"

REFERENCE_STRANGERS, REFERENCE_POSED = 8000, 560
"""How many imagined faces scores are normalised by; of posed pictures few, as many as keep their scores in line."""

IMAGINED = 3000
"""How many strangers of each kind are imagined to come to a gallery."""

_REFERENCE_SEED, _STRANGERS_SEED = 1, 2
_MOST_BYTES = 64 * 1024 * 1024
_AT_ONCE = 512


@dataclass(frozen=True)
class Cohort:
    """Densities of how a face differs from the average of its kind of picture, and how long its vector is.

    `prior` float32 (d,) is the average unit vector of pictures of no kind in particular. Both densities are over points
    of d + 1 numbers: the unit vector less its kind's average, and the logarithm of the vector's length. `strangers` is
    fitted to people in everyday pictures, one of each; `posed` to pictures of people who look at the camera, or away.
    """

    prior: NDArray[np.float32]
    strangers: Density
    posed: Density

    @property
    def reference(self) -> Vectors:
        """The faces that scores are normalised by, float32 (REFERENCE_STRANGERS + REFERENCE_POSED, d)."""
        vectors = np.empty((REFERENCE_STRANGERS + REFERENCE_POSED, len(self.prior)), np.float32)
        self._fill(vectors[:REFERENCE_STRANGERS], self.strangers, _REFERENCE_SEED)
        self._fill(vectors[REFERENCE_STRANGERS:], self.posed, _REFERENCE_SEED)
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
        return {"prior": self.prior, **self.strangers.arrays("strangers"), **self.posed.arrays("posed")}


def read_cohort(folder: Path) -> Cohort | None:
    """The cohort of a head's folder; None where there is none. Raises ArtefactError when it is damaged."""
    path = folder / COHORT_FILE
    if not path.is_file():
        return None
    try:
        arrays = {name: np.asarray(part, np.float32) for name, part in read_npz(path, _MOST_BYTES).items()}
        prior = arrays.get("prior", np.empty(0, np.float32))
        if prior.ndim != 1 or not np.isfinite(prior).all():
            raise ArtefactError("prior is no vector of finite numbers")
        cohort = Cohort(prior, *(Density.of_arrays(arrays, name) for name in ("strangers", "posed")))
    except (OSError, ValueError, ArtefactError) as error:
        raise ArtefactError(f"{path}: cannot be used ({error}); train the head again") from error
    numbers = {len(prior) + 1, cohort.strangers.means.shape[1], cohort.posed.means.shape[1]}
    if len(numbers) != 1:
        raise ArtefactError(f"{path}: its parts do not fit each other; train the head again")
    return cohort
