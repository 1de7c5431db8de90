"""The arrays of a head's folder: weights, the cohort, and what it scores with the strangers that are imagined of it.

Those are the same strangers each time, so what the nearest of the reference score with each of them depends on the head
alone. Training writes it beside the head. Whoever reads it checks it on a few of them, since another version of numpy
may draw others, and finds it again where it does not fit or is not there; so it is no part of what a head decides by.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.arrays import read_npz
from twinface.errors import ArtefactError
from twinface.matching.cohort import IMAGINED, Cohort
from twinface.matching.density import Density
from twinface.matching.head_spec import COHORT_FILE, IMAGINED_FILE
from twinface.matching.normalisation import Nearest

_KINDS = 2
_MOST_BYTES = 256 * 1024 * 1024
_MOST_COHORT_BYTES = 64 * 1024 * 1024
_MOST_IMAGINED_BYTES = 1 << 20


def read_arrays(path: Path) -> dict[str, NDArray[np.float32]]:
    """The float arrays of head.npz, as float32. Raises ArtefactError when it is missing, damaged or holds others."""
    try:
        arrays = read_npz(path, _MOST_BYTES)
        return {name: array.astype(np.float32, casting="same_kind") for name, array in arrays.items()}
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error.strerror}); train the head again") from error
    except (ValueError, TypeError) as error:
        raise ArtefactError(f"{path}: damaged, or no arrays of numbers ({error}); train the head again") from error


def read_cohort(folder: Path) -> Cohort | None:
    """The cohort of a head's folder; None where there is none. Raises ArtefactError when it is damaged."""
    path = folder / COHORT_FILE
    if not path.is_file():
        return None
    try:
        arrays = {name: np.asarray(part, np.float32) for name, part in read_npz(path, _MOST_COHORT_BYTES).items()}
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
