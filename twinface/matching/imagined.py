"""What a head need not find out at every start: how like the reference the strangers are who come to galleries.

They are the same strangers each time, so what the nearest of the reference score with each of them depends on the head
alone. Training writes it beside the head. Whoever reads it checks it on a few of them, since another version of numpy
may draw others, and finds it again where it does not fit or is not there; so it is no part of what a head decides by.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from twinface.arrays import read_npz
from twinface.matching.cohort import IMAGINED
from twinface.matching.normalising import Nearest

IMAGINED_FILE = "imagined.npz"

_KINDS = 2
_MOST_BYTES = 1 << 20


def write_imagined(folder: Path, kinds: Sequence[Nearest]) -> None:
    """Write what the reference scores with the strangers of each kind of picture to the folder of their head."""
    means, deviations = [kind.mean for kind in kinds], [kind.deviation for kind in kinds]
    np.savez(folder / IMAGINED_FILE, mean=np.stack(means), deviation=np.stack(deviations))


def read_imagined(folder: Path) -> tuple[Nearest, ...]:
    """What `write_imagined` wrote; nothing where there is no such file, or one that is damaged."""
    try:
        arrays = read_npz(folder / IMAGINED_FILE, _MOST_BYTES)
    except (OSError, ValueError):
        return ()
    parts = [arrays.get(name, np.empty(0)) for name in ("mean", "deviation")]
    if any(part.shape != (_KINDS, IMAGINED) or part.dtype != np.float32 for part in parts):
        return ()
    means, deviations = parts
    if not np.isfinite(parts).all() or not (deviations > 0).all():
        return ()
    return tuple(Nearest(mean, deviation) for mean, deviation in zip(means, deviations, strict=True))
