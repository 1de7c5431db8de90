"""The cohort: strangers who are nobody, with whom everybody is compared, so that a score means the same for all.

It ships as densities fitted to vectors of many people, never as anybody's vector. Of these, faces are imagined: some
are the reference that scores are normalised by, others come as strangers to a gallery, to find what names them.

Those are the same strangers each time, so what the nearest of the reference score with each of them depends on the head
alone. Training writes it beside the head. Whoever reads it checks it on a few of them, since another version of numpy
may draw others, and finds it again where it does not fit or is not there; so it is no part of what a head decides by.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.arrays import read_npz
from twinface.errors import ArtefactError
from twinface.matching.density import Density
from twinface.matching.normalisation import Groups, Nearest
from twinface.matching.spec import COHORT_FILE, IMAGINED_FILE
from twinface.matching.vectors import normalised
from twinface.types import Vectors

REFERENCE_STRANGERS, REFERENCE_POSED = 6300, 100
"""How many imagined faces scores are normalised by: everyday ones, of each group alike many, and posed ones of each
component of their density."""

IMAGINED = 3000
"""How many strangers of each kind are imagined to come to a gallery."""

_STRANGERS_SEED, _REFERENCE_SEED = 2, 100
_KINDS = 2
_MOST_BYTES, _MOST_IMAGINED_BYTES = 64 * 1024 * 1024, 1 << 20
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
        strangers, posed = (Density.of_arrays(arrays, name) for name in ("strangers", "posed"))
        cohort = Cohort(prior, strangers, posed, _read_groups(arrays, len(strangers.weights)))
    except (OSError, ValueError, ArtefactError) as error:
        raise ArtefactError(f"{path}: cannot be used ({error}); train the head again") from error
    numbers = {len(prior) + 1, cohort.strangers.means.shape[1], cohort.posed.means.shape[1]}
    if len(numbers) != 1:
        raise ArtefactError(f"{path}: its parts do not fit each other; train the head again")
    return cohort


def _read_groups(arrays: dict[str, NDArray[np.float32]], components: int) -> NDArray[np.int32]:
    """The group of each component. Raises ArtefactError where it is missing, or a group has no component."""
    groups = arrays.get("strangers_groups", np.empty(0, np.float32))
    if groups.shape != (components,) or not np.array_equal(np.unique(groups), np.arange(len(np.unique(groups)))):
        raise ArtefactError("strangers_groups does not number a group for each component")
    return groups.astype(np.int32)


def write_imagined(folder: Path, kinds: Sequence[Nearest]) -> None:
    """Write what the reference scores with the strangers of each kind of picture to the folder of their head."""
    means, deviations = [kind.mean for kind in kinds], [kind.deviation for kind in kinds]
    np.savez(folder / IMAGINED_FILE, mean=np.stack(means), deviation=np.stack(deviations))


def read_imagined(folder: Path) -> tuple[Nearest, ...]:
    """What `write_imagined` wrote; nothing where there is no such file, or one that is damaged."""
    try:
        arrays = read_npz(folder / IMAGINED_FILE, _MOST_IMAGINED_BYTES)
    except (OSError, ValueError):
        return ()
    parts = [arrays.get(name, np.empty(0)) for name in ("mean", "deviation")]
    if any(part.shape != (_KINDS, IMAGINED) or part.dtype != np.float32 for part in parts):
        return ()
    means, deviations = parts
    if not np.isfinite(parts).all() or not (deviations > 0).all():
        return ()
    return tuple(Nearest(mean, deviation) for mean, deviation in zip(means, deviations, strict=True))
