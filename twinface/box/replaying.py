"""A recording played to the matcher's stage of today: the same events, or what has changed.

As openpilot's process replay compares what a process says now with what it said then; nothing runs and nothing is
stored. The clock of the stage is that of the recording, so a recording of hours takes seconds, and two runs are alike.
"""

import difflib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinface.box.picture_tools import PictureTools
from twinface.errors import InputError
from twinface.live.camera_tracks import Look
from twinface.live.matcher import MatcherStage
from twinface.messages.recording_file import Recorded, read_recording
from twinface.messages.schema import Array, CropMeta, MatchEvent, TracksUpdate, VectorMeta
from twinface.messages.topics import CROPS, TRACKS, VECTORS
from twinface.recognition.naming import Naming
from twinface.settings import Settings

_TICK_S = 0.1
"""As often as the matcher lets its stage see what time alone brings."""

_Key = tuple[str, int, int | None]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it: `messages` were read, `events` happened now, `recorded` did then.

    `differences` are the lines of a unified diff between both, of tracks that began within the recording; empty where
    they are alike, or where the recording has no matches to compare with.
    """

    messages: int
    events: tuple[MatchEvent, ...]
    recorded: tuple[MatchEvent, ...]
    differences: tuple[str, ...]


class _Replay:
    """The stage, its clock, and the crops whose vectors are computed again where `tools` are given."""

    def __init__(self, settings: Settings, cameras: Sequence[str], tools: PictureTools, *, embed: bool) -> None:
        self.now_s = 0.0
        self._tools = tools
        self._embed = embed
        self._naming: Naming = tools.naming
        self._fingerprint = tools.network.recipe.fingerprint
        self._ticked_s = 0.0
        self._crops: dict[tuple[str, int, int], Array] = {}
        self._stage = MatcherStage(
            self._naming,
            epoch=0,
            clock=lambda: self.now_s,
            expected_cameras=cameras,
            max_looks=settings.matching.max_looks,
            stream_deadline_s=settings.matching.stream_deadline_s,
            stale_after_ms=TRACKS.stale_after_ms,
        )
        self._stage.gallery_version = self._naming.gallery_version

    def until(self, at_s: float) -> Iterator[MatchEvent]:
        """Let time pass."""
        self._ticked_s = self._ticked_s or at_s
        while self._ticked_s + _TICK_S <= at_s:
            self._ticked_s += _TICK_S
            self.now_s = self._ticked_s
            yield from self._stage.tick()
        self.now_s = at_s

    def take(self, recorded: Recorded) -> Iterator[MatchEvent]:
        """Take a message at the present time."""
        message = recorded.message
        match message.body:
            case TracksUpdate():
                yield from self._stage.on_tracks(message.body, message.stamp)
            case CropMeta() if self._embed and message.array is not None:
                crop = message.body
                self._crops[crop.camera, crop.epoch, crop.crop] = message.array
            case VectorMeta() if message.array is not None:
                look = Look(message.body, self._vector(message.body, message.array), message.stamp)
                yield from self._stage.on_vector(look)

    def _vector(self, meta: VectorMeta, recorded: Array) -> Array:
        crop = self._crops.pop((meta.crop.camera, meta.crop.epoch, meta.crop.crop), None)
        if crop is not None:
            return np.asarray(self._tools.network.embed(crop[None])[0], np.float32)
        if meta.network != self._fingerprint:
            raise InputError(
                "its vectors are of another network; name that with `network` in the configuration, or use --embed "
                "with a recording that has pictures"
            )
        return recorded


def replay(
    settings: Settings,
    path: Path,
    *,
    speed: float | None = None,
    embed: bool = False,
    on_event: Callable[[MatchEvent], object] = lambda _event: None,
) -> Replayed:
    """Play a recording to the stage of the matcher, with the gallery, head and rule of `settings`.

    As fast as it goes, or `speed` times as fast as it was. With `embed` the vectors are computed again from the crops
    that were recorded. Each event is shown to `on_event` as it happens. Raises ArtefactError for a recording that
    cannot be read, and for a gallery that cannot; InputError for one without tracks and vectors, or of another network.
    """
    header, recording = read_recording(path)
    needed = {TRACKS.name, VECTORS.name, *([CROPS.name] if embed else [])}
    if missing := sorted(needed - set(header.topics)):
        raise InputError(f"{path}: recorded without {', '.join(missing)}; record with these topics")
    one = _Replay(settings, header.cameras, PictureTools(settings), embed=embed)
    events: list[MatchEvent] = []
    then: list[MatchEvent] = []
    born: set[_Key] = set()
    messages, first_s, begun_s = 0, 0.0, time.monotonic()

    def happened(new: Iterator[MatchEvent]) -> None:
        for event in new:
            events.append(event)
            on_event(event)

    for recorded in recording:
        messages += 1
        at_s = recorded.at_ns / 1e9
        first_s = first_s or at_s
        if speed is not None:
            time.sleep(max(0.0, (at_s - first_s) / speed - (time.monotonic() - begun_s)))
        happened(one.until(at_s))
        happened(one.take(recorded))
        body = recorded.message.body
        if isinstance(body, MatchEvent):
            then.append(body)
        elif isinstance(body, TracksUpdate):
            born.update((body.camera, body.epoch, track) for track in body.born)
    differences = _differences(then, events, born) if then else ()
    return Replayed(messages, tuple(events), tuple(then), differences)


def describe(event: MatchEvent) -> str:
    """What has to be the same in two runs, in one line."""
    track = "" if event.track is None else f":{event.track}"
    who = event.name or event.state or event.reason or ""
    score = "" if event.score is None else f" score {event.score:.3f}"
    return f"{event.camera}{track} {event.type} {who}{score} frame {event.frame}"


def _differences(then: Sequence[MatchEvent], now: Sequence[MatchEvent], born: set[_Key]) -> tuple[str, ...]:
    before, after = ([describe(event) for event in _comparable(events, born)] for events in (then, now))
    return tuple(difflib.unified_diff(before, after, fromfile="recorded", tofile="now", n=1, lineterm=""))


def _comparable(events: Sequence[MatchEvent], born: set[_Key]) -> list[MatchEvent]:
    """By tracks: what two of them do at one moment has no order in a live stream."""
    chosen = [one for one in events if one.track is None or (one.camera, one.camera_epoch, one.track) in born]
    return sorted(chosen, key=lambda one: (one.camera, one.camera_epoch, one.track is None, one.track or 0))
