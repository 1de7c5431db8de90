"""One camera's tracks as the matcher sees them: looks, names, which frames are ready, when it is over."""

from collections import deque
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from twinface.messages.recent import RecentNumbers
from twinface.messages.schema import BoxXyxy, CropTally, Stamp, TracksUpdate, VectorMeta
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


@dataclass(slots=True)
class Stream:
    """Everything of one start (`epoch`) of a camera.

    Of a lossless stream the frames are handled in order, each when the vectors of all its crops are there or will never
    come: so that two runs of a file give identical matches however many extractors worked on it.
    """

    camera: str
    epoch: int
    heard_at_s: float = 0.0
    tracks: dict[int, Track] = field(default_factory=dict)
    exited: RecentNumbers = field(default_factory=RecentNumbers)
    crops_done: int = 0
    handled: tuple[TracksUpdate, Stamp] | None = None
    closed: bool = False
    _crops_seen: RecentNumbers = field(default_factory=RecentNumbers)
    _tally: CropTally = field(default_factory=CropTally)
    _ended: bool = False
    _progress_at_s: float = 0.0
    _crops_passed: int = 0
    _frames: deque[tuple[TracksUpdate, Stamp]] = field(default_factory=deque)
    _looks: dict[int, Look] = field(default_factory=dict)

    @property
    def lossless(self) -> bool:
        """Whether its frames wait for their vectors, and time decides nothing."""
        return self.handled is not None and self.handled[0].lossless

    def is_new(self, crop: int) -> bool:
        """Whether this crop's vector comes for the first time; a crop may be offered to two extractors."""
        if crop in self._crops_seen:
            return False
        self._crops_seen.add(crop)
        return True

    def take_account(self, update: TracksUpdate, now_s: float) -> None:
        """Take what the camera says of its crops as a whole; an update that comes late, out of order, adds nothing."""
        before = self._tally, self._ended
        self._tally = max(self._tally, update.tally, key=_progress)
        self._ended |= update.ended_stream
        self.crops_done = max(self.crops_done, update.crops_done)
        if (self._tally, self._ended) != before:
            self._progress_at_s = now_s

    def is_late(self, stamp: Stamp) -> bool:
        """Whether a newer frame was handled before."""
        return self.handled is not None and stamp.sequence < self.handled[1].sequence

    def hold_frame(self, update: TracksUpdate, stamp: Stamp) -> None:
        """Lossless: let a frame wait for the vectors of its crops."""
        self._frames.append((update, stamp))

    def hold_vector(self, look: Look) -> None:
        """Lossless: let a vector wait for its frame, unless that has gone on without it."""
        if look.meta.crop.crop >= self._crops_passed:
            self._looks[look.meta.crop.crop] = look

    def next_ready(self, *, complete: bool = True) -> tuple[TracksUpdate, Stamp, list[Look]] | None:
        """Lossless: the next frame in order with its vectors; without `complete` also when some are missing."""
        if not self._frames:
            return None
        update, stamp = self._frames[0]
        if complete and any(crop >= self.crops_done and crop not in self._looks for crop in update.crops):
            return None
        self._frames.popleft()
        self._crops_passed = max([self._crops_passed, *(crop + 1 for crop in update.crops)])
        return update, stamp, [self._looks.pop(crop) for crop in update.crops if crop in self._looks]

    def closing_reason(self, deadline_s: float, now_s: float) -> str | None:
        """Why the stream is over: `complete` when every crop is accounted for, `deadline` when nothing more came of
        the last ones for `deadline_s`; None while it goes on.
        """
        if self.closed or not self._ended:
            return None
        if _progress(self._tally) == (self._tally.offered, self._tally.offered):
            return "complete"
        return "deadline" if now_s - self._progress_at_s > deadline_s else None


def _progress(tally: CropTally) -> tuple[int, int]:
    return tally.offered, tally.delivered + tally.dropped + tally.lost
