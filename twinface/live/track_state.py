"""What the matcher knows of one track: its looks, and who it is by them."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twinface.messages.schema import BoxXyxy, Stamp, VectorMeta
from twinface.types import Decision, State, Vectors

NOT_YET = Decision(State.PENDING, None, 0.0, ())


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One recognised crop of a track, as it reaches the matcher: its vector, float32 (d,), with what came along."""

    meta: VectorMeta
    vector: NDArray[np.float32]
    stamp: Stamp

    @property
    def quality(self) -> float:
        """Of the crop, 0…1."""
        return self.meta.crop.measures.quality


@dataclass(frozen=True, slots=True)
class Ending:
    """A track the camera has ended: it exits when all crops numbered below `crops` are done, or at `exit_at_s`."""

    crops: int
    exit_at_s: float


@dataclass(slots=True)
class Track:
    """A face over time. `box_xyxy` is where it was last seen, `seen_at_s` when the matcher last heard of it, `face` how
    many others had its box before, unseen by the tracker.
    """

    number: int
    box_xyxy: BoxXyxy
    entered_at_ns: int
    seen_at_s: float
    decision: Decision = NOT_YET
    looks: list[Look] = field(default_factory=list)
    looks_seen: int = 0
    face: int = 0
    ending: Ending | None = None

    @property
    def vectors(self) -> Vectors:
        """Of the looks that are kept, float32 (n, d)."""
        return np.stack([look.vector for look in self.looks])

    @property
    def weights(self) -> NDArray[np.float32]:
        """How much each of them counts, float32 (n,)."""
        return np.array([look.quality for look in self.looks], np.float32)

    def begin_anew(self) -> None:
        """It is another face from now on: nobody inherits the name of who was there before."""
        self.looks.clear()
        self.decision = NOT_YET
        self.face += 1

    def add(self, look: Look, max_looks: int) -> None:
        """Keep a look, of the best `max_looks` by quality."""
        self.looks_seen += 1
        self.looks.append(look)
        if len(self.looks) > max_looks:
            self.looks.remove(min(self.looks, key=lambda one: one.quality))
