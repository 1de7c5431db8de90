"""The values of this room: a correction, and what a change did to the list of them, to be taken back exactly."""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError, InputError
from twinface.gallery.person import PHOTOS, camera_source, is_source


class CorrectionKind(StrEnum):
    """What was said: this is not the person, or it is."""

    REJECT = "reject"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """That the face of a `vector`, float32 (d,) as the network with this fingerprint gave it, is or is not `name`.

    `quality` is that of its crop, 0…1. `track` is where it was seen, as `twinface events` prints it, `event` the number
    of the event that was named, None where the track was. `at_ns` is when it was said, wall clock. `box` is the id of
    the box that the track is of, where it is not this one.
    """

    kind: CorrectionKind
    name: str
    vector: NDArray[np.float32]
    network: str
    quality: float
    track: str
    event: int | None
    at_ns: int
    box: str = ""

    @property
    def subject(self) -> tuple[str, str, bytes]:
        """What something is said of: a name, and a vector of a network. The latest word on it counts."""
        return self.name, self.network, self.vector.tobytes()

    @property
    def source(self) -> str:
        """Where the vector comes from: the camera that the track is of, PHOTOS where it names none."""
        source = camera_source(self.track.partition(":")[0])
        return source if is_source(source) else PHOTOS

    def __post_init__(self) -> None:
        finite = bool(np.isfinite(self.vector).all()) and math.isfinite(self.quality)
        if self.vector.dtype != np.float32 or self.vector.ndim != 1 or not finite:
            raise ArtefactError(f"a correction of {self.name}: no float32 vector, or numbers that are not finite")


@dataclass(frozen=True, slots=True, eq=False)
class Difference:
    """Corrections that were `removed`, each with its place in the list before, in that order, and those `added`."""

    removed: tuple[tuple[int, Correction], ...] = ()
    added: tuple[Correction, ...] = ()


def difference(before: Sequence[Correction], after: Sequence[Correction]) -> Difference:
    """What became of a list."""
    gone = Counter(map(_identity, before)) - Counter(map(_identity, after))
    new = Counter(map(_identity, after)) - Counter(map(_identity, before))
    return Difference(
        tuple((place, one) for place, one in enumerate(before) if _take(gone, one)),
        tuple(one for one in after if _take(new, one)),
    )


def take_back(now: Sequence[Correction], change: Difference) -> list[Correction]:
    """The list as it would be without a change; as it is where that was taken back already.

    Raises InputError where what was said then is not what is said now.
    """
    there = Counter(map(_identity, now))
    added, removed = (Counter(map(_identity, some)) for some in (change.added, [one for _, one in change.removed]))
    subjects = {one.subject for one in (*change.added, *(one for _, one in change.removed))}
    others = [one for one in now if one.subject in subjects and not added[_identity(one)] + removed[_identity(one)]]
    if not others and not added & there and not removed - there:
        return list(now)
    if others or added - there or removed & there:
        raise InputError(f"what was said of {' and '.join(sorted({name for name, *_ in subjects}))}")
    kept = [one for one in now if not _take(added, one)]
    for place, one in change.removed:
        kept.insert(place, one)
    return kept


def _take(some: Counter[Hashable], one: Correction) -> bool:
    """Whether it is one of them, each as often as it is there."""
    if not some[_identity(one)]:
        return False
    some[_identity(one)] -= 1
    return True


def _identity(one: Correction) -> Hashable:
    return (
        one.kind,
        one.name,
        one.vector.tobytes(),
        one.network,
        one.quality,
        one.track,
        one.event,
        one.at_ns,
        one.box,
    )
