"""What the matcher sees, written down as events that outlive it."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from twinface.events.event import Event, LookRecord, Moment, Opinion, TrackKey
from twinface.events.visits import Visits
from twinface.events.writer import EventWriter
from twinface.live.camera_tracks import Look
from twinface.messages.schema import LookPicture, MatchEvent, Message, Stamp, TracksUpdate
from twinface.settings import EventSettings
from twinface.types import Captured, Clock, Decision, State

_RESTARTED = "camera restarted"

_MOST_PICTURES = 256
"""Of looks whose vectors have not come, and may never: 1 MB."""


class Journal:
    """Is shown every frame and match event in the order the matcher handles them.

    The time of a lossless stream is its own, so that two runs are written down alike; that of a live one the `clock`'s.
    """

    def __init__(self, writer: EventWriter, settings: EventSettings, clock: Clock) -> None:
        self.head = ""
        self.keeps_looks = settings.kept_looks > 0
        self._writer = writer
        self._clock = clock
        self._visits = Visits(
            cool_down_s=settings.cool_down_s, unknown_stays_s=settings.unknown_stays_s, past=writer.past
        )
        self._lossless: dict[str, bool] = {}
        self._latest: dict[str, Moment] = {}
        self._pictures: OrderedDict[tuple[str, int, int], bytes] = OrderedDict()

    @property
    def problem(self) -> str:
        """Why events are not stored at present."""
        return self._writer.problem

    @property
    def gauges(self) -> Mapping[str, float]:
        """Events by what became of them; how large the store is, by how much it grew in the last hour,
        and by how much the clock has jumped.
        """
        writer = self._writer
        return {
            "events_stored": writer.stored,
            "events_waiting": writer.waiting,
            "events_lost": writer.lost,
            "event_failures": writer.failures,
            "events_mb": writer.upkeep.size_bytes / 1e6,
            "events_mb_per_hour": writer.upkeep.grown_bytes_per_hour / 1e6,
            "clock_jump_s": writer.upkeep.clock_jump_s,
        }

    def saw(self, update: TracksUpdate, stamp: Stamp) -> None:
        """Take a frame, before the events that follow from it."""
        self._lossless[update.camera] = update.lossless
        moment = self._moment(update.camera, stamp.captured, update.frame)
        tracks = {box.track for box in update.tracks}
        self._write(self._visits.saw(update.camera, update.epoch, tracks, moment, live=not update.lossless))

    def take(self, event: MatchEvent) -> None:
        """Take the next match event."""
        camera, stream = event.camera, event.camera_epoch
        moment = self._moment(camera, event.captured, event.frame)
        if event.track is None:
            goes_on = event.reason == _RESTARTED and not self._lossless.get(camera, False)
            self._write(self._visits.ended(camera, stream, moment, event.reason or event.type, goes_on=goes_on))
            return
        key = TrackKey(camera, stream, event.track)
        if event.type == "enter":
            self._write(self._visits.entered(key, moment))
        elif event.type == "match":
            self._write(self._visits.said(key, self._opinion(event), moment))
        elif event.type == "exit":
            self._write(self._visits.left(key, moment))

    def take_picture(self, message: Message) -> None:
        """Take the picture of a look, before the look: it is kept with it."""
        body = message.body
        if isinstance(body, LookPicture) and message.array is not None:
            self._pictures[body.camera, body.epoch, body.crop] = message.array.tobytes()
            if len(self._pictures) > _MOST_PICTURES:
                self._pictures.popitem(last=False)

    def looked(self, look: Look, event: MatchEvent, face: int, alone: Decision, bounds: Mapping[str, Any]) -> None:
        """Take a look, before the event that follows from it: what it shows `alone`, and by which `bounds` the track
        was decided. `face` counts the faces that have had the track's box before.
        """
        crop = look.meta.crop
        self._writer.put_look(
            LookRecord(
                key=TrackKey(crop.camera, crop.epoch, crop.track),
                crop=crop.crop,
                face=face,
                at_ns=look.stamp.captured.at_ns,
                frame=crop.frame,
                network=look.meta.network,
                vector=look.vector,
                quality=look.quality,
                state=event.state or State.PENDING,
                name=event.name,
                score=event.score or 0.0,
                reason=event.reason or "",
                candidates=alone.candidates,
                together=event.candidates,
                measures=crop.measures,
                bounds=bounds,
                gallery_version=event.gallery_version,
                head=self.head,
                picture=self._pictures.pop((crop.camera, crop.epoch, crop.crop), None),
            )
        )

    def tick(self) -> None:
        """Let time pass. A few times a second."""
        self._write(self._visits.tick(self._clock()))

    def close(self) -> None:
        """End what goes on, and store what there is."""
        self._write(self._visits.stop("stopped"))
        self._writer.close()

    def _write(self, events: list[Event]) -> None:
        if events:
            self._writer.put(events)

    def _moment(self, camera: str, captured: Captured | None, frame: int) -> Moment:
        at_ns, media_ms = (captured.at_ns, captured.media_ms) if captured is not None else (0, 0.0)
        time_s = media_ms / 1e3 if self._lossless.get(camera) else self._clock()
        moment = Moment(time_s, at_ns, media_ms, frame)
        if captured is None:  # the end of a stream of which no frame was handled
            moment = replace(self._latest.get(camera, moment), time_s=time_s)
        self._latest[camera] = moment
        return moment

    def _opinion(self, event: MatchEvent) -> Opinion:
        return Opinion(
            state=event.state or State.PENDING,
            name=event.name,
            score=event.score,
            gallery_version=event.gallery_version,
            head=self.head,
            details={
                "looks": event.looks,
                "quality": event.quality,
                "candidates": [[one.name, one.score] for one in event.candidates],
            },
        )
