"""The camera stage: frame → tracks, and the crops worth recognising."""

from dataclasses import dataclass, replace
from enum import StrEnum

from twinface.faces import FaceDetector, SceneCuts, Tracker, align_face, assess_quality
from twinface.messages.schema import BoxXyxy, CropMeta, CropTally, TrackBox, TracksUpdate
from twinface.settings import CameraSettings, DetectionSettings, TrackingSettings
from twinface.types import Face, Frame, Image


class CropEnd(StrEnum):
    """What can become of an offered crop; each is a field of `CropTally`."""

    DELIVERED = "delivered"
    DROPPED = "dropped"
    LOST = "lost"


@dataclass(frozen=True, slots=True, eq=False)
class Sighting:
    """What a frame gave: the update for `tracks`, and the crops to offer, each uint8 (s, s, 3) BGR."""

    update: TracksUpdate
    crops: tuple[tuple[CropMeta, Image], ...]


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
        self._tracker = Tracker(max_missed=tracking.max_missed_frames, iou_threshold=tracking.iou_threshold)
        self._cuts = SceneCuts()
        self._looked_at_ms: dict[int, float] = {}
        self._next_crop = 0
        self._tally = CropTally()
        self._open_crops: set[int] = set()
        self._ended_tracks: tuple[int, ...] = ()
        self._last: TracksUpdate | None = None

    @property
    def tally(self) -> CropTally:
        """What became of the crops so far."""
        return self._tally

    def see(self, frame: Frame) -> Sighting:
        """Detect, track, and cut the crops that are due."""
        cut = self._cuts.is_cut(frame.image) or frame.cut
        tracked = self._tracker.update(self._detector.detect(frame.image), cut=cut)
        for ended in tracked.ended:
            self._looked_at_ms.pop(ended, None)
        crops = tuple(
            self._cut_crop(frame, track, face) for track, face in tracked.tracked if self._due(frame, track, face)
        )
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
            crops=tuple(meta.crop for meta, _ in crops),
            tally=self._tally,
            lossless=self._camera.lossless,
            crops_done=self._crops_done(),
        )
        self._last = update
        return Sighting(update, crops)

    def crop_ended(self, crop: int, end: CropEnd) -> None:
        """Count what became of a crop."""
        self._tally = replace(self._tally, **{end.value: getattr(self._tally, end.value) + 1})
        self._open_crops.discard(crop)

    def end(self) -> TracksUpdate:
        """The update that says that no frame follows; made anew it says the same with the newest tally."""
        self._ended_tracks += self._tracker.update([], cut=True).ended
        last = self._last or TracksUpdate(
            self._camera.name, self._epoch, 0, 1, 1, (), (), (), (), self._tally, self._camera.lossless
        )
        return replace(
            last,
            tracks=(),
            born=(),
            ended=self._ended_tracks,
            crops=(),
            tally=self._tally,
            ended_stream=True,
            crops_done=self._crops_done(),
        )

    def _due(self, frame: Frame, track: int, face: Face) -> bool:
        if face.width_px < self._detection.min_face_px:
            return False
        looked_at_ms = self._looked_at_ms.get(track)
        return looked_at_ms is None or frame.media_ms - looked_at_ms >= self._tracking.look_interval_ms

    def _cut_crop(self, frame: Frame, track: int, face: Face) -> tuple[CropMeta, Image]:
        self._looked_at_ms[track] = frame.media_ms
        image = align_face(frame.image, face.landmarks_px, self._crop_size_px)
        meta = CropMeta(
            camera=self._camera.name,
            epoch=self._epoch,
            crop=self._next_crop,
            track=track,
            frame=frame.index,
            box_xyxy=_box(face),
            detection_score=face.detection_score,
            quality=assess_quality(image, face),
            lossless=self._camera.lossless,
        )
        self._open_crops.add(self._next_crop)
        self._next_crop += 1
        return meta, image

    def _crops_done(self) -> int:
        return min(self._open_crops, default=self._next_crop)


def _box(face: Face) -> BoxXyxy:
    left, top, right, bottom = (float(side) for side in face.box_xyxy)
    return left, top, right, bottom
