"""The value of this room."""

import math
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError
from twinface.gallery.person import PHOTOS, camera_source, is_source


class CorrectionKind(StrEnum):
    """What was said: this is not the person, or it is."""

    REJECT = "reject"
    CONFIRM = "confirm"


@dataclass(frozen=True, slots=True, eq=False)
class Correction:
    """That the face of a `vector`, float32 (d,) as the network with this fingerprint gave it, is or is not `name`.

    `quality` is that of its crop, 0…1. `track` is where it was seen, as `twinface events` prints it, `event` the number
    of the event that was named, None where the track was. `at_ns` is when it was said, wall clock.
    """

    kind: CorrectionKind
    name: str
    vector: NDArray[np.float32]
    network: str
    quality: float
    track: str
    event: int | None
    at_ns: int

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
