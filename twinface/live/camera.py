"""The camera stage: frame → tracks, and the crops worth recognising."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from twinface.faces.alignment import align_face
from twinface.faces.detection import FaceDetector
from twinface.faces.motion import MotionGate, SceneCuts
from twinface.faces.quality import measure_face
from twinface.faces.sources import SourceSpec
from twinface.faces.tracking import Tracker, TrackUpdate
from twinface.live.detection_rest import Rest
from twinface.live.look_plan import Glimpse, LookPlan, View
from twinface.messages.schema import BoxXyxy, CropMeta, CropTally, TrackBox, TracksUpdate
from twinface.settings import CameraSettings, DetectionSettings, TrackingSettings
from twinface.types import Captured, Face, Frame, Image


class CropEnd(StrEnum):
    """What can become of an offered crop; each is a field of `CropTally`."""

    DELIVERED = "delivered"
    DROPPED = "dropped"
    LOST = "lost"


class ChosenCrop(NamedTuple):
    """A crop to recognise, `image` uint8 (s, s, 3) BGR, and when the frame that it is of was taken."""

    meta: CropMeta
    image: Image
    captured: Captured


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """What a frame gave: the update for `tracks`, and the crops to offer, of this frame or of ones shortly before.

    `detected` says whether faces were looked for in it, or taken to be where they had been. A frame that was not even
    `seen` changes nothing: its update says where the tracks are foreseen to be, for pictures, and goes to nobody.
    """

    update: TracksUpdate
    crops: tuple[ChosenCrop, ...]
    detected: bool = True
    seen: bool = True


def source_spec(camera: CameraSettings) -> SourceSpec:
    """How a camera's source is read."""
    return SourceSpec(
        camera.source,
        loop=camera.loop,
        picture_seconds=camera.picture_seconds,
        picture_fps=camera.picture_fps,
        snapshot_fps=camera.snapshot_fps,
        decode_threads=camera.decode_threads,
        paced=not camera.lossless,
    )


class CameraStage:
    """Turns the frames of one source into tracks and crops of `crop_size_px`, and keeps count of the crops.

    Unless the source waits, no more than `at_once` crops are on their way when a face gets another look: its crop would
    grow old behind the others. It is cut from a later frame, of when there is room. Twice as many may be on their way
    before one of the first looks, which bring the name, and any number before the very first or a look in doubt.
    """

    def __init__(
        self,
        camera: CameraSettings,
        epoch: int,
        detector: FaceDetector,
        *,
        detection: DetectionSettings,
        tracking: TrackingSettings,
        crop_size_px: int,
        at_once: float = math.inf,
    ) -> None:
        self._camera = camera
        self._at_once = at_once
        self._epoch = epoch
        self._detector = detector
        self._detection = detection
        self._tracking = tracking
        self._crop_size_px = crop_size_px
        self._tracker = Tracker(lost_ms=tracking.lost_ms, birth_score=detection.score_threshold)
        self._scenes = SceneCuts()
        self._motion = MotionGate(detection.enter_ms) if detection.adaptive else None
        self._faces: list[Face] = []
        self._detected_at_ms = 0.0
        self._doubtful: set[int] = set()
        self._rest = Rest()
        self._before: tuple[float, tuple[int, ...]] | None = None
        self._plans: dict[int, LookPlan] = {}
        self._next_crop = 0
        self._tally = CropTally()
        self._open_crops: dict[int, int] = {}
        self._looks: dict[int, int] = {}
        self._last = TracksUpdate(camera.name, epoch, 0, 1, 1, (), (), (), (), self._tally, camera.lossless)

    @property
    def tally(self) -> CropTally:
        """What became of the crops so far."""
        return self._tally

    @property
    def rest(self) -> Rest:
        """Which frames after the last one seen need not be; any thread may ask."""
        return self._rest

    def see(self, frame: Frame) -> Sighting:
        """Detect, track, and choose the crops that are worth recognising; of a frame that rests, foresee the tracks."""
        if not frame.cut and self._rest.covers(frame.index, frame.captured.media_ms):
            return self._foresee(frame)
        media_ms = frame.captured.media_ms
        cut = self._is_cut(frame)
        shrunk = self._detector.shrink(frame.image)
        always = cut or bool(self._doubtful) or media_ms >= self._next_look_ms()
        due = self._motion is None or self._motion.is_due(shrunk, media_ms, always=always)
        if due:
            self._faces, self._detected_at_ms = self._detector.detect(frame.image, shrunk), media_ms
        tracked = self._tracker.update(frame.image, self._faces, media_ms, cut=cut)
        self._doubtful.update(tracked.doubtful)
        crops = self._choose_last(tracked.ended)
        if due:
            crops += self._choose(frame, tracked.tracked)
        self._tally = replace(self._tally, offered=self._tally.offered + len(crops))
        self._last = self._describe(frame, tracked, crops)
        self._rest = self._plan_rest(frame)
        return Sighting(self._last, tuple(crops), due)

    def _foresee(self, frame: Frame) -> Sighting:
        foreseen = self._tracker.foresee(frame.captured.media_ms)
        update = replace(self._last, frame=frame.index, tracks=_boxes(foreseen), born=(), ended=(), crops=())
        return Sighting(update, (), detected=False, seen=False)

    def _choose(self, frame: Frame, tracked: Sequence[tuple[int, Face]]) -> list[ChosenCrop]:
        """The crops to recognise now of the faces that were found in a frame."""
        crops: list[ChosenCrop] = []
        for track, face in tracked:
            if face.width_px >= self._detection.min_face_px:
                plan = self._plans.setdefault(track, LookPlan(self._tracking))
                if not self._has_room(track):
                    continue
                view = View(frame.captured, face, partial(self._glimpse, frame, face))
                crops += self._number(track, plan.choose(view, doubtful=track in self._doubtful))
        self._doubtful.clear()
        return crops

    def _has_room(self, track: int) -> bool:
        """Whether a look at a face would be taken up soon enough, or has to be taken anyway."""
        plan = self._plans[track]
        if self._camera.lossless or track in self._doubtful or plan.is_due or not self._looks.get(track):
            return True
        return len(self._open_crops) < self._at_once * (1 if plan.has_time else 2)

    def _plan_rest(self, frame: Frame) -> Rest:
        detection = self._detection
        if self._doubtful or not self._scenes.is_quiet or not self._tracker.is_calm:
            return Rest()
        until_ms = min(self._next_look_ms(), self._detected_at_ms + detection.enter_ms)
        return Rest(
            frame.index,
            frame.captured.media_ms,
            frames=detection.every - 1,
            faces=len(self._last.tracks),
            until_ms=until_ms,
            longest_ms=detection.enter_ms,
        )

    def _next_look_ms(self) -> float:
        """Of the faces seen last, but for those whose look has to wait for room."""
        seen = [box.track for box in self._last.tracks if box.track in self._plans and self._has_room(box.track)]
        return min((self._plans[track].next_look_ms for track in seen), default=math.inf)

    def _describe(self, frame: Frame, tracked: TrackUpdate, crops: Sequence[ChosenCrop]) -> TracksUpdate:
        height_px, width_px = frame.image.shape[:2]
        return TracksUpdate(
            camera=self._camera.name,
            epoch=self._epoch,
            frame=frame.index,
            width_px=width_px,
            height_px=height_px,
            tracks=_boxes(tracked.tracked),
            born=tracked.born,
            ended=tracked.ended,
            crops=tuple(crop.meta.crop for crop in crops),
            tally=self._tally,
            lossless=self._camera.lossless,
            crops_done=self._crops_done(),
        )

    def crop_ended(self, crop: int, end: CropEnd) -> None:
        """Count what became of a crop."""
        self._tally = replace(self._tally, **{end.value: getattr(self._tally, end.value) + 1})
        track = self._open_crops.pop(crop)
        if end is not CropEnd.DELIVERED and track in self._looks:
            self._looks[track] -= 1

    def end(self) -> Sighting:
        """The update that says that no frame follows, and the crops of faces that were not recognised yet.

        Made again it says the same with the newest tally, and has no crops.
        """
        crops: list[ChosenCrop] = []
        if not self._last.ended_stream:
            ended = self._tracker.end()
            crops = self._choose_last(ended)
            self._tally = replace(self._tally, offered=self._tally.offered + len(crops))
            numbers = tuple(crop.meta.crop for crop in crops)
            self._last = replace(self._last, tracks=(), born=(), ended=ended, crops=numbers, ended_stream=True)
        return Sighting(replace(self._last, tally=self._tally, crops_done=self._crops_done()), tuple(crops))

    def _is_cut(self, frame: Frame) -> bool:
        """Whether no track may go on: a new scene or picture size, or nothing for as long as a track may be lost."""
        new_scene = self._scenes.is_cut(frame.image, max(1, frame.index - self._last.frame))
        before, self._before = self._before, (frame.captured.media_ms, frame.image.shape)
        if before is None or frame.cut or new_scene:
            return True
        media_ms, shape = before
        return frame.image.shape != shape or not 0.0 <= frame.captured.media_ms - media_ms <= self._tracking.lost_ms

    def _glimpse(self, frame: Frame, face: Face) -> Glimpse:
        image = align_face(frame.image, face.landmarks_px, self._crop_size_px)
        return Glimpse(frame.index, frame.captured, face, image, measure_face(image, face))

    def _choose_last(self, ended: tuple[int, ...]) -> list[ChosenCrop]:
        """The crops of tracks that have ended before their face was recognised."""
        crops: list[ChosenCrop] = []
        for track in ended:
            if (plan := self._plans.pop(track, None)) is not None:
                crops += self._number(track, plan.last())
            self._looks.pop(track, None)
        return crops

    def _number(self, track: int, glimpse: Glimpse | None) -> list[ChosenCrop]:
        if glimpse is None:
            return []
        meta = CropMeta(
            camera=self._camera.name,
            epoch=self._epoch,
            crop=self._next_crop,
            track=track,
            frame=glimpse.frame,
            box_xyxy=_box(glimpse.face),
            measures=glimpse.measures,
            lossless=self._camera.lossless,
            look=self._looks.get(track, 0),
        )
        self._looks[track] = meta.look + 1
        self._open_crops[self._next_crop] = track
        self._next_crop += 1
        return [ChosenCrop(meta, glimpse.image, glimpse.captured)]

    def _crops_done(self) -> int:
        return min(self._open_crops, default=self._next_crop)


def _boxes(tracked: Sequence[tuple[int, Face]]) -> tuple[TrackBox, ...]:
    return tuple(TrackBox(track, _box(face), face.detection_score) for track, face in tracked)


def _box(face: Face) -> BoxXyxy:
    left, top, right, bottom = (float(side) for side in face.box_xyxy)
    return left, top, right, bottom
