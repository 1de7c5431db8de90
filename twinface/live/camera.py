"""The camera stage: frame → tracks, and the crops worth recognising."""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import NamedTuple

from twinface.faces.alignment import align_face
from twinface.faces.detection import FaceDetector
from twinface.faces.motion import MotionGate
from twinface.faces.quality import measure_face
from twinface.faces.scenes import SceneCuts
from twinface.faces.tracking import Tracker
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

    `detected` says whether faces were looked for in it, or taken to be where they had been.
    """

    update: TracksUpdate
    crops: tuple[ChosenCrop, ...]
    detected: bool = True


class CameraStage:
    """Turns the frames of one source into tracks and crops of `crop_size_px`, and keeps count of the crops."""

    def __init__(
        self,
        camera: CameraSettings,
        epoch: int,
        detector: FaceDetector,
        *,
        detection: DetectionSettings,
        tracking: TrackingSettings,
        crop_size_px: int,
    ) -> None:
        self._camera = camera
        self._epoch = epoch
        self._detector = detector
        self._detection = detection
        self._tracking = tracking
        self._crop_size_px = crop_size_px
        self._tracker = Tracker(lost_ms=tracking.lost_ms, birth_score=detection.score_threshold)
        self._scenes = SceneCuts()
        self._motion = MotionGate(detection.enter_ms) if detection.adaptive else None
        self._faces: list[Face] = []
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

    def see(self, frame: Frame) -> Sighting:
        """Detect, track, and choose the crops that are worth recognising."""
        cut = self._is_cut(frame)
        shrunk = self._detector.shrink(frame.image)
        due = self._motion is None or self._motion.is_due(shrunk, frame.captured.media_ms, cut=cut)
        if due:
            self._faces = self._detector.detect(frame.image, shrunk)
        tracked = self._tracker.update(frame.image, self._faces, frame.captured.media_ms, cut=cut)
        crops = self._choose_last(tracked.ended)
        for track, face in tracked.tracked:
            if face.width_px >= self._detection.min_face_px:
                plan = self._plans.setdefault(track, LookPlan(self._tracking))
                view = View(frame.captured, face, partial(self._glimpse, frame, face))
                chosen = plan.choose(view, doubtful=track in tracked.doubtful)
                crops += self._number(track, chosen)
        self._tally = replace(self._tally, offered=self._tally.offered + len(crops))
        height_px, width_px = frame.image.shape[:2]
        update = TracksUpdate(
            camera=self._camera.name,
            epoch=self._epoch,
            frame=frame.index,
            width_px=width_px,
            height_px=height_px,
            tracks=tuple(TrackBox(track, _box(face), face.detection_score) for track, face in tracked.tracked),
            born=tracked.born,
            ended=tracked.ended,
            crops=tuple(crop.meta.crop for crop in crops),
            tally=self._tally,
            lossless=self._camera.lossless,
            crops_done=self._crops_done(),
        )
        self._last = update
        return Sighting(update, tuple(crops), due)

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
        new_scene = self._scenes.is_cut(frame.image)
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


def _box(face: Face) -> BoxXyxy:
    left, top, right, bottom = (float(side) for side in face.box_xyxy)
    return left, top, right, bottom
