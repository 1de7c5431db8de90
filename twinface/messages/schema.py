"""What stands in a message. Fields are only ever added, each with a default; anything else is a new version."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from twinface.types import Candidate, Captured, FaceMeasures

Array = NDArray[Any]
BoxXyxy = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where and when a message, or the frame it speaks of, came into being.

    `origin` is the process ("camera.front"), `epoch` its start (one number per start), `sequence` the number of the
    message on its link within the epoch, from 0. Nobody drops one that is `pinned` for its age: a source waits for it,
    or it says what no other message says.
    """

    origin: str
    epoch: int
    sequence: int
    captured: Captured
    pinned: bool = False


@dataclass(frozen=True, slots=True)
class CropMeta:
    """What goes with a crop, from the camera through the extractor to the matcher.

    `crop` numbers the crops a camera offered in this `epoch`, from 0: it is what the end of a stream counts. `look` is
    how many crops of its track were recognised, or are on their way, before this one.
    """

    kind: ClassVar[str] = "crop"
    camera: str
    epoch: int
    crop: int
    track: int
    frame: int
    box_xyxy: BoxXyxy
    measures: FaceMeasures
    lossless: bool
    look: int = 0


@dataclass(frozen=True, slots=True)
class VectorMeta:
    """A crop's vector; the payload is float32 (d,). `network` is the fingerprint of what made it."""

    kind: ClassVar[str] = "vector"
    crop: CropMeta
    network: str
    embed_ms: float


@dataclass(frozen=True, slots=True)
class TrackBox:
    """Where a track's face is in a frame."""

    track: int
    box_xyxy: BoxXyxy
    detection_score: float


@dataclass(frozen=True, slots=True)
class CropTally:
    """What became of the crops a camera has offered in this epoch so far."""

    offered: int = 0
    delivered: int = 0
    dropped: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class TracksUpdate:
    """One frame's tracks. `crops` are the crop numbers offered from it.

    `ended_stream` says that no further frame follows; updates that come after it only carry a newer `tally`.
    Of all crops numbered below `crops_done` the vectors have been delivered, or will never come.
    """

    kind: ClassVar[str] = "tracks"
    camera: str
    epoch: int
    frame: int
    width_px: int
    height_px: int
    tracks: tuple[TrackBox, ...]
    born: tuple[int, ...]
    ended: tuple[int, ...]
    crops: tuple[int, ...]
    tally: CropTally
    lossless: bool
    ended_stream: bool = False
    crops_done: int = 0


@dataclass(frozen=True, slots=True)
class MatchEvent:
    """What happened, as subscribers see it.

    `type`: enter (a track was born), match (a look was decided; `name` and `state` are the track's now), exit (the
    track ended), end (the stream of `camera` is closed; `reason` says how, `streams_open` how many go on).
    `sequence` counts the events of one matcher `epoch` without gaps, so that a subscriber sees what it missed.
    `frame` and `captured` are those of the look, or of the last frame that was handled; the end of a stream of which
    none was has no `captured`.
    """

    kind: ClassVar[str] = "match"
    type: str
    epoch: int
    sequence: int
    camera: str
    camera_epoch: int
    track: int | None
    name: str | None
    state: str | None
    score: float | None
    box_xyxy: BoxXyxy | None
    frame: int
    captured: Captured | None
    latency_ms: float | None
    candidates: tuple[Candidate, ...] = ()
    quality: float | None = None
    looks: int = 0
    gallery_version: int = 0
    reason: str | None = None
    streams_open: int | None = None

    @property
    def plain(self) -> dict[str, Any]:
        """JSON-ready, the times of the capture beside the rest; 0 where there are none."""
        values = asdict(self)
        captured = values.pop("captured") or {"at_ns": 0, "media_ms": 0.0}
        return {**values, "media_ms": captured["media_ms"], "captured_at_ns": captured["at_ns"]}


@dataclass(frozen=True, slots=True)
class PreviewMeta:
    """A frame for people to look at; the payload is a JPEG, uint8 (n,). Boxes are in pixels of the full frame."""

    kind: ClassVar[str] = "preview"
    camera: str
    frame: int
    width_px: int
    height_px: int
    tracks: tuple[TrackBox, ...]


@dataclass(frozen=True, slots=True)
class LookPicture:
    """A crop that is recognised, for people to look at: number `crop` of the camera's start `epoch`, of a track.

    The payload is a JPEG, uint8 (n,).
    """

    kind: ClassVar[str] = "picture"
    camera: str
    epoch: int
    track: int
    crop: int


DURATION_BOUNDS_MS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0, 5000.0)
"""What Durations are counted by, in ms."""


@dataclass(frozen=True, slots=True)
class Durations:
    """All durations of one kind since a process began: their sum, and how many were at most as long as each of
    DURATION_BOUNDS_MS and longer than the one before; the last count is of those that were longer than all.
    """

    total_ms: float
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A process once a second: `counters` that only grow, `gauges` as they are, `latency_ms` as p50/p95 of the latest
    values by name, `durations` of all of them.

    `state` is a word (starting, running, idle, ended, stopped, waiting, degraded, failed), `detail` what a person
    should know about it.
    """

    kind: ClassVar[str] = "heartbeat"
    process: str
    pid: int
    state: str
    detail: str
    uptime_s: float
    cpu_s: float
    memory_mb: float
    counters: Mapping[str, int] = field(default_factory=dict)
    gauges: Mapping[str, float] = field(default_factory=dict)
    latency_ms: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    durations: Mapping[str, Durations] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Request:
    """A question on `control`; `arguments` are checked by the one who answers."""

    kind: ClassVar[str] = "request"
    id: str
    verb: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer: `result`, or `error` (a line for people) with `code` (a word for machines)."""

    kind: ClassVar[str] = "reply"
    id: str
    result: Any = None
    error: str | None = None
    code: str | None = None


Body = CropMeta | VectorMeta | TracksUpdate | MatchEvent | PreviewMeta | LookPicture | Heartbeat | Request | Reply
BODIES: dict[str, type[Body]] = {
    body.kind: body
    for body in (CropMeta, VectorMeta, TracksUpdate, MatchEvent, PreviewMeta, LookPicture, Heartbeat, Request, Reply)
}


@dataclass(frozen=True, slots=True, eq=False)
class Message:
    """A stamped body with at most one array (the topic says how large it may be)."""

    stamp: Stamp
    body: Body
    array: Array | None = None

    def __post_init__(self) -> None:
        if self.array is not None and self.array.dtype not in (np.uint8, np.float32):
            raise ValueError(f"array: expected uint8 or float32, got {self.array.dtype}")
