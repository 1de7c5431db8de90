"""The matcher stage: tracks and vectors in, match events out.

Each event is numbered, shown to the journal, kept for who missed it, handed out once.
"""

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from twinface.events.event import TrackKey
from twinface.live.camera_tracks import Ending, Look, Stream, Track
from twinface.messages.codec import pack_body, unpack_body
from twinface.messages.schema import BoxXyxy, MatchEvent, Stamp, TracksUpdate
from twinface.types import Clock, Decision, Vectors

KEPT_EVENTS = 4096
"""Events a subscriber that missed some can still ask for."""

_EXIT_GRACE_S = 3.0
"""How long a live track that ended waits for looks that are still on their way, a second delivery included."""

_OUT_OF_SIGHT_S = 10.0
"""A live track that nothing was heard of for so long is over, even if the camera has died and cannot say it."""


class Witness(Protocol):
    """Who is shown what happens; `twinface.live.journal.Journal` writes it down."""

    keeps_looks: bool

    def saw(self, update: TracksUpdate, stamp: Stamp) -> None:
        """Take a frame, before the events that follow from it."""

    def take(self, event: MatchEvent) -> None:
        """Take the next match event."""

    def looked(self, look: Look, event: MatchEvent, face: int, alone: Decision, bounds: Mapping[str, Any]) -> None:
        """Take a look that was decided, before its event."""


class MatchEvents:
    """The events of one matcher, in the order they happen; `next_sequence` is the number of the next one."""

    def __init__(self, journal: Witness | None) -> None:
        self.next_sequence = 0
        self._journal = journal
        self._outbox: list[MatchEvent] = []
        self._kept: deque[bytes] = deque(maxlen=KEPT_EVENTS)

    def add(self, event: MatchEvent) -> None:
        """Take an event, whatever its number is."""
        numbered = replace(event, sequence=self.next_sequence)
        self.next_sequence += 1
        self._kept.append(pack_body(numbered))
        if self._journal is not None:
            self._journal.take(numbered)
        self._outbox.append(numbered)

    def take(self) -> list[MatchEvent]:
        """What has happened since it was taken last."""
        events, self._outbox = self._outbox, []
        return events

    def since(self, sequence: int, limit: int) -> list[MatchEvent]:
        """The events from number `sequence` on that are still kept, oldest first, at most `limit`."""
        first = max(0, sequence - (self.next_sequence - len(self._kept)))
        return [unpack_body(MatchEvent, packed) for packed in islice(self._kept, first, first + limit)]


class Namer(Protocol):
    """Who knows people; `twinface.recognition.naming.Naming` does."""

    def decide(self, camera: str, vectors: Vectors, weights: NDArray[np.float32], before: Decision) -> Decision:
        """Who the vectors (n, d) of a track's looks at a camera show, by how much each counts, (n,), and who it was
        `before`."""

    def is_same_face(self, vector: NDArray[np.float32], vectors: Vectors) -> bool:
        """Whether a vector (d,) may be of the face that one of the vectors (n, d) is of."""

    def alone(self, camera: str, vector: NDArray[np.float32]) -> Decision:
        """Who the vector (d,) of one look at a camera shows by itself."""

    @property
    def bounds(self) -> Mapping[str, Any]:
        """The rule that decides, and what it asks for, JSON-ready."""


class MatcherStage:
    """Keeps the streams of all cameras and says what happens in them: each call returns the events since the last one.

    The `namer` is asked again after every look. `expected_cameras` are those of the configuration: their streams count
    as open until they are closed. The `journal` is shown every frame and event in the order they are handled. Of a live
    frame older than `stale_after_ms` only what it ends is taken: nobody enters who was there minutes ago.
    """

    def __init__(
        self,
        namer: Namer,
        *,
        epoch: int,
        expected_cameras: Sequence[str],
        clock: Clock,
        max_looks: int,
        stream_deadline_s: float,
        stale_after_ms: float = math.inf,
        journal: Witness | None = None,
    ) -> None:
        self._namer = namer
        self._clock = clock
        self._journal = journal
        self.gallery_version = 0
        self._epoch = epoch
        self._max_looks = max_looks
        self._deadline_s = stream_deadline_s
        self._stale_after_ms = stale_after_ms
        self._streams: dict[str, Stream | None] = dict.fromkeys(expected_cameras)
        self._events = MatchEvents(journal)

    @property
    def streams_open(self) -> int:
        """Cameras whose stream goes on, or has not been heard of yet."""
        return sum(stream is None or not stream.closed for stream in self._streams.values())

    def on_tracks(self, update: TracksUpdate, stamp: Stamp) -> list[MatchEvent]:
        """Take one frame's tracks."""
        self._handle_tracks(update, stamp)
        return self._events.take()

    def on_vector(self, look: Look) -> list[MatchEvent]:
        """Take the vector of one crop."""
        self._handle_vector(look)
        return self._events.take()

    def tick(self) -> list[MatchEvent]:
        """What time alone brings: tracks that are over, streams that are closed. A few times a second."""
        for stream in self._open():
            if not stream.lossless:
                self._exit_ended(stream)
            self._close_if_over(stream)
        return self._events.take()

    def reconsider(self) -> list[MatchEvent]:
        """Decide again, by the looks there are, who everybody in sight is: what is known has changed."""
        for stream in self._open():
            for track in [one for one in stream.tracks.values() if one.looks]:
                before = track.decision
                track.decision = self._namer.decide(stream.camera, track.vectors, track.weights, before)
                if (track.decision.state, track.decision.name) != (before.state, before.name):
                    self._events.add(self._event("match", stream, track, *_last_of(stream)))
        return self._events.take()

    def events_since(self, sequence: int, limit: int = KEPT_EVENTS) -> list[MatchEvent]:
        """The events from number `sequence` on that are still kept, oldest first, at most `limit`."""
        return self._events.since(sequence, limit)

    def snapshot(self) -> dict[str, object]:
        """The present, JSON-ready: tracks, streams, and the number of the next event."""
        streams = [stream for stream in self._streams.values() if stream is not None]
        return {
            "epoch": self._epoch,
            "next_sequence": self._events.next_sequence,
            "streams_open": self.streams_open,
            "gallery_version": self.gallery_version,
            "streams": [
                {"camera": stream.camera, "epoch": stream.epoch, "closed": stream.closed} for stream in streams
            ],
            "tracks": [
                {
                    "camera": stream.camera,
                    "camera_epoch": stream.epoch,
                    "track": track.number,
                    "track_id": str(TrackKey(stream.camera, stream.epoch, track.number)),
                    "name": track.decision.name,
                    "state": str(track.decision.state),
                    "score": track.decision.score,
                    "box_xyxy": list(track.box_xyxy),
                    "entered_at_ns": track.entered_at_ns,
                }
                for stream in streams
                for track in stream.tracks.values()
                if not stream.closed
            ],
        }

    def _handle_tracks(self, update: TracksUpdate, stamp: Stamp) -> None:
        stream = self._stream(update.camera, update.epoch)
        if stream is None or stream.closed:
            return
        stream.take_account(update, self._clock())
        if update.lossless:
            stream.hold_frame(update, stamp)
            self._drain(stream)
        else:
            if stamp.captured.age_ms(self._clock()) <= self._stale_after_ms:
                self._show(stream, update, stamp)
            for number in update.ended:
                self._begin_to_end(stream, number, update.tally.offered)
            self._exit_ended(stream)
        self._close_if_over(stream)

    def _handle_vector(self, look: Look) -> None:
        crop = look.meta.crop
        stream = self._stream(crop.camera, crop.epoch)
        if stream is None or stream.closed or not stream.is_new(crop.crop):
            return
        if crop.lossless:
            stream.hold_vector(look)
            self._drain(stream)
        elif crop.track in stream.tracks or crop.track not in stream.exited:
            self._look(stream, look)

    def _open(self) -> list[Stream]:
        return [one for one in self._streams.values() if one is not None and not one.closed]

    def _stream(self, camera: str, epoch: int) -> Stream | None:
        """The stream of this start of a camera; None for an earlier one, whose last messages come late.

        A start with a larger number that is silent is none: a clock that was wrong, or a forged message, named it.
        """
        known, now_s = self._streams.get(camera), self._clock()
        if known is not None and known.epoch == epoch:
            known.heard_at_s = now_s
            return known
        if known is not None and known.epoch > epoch and now_s - known.heard_at_s < _OUT_OF_SIGHT_S:
            return None
        stream = self._streams[camera] = Stream(camera, epoch, now_s)
        if known is not None and not known.closed:
            self._close(known, "camera restarted")
        return stream

    def _drain(self, stream: Stream, *, complete: bool = True) -> None:
        while (ready := stream.next_ready(complete=complete)) is not None:
            update, stamp, looks = ready
            self._show(stream, update, stamp)
            for look in looks:
                self._look(stream, look)
            for number in update.ended:
                if number in stream.tracks:
                    self._exit(stream, stream.tracks[number])

    def _show(self, stream: Stream, update: TracksUpdate, stamp: Stamp) -> None:
        if stream.is_late(stamp):
            return
        stream.handled = update, stamp
        if self._journal is not None:
            self._journal.saw(update, stamp)
        for box in update.tracks:
            if box.track in stream.tracks:
                track = stream.tracks[box.track]
                track.box_xyxy, track.seen_at_s = box.box_xyxy, self._clock()
            else:
                self._enter(stream, box.track, box.box_xyxy, update.frame, stamp)

    def _begin_to_end(self, stream: Stream, number: int, crops: int) -> None:
        if number in stream.tracks:
            stream.tracks[number].ending = Ending(crops, self._clock() + _EXIT_GRACE_S)
        else:
            stream.exited.add(number)

    def _exit_ended(self, stream: Stream) -> None:
        for track in list(stream.tracks.values()):
            if _is_over(track, stream.crops_done, self._clock()):
                self._exit(stream, track)

    def _look(self, stream: Stream, look: Look) -> None:
        crop = look.meta.crop
        if crop.track not in stream.tracks:
            self._enter(stream, crop.track, crop.box_xyxy, crop.frame, look.stamp)
        track = stream.tracks[crop.track]
        track.seen_at_s = self._clock()
        if track.looks and not self._namer.is_same_face(look.vector, track.vectors):
            track.begin_anew()
        track.add(look, self._max_looks)
        track.decision = self._namer.decide(stream.camera, track.vectors, track.weights, track.decision)
        event = self._event("match", stream, track, crop.frame, look.stamp)
        event = replace(event, box_xyxy=crop.box_xyxy, quality=look.quality)
        if self._journal is not None and self._journal.keeps_looks:
            alone = self._namer.alone(stream.camera, look.vector)
            self._journal.looked(look, event, track.face, alone, self._namer.bounds)
        self._events.add(event)

    def _enter(self, stream: Stream, number: int, box_xyxy: BoxXyxy, frame: int, stamp: Stamp) -> None:
        track = stream.tracks[number] = Track(number, box_xyxy, stamp.captured.at_ns, self._clock())
        self._events.add(self._event("enter", stream, track, frame, stamp))

    def _exit(self, stream: Stream, track: Track) -> None:
        del stream.tracks[track.number]
        stream.exited.add(track.number)
        self._events.add(self._event("exit", stream, track, *_last_of(stream)))

    def _close_if_over(self, stream: Stream) -> None:
        reason = stream.closing_reason(self._deadline_s, self._clock())
        if reason is not None:
            self._close(stream, reason)

    def _close(self, stream: Stream, reason: str) -> None:
        self._drain(stream, complete=False)
        for track in list(stream.tracks.values()):
            self._exit(stream, track)
        stream.closed = True
        event = self._event("end", stream, None, *_last_of(stream))
        self._events.add(replace(event, reason=reason, streams_open=self.streams_open))

    def _event(self, kind: str, stream: Stream, track: Track | None, frame: int, stamp: Stamp | None) -> MatchEvent:
        decision = track.decision if track is not None else None
        return MatchEvent(
            type=kind,
            epoch=self._epoch,
            sequence=-1,
            camera=stream.camera,
            camera_epoch=stream.epoch,
            track=track.number if track is not None else None,
            name=decision.name if decision is not None else None,
            state=str(decision.state) if decision is not None else None,
            score=decision.score if decision is not None else None,
            box_xyxy=track.box_xyxy if track is not None else None,
            frame=frame,
            captured=stamp.captured if stamp is not None else None,
            latency_ms=stamp.captured.age_ms(self._clock()) if stamp is not None else None,
            candidates=decision.candidates if decision is not None else (),
            looks=track.looks_seen if track is not None else 0,
            gallery_version=self.gallery_version,
            reason=decision.reason if decision is not None else None,
        )


def _is_over(track: Track, crops_done: int, now_s: float) -> bool:
    if track.ending is not None and (track.ending.crops <= crops_done or track.ending.exit_at_s <= now_s):
        return True
    return now_s - track.seen_at_s > _OUT_OF_SIGHT_S


def _last_of(stream: Stream) -> tuple[int, Stamp | None]:
    return (stream.handled[0].frame, stream.handled[1]) if stream.handled else (0, None)
