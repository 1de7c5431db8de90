"""What tracking is measured against: greedy matching by overlap of the boxes, frame to frame."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from moving_faces.metrics import compute_iou
from twinface.faces import FaceDetector, SceneCuts, align_face, measure_face
from twinface.live.camera import ChosenCrop, Sighting
from twinface.messages.schema import BoxXyxy, CropMeta, CropTally, TrackBox, TracksUpdate
from twinface.types import Face, Frame


class GreedyTracker:
    """A face goes on where its box overlaps the last one by 0.3 or more, best pair first; ends after 10 frames."""

    def __init__(self) -> None:
        self._tracks: dict[int, tuple[NDArray[np.float32], int]] = {}
        self._last_id = 0

    def update(self, faces: Sequence[Face], *, cut: bool = False) -> list[tuple[int, Face]]:
        """Take the faces of the next frame; (track id, face) of each."""
        if cut:
            self._tracks.clear()
        matched = self._match(faces)
        self._tracks = {n: (box, missed + 1) for n, (box, missed) in self._tracks.items() if missed < 10}
        tracked = []
        for position, face in enumerate(faces):
            number = matched.get(position)
            if number is None:
                self._last_id += 1
                number = self._last_id
            self._tracks[number] = face.box_xyxy, 0
            tracked.append((number, face))
        return tracked

    def _match(self, faces: Sequence[Face]) -> dict[int, int]:
        numbers, pairs = list(self._tracks), dict[int, int]()
        if not faces or not numbers:
            return pairs
        boxes = np.stack([box for box, _ in self._tracks.values()])
        overlap = compute_iou(boxes, np.stack([face.box_xyxy for face in faces]))
        while overlap.max() >= 0.3:
            row, column = divmod(int(overlap.argmax()), len(faces))
            pairs[column] = numbers[row]
            overlap[row, :] = overlap[:, column] = -1.0
        return pairs


class GreedyCamera:
    """A camera stage that tracks greedily and has every track recognised each `look_interval_ms`; 0: in every frame."""

    def __init__(self, detector: FaceDetector, look_interval_ms: float) -> None:
        self._detector = detector
        self._look_interval_ms = look_interval_ms
        self._tracker, self._cuts = GreedyTracker(), SceneCuts()
        self._looked_at_ms: dict[int, float] = {}
        self._crops = 0

    def see(self, frame: Frame) -> Sighting:
        """As CameraStage.see."""
        faces = [face for face in self._detector.detect(frame.image) if face.detection_score >= 0.6]
        tracked = self._tracker.update(faces, cut=self._cuts.is_cut(frame.image) or frame.cut)
        crops = [self._cut(frame, track, face) for track, face in tracked if self._is_due(frame, track, face)]
        boxes = tuple(TrackBox(track, _box(face), face.detection_score) for track, face in tracked)
        numbers = tuple(crop.meta.crop for crop in crops)
        size = frame.image.shape[1::-1]
        update = TracksUpdate(
            "bench", 1, frame.index, *size, boxes, (), (), numbers, CropTally(self._crops), lossless=True
        )
        return Sighting(update, tuple(crops))

    def _is_due(self, frame: Frame, track: int, face: Face) -> bool:
        looked_at_ms = self._looked_at_ms.get(track)
        due = looked_at_ms is None or frame.captured.media_ms - looked_at_ms >= self._look_interval_ms
        return due and face.width_px >= 24

    def _cut(self, frame: Frame, track: int, face: Face) -> ChosenCrop:
        self._looked_at_ms[track] = frame.captured.media_ms
        image = align_face(frame.image, face.landmarks_px, 112)
        measures = measure_face(image, face)
        self._crops += 1
        meta = CropMeta("bench", 1, self._crops - 1, track, frame.index, _box(face), measures, True)
        return ChosenCrop(meta, image, frame.captured)


def _box(face: Face) -> BoxXyxy:
    left, top, right, bottom = (float(side) for side in face.box_xyxy)
    return left, top, right, bottom
