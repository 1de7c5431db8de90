"""One camera's stream as the matcher sees it: which frames are ready, and when it is over."""

import time
from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twinface.live.tracks import Track
from twinface.messages.schema import Stamp, TracksUpdate, VectorMeta


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """A vector with what came along."""

    meta: VectorMeta
    vector: NDArray[np.float32]
    stamp: Stamp


@dataclass(frozen=True, slots=True, eq=False)
class _WaitingFrame:
    update: TracksUpdate
    stamp: Stamp
    arrived_at_s: float


@dataclass(slots=True)
class Stream:
    """Everything of one start (`epoch`) of a camera.

    Of a lossless stream the frames are handled in order, each when the vectors of all its crops are there: so that two
    runs of a file give identical matches however many extractors worked on it.
    """

    camera: str
    epoch: int
    tracks: dict[int, Track] = field(default_factory=dict)
    crops_seen: set[int] = field(default_factory=set)
    last_update: TracksUpdate | None = None
    last_stamp: Stamp | None = None
    ended_at_s: float | None = None
    closed: bool = False
    _frames: deque[_WaitingFrame] = field(default_factory=deque)
    _arrivals: dict[int, Arrival] = field(default_factory=dict)
    _abandoned: set[int] = field(default_factory=set)

    def is_new(self, crop: int) -> bool:
        """Whether this crop's vector comes for the first time; a crop may be offered to two extractors."""
        if crop in self.crops_seen:
            return False
        self.crops_seen.add(crop)
        return True

    def take_update(self, update: TracksUpdate, stamp: Stamp) -> None:
        """Remember the newest account of the stream that the camera gave."""
        self.last_update, self.last_stamp = update, stamp
        if update.ended_stream and self.ended_at_s is None:
            self.ended_at_s = time.monotonic()

    def hold_frame(self, update: TracksUpdate, stamp: Stamp) -> None:
        """Lossless: let a frame wait for the vectors of its crops."""
        self._frames.append(_WaitingFrame(update, stamp, time.monotonic()))
        self._abandoned.update(update.abandoned)

    def hold_vector(self, arrival: Arrival) -> None:
        """Lossless: let a vector wait for its frame."""
        self._arrivals[arrival.meta.crop.crop] = arrival

    def next_ready(self, patience_s: float) -> tuple[TracksUpdate, Stamp, list[Arrival]] | None:
        """Lossless: the next frame in order with its vectors, when they are complete or waited for too long."""
        if not self._frames:
            return None
        frame = self._frames[0]
        missing = [crop for crop in frame.update.crops if crop not in self._arrivals and crop not in self._abandoned]
        if missing and time.monotonic() - frame.arrived_at_s < patience_s:
            return None
        self._frames.popleft()
        arrivals = [self._arrivals.pop(crop) for crop in frame.update.crops if crop in self._arrivals]
        self._abandoned.difference_update(frame.update.crops)
        return frame.update, frame.stamp, arrivals

    def closing_reason(self, deadline_s: float) -> str | None:
        """Why the stream is over: `complete` when every crop is accounted for, `deadline` when that took too long."""
        if self.closed or self.ended_at_s is None or self.last_update is None:
            return None
        tally = self.last_update.tally
        if not self._frames and tally.offered == tally.delivered + tally.dropped + tally.lost:
            return "complete"
        return "deadline" if time.monotonic() - self.ended_at_s > deadline_s else None
