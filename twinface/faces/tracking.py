"""Which face of a frame is which face of the frames before.

Each track predicts where its face is now, by a Kalman filter with constant velocity as in SORT (Bewley et al., ICIP
2016), but by the frames' times, since a busy box skips frames, and in face widths, so that near and far faces are
alike. Tracks and faces are assigned to each other by distance and appearance at the least cost; faces of a low
detection score only continue tracks, as in ByteTrack (Zhang et al., ECCV 2022). Small boxes that move fast do not
overlap from frame to frame, so distance takes the place of overlap. What covers a face does not enter a track's memory
of its appearance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.faces.appearance import take_patches
from twinface.faces.assignment import assign
from twinface.types import Face, Image

_POSITION_SD, _FIRST_SPEED_SD, _ACCELERATION_SD = 0.08, 3.0, 6.0
"""In face widths, widths a second, widths a second squared: of a detection, of a new track, of a face's motion."""
_REACH_SD = 3.0
_LEAST_REACH = 0.5
_SIZE_RATIO = 1.8
_COVERED_IOU = 0.05
_SEEN_LATELY_S = 0.3
_LEAST_ALIKE, _LEAST_ALIKE_AFTER_GAP = 0.1, 0.5
_DOUBTFUL_ALIKE = 0.6
_APPEARANCE_WEIGHT = 1.5
_IMPOSSIBLE = 1e6


@dataclass(frozen=True, slots=True, eq=False)
class TrackUpdate:
    """What a frame did to the tracks: faces seen with their track ids, ids that are new, ids that are over.

    `doubtful` are ids whose face may have become another's: it was covered, or missed for a while, or has changed.
    """

    tracked: tuple[tuple[int, Face], ...]
    born: tuple[int, ...]
    ended: tuple[int, ...]
    doubtful: tuple[int, ...]


class _Track:
    """The state of one face. `spread` (2, 2) is the covariance of place and speed in face widths, for x and y alike."""

    def __init__(self, face: Face, patch: NDArray[np.float32], time_s: float) -> None:
        self.middle, self.size = _middle_and_size(face)
        self.speed = np.zeros(2)
        self.spread = np.diag([_POSITION_SD**2, _FIRST_SPEED_SD**2])
        self.patch = patch
        self.seen_at_s = self.time_s = time_s
        self.in_doubt = False

    def predict(self, time_s: float) -> None:
        """Move on to a time; acceleration is white noise (Bar-Shalom, Li, Kirubarajan 2001, section 6.2.2)."""
        step = max(0.0, time_s - self.time_s)
        self.time_s = time_s
        self.middle = self.middle + self.speed * step
        move = np.array([[1.0, step], [0.0, 1.0]])
        noise = np.array([[step**4 / 4, step**3 / 2], [step**3 / 2, step**2]]) * _ACCELERATION_SD**2
        self.spread = move @ self.spread @ move.T + noise

    def correct(self, face: Face, patch: NDArray[np.float32] | None) -> None:
        """Take the face seen at the time predicted for, and its appearance if nothing covers it."""
        middle, size = _middle_and_size(face)
        gain = self.spread[:, 0] / (self.spread[0, 0] + _POSITION_SD**2)
        missed_by = middle - self.middle
        self.middle = self.middle + gain[0] * missed_by
        self.speed = self.speed + gain[1] * missed_by
        self.spread = self.spread - np.outer(gain, self.spread[0])
        self.size = self.size + 0.5 * (size - self.size)
        if patch is not None:
            self.patch = self.patch + np.float32(0.2) * (patch - self.patch)
        self.seen_at_s = self.time_s


class Tracker:
    """Keeps a track id per face through motion, short occlusions and missed detections.

    A track ends when its face was not seen for `lost_ms` of the frames' time, when it has left the picture, or at a
    cut. Faces with a detection score below `birth_score` continue a track, but begin none. Ids count up from 1 and are
    never used again. The same frames give the same tracks.
    """

    def __init__(self, *, lost_ms: float = 1000.0, birth_score: float = 0.6) -> None:
        self._lost_s = lost_ms / 1000.0
        self._birth_score = birth_score
        self._tracks: dict[int, _Track] = {}
        self._last_id = 0

    def update(self, image: Image, faces: Sequence[Face], time_ms: float, *, cut: bool = False) -> TrackUpdate:
        """Take the faces of the next frame, of `time_ms` in its source; with `cut` no track of before goes on."""
        time_s = time_ms / 1000.0
        ended = [*self.end()] if cut else []
        for track in self._tracks.values():
            track.predict(time_s)
        patches = take_patches(image, faces)
        matched = self._match(faces, patches)
        ended += self._end_lost(image, time_s, set(matched.values()))
        covered = _covered(faces)
        tracked, born, doubtful = [], [], []
        for position, (face, patch) in enumerate(zip(faces, patches, strict=True)):
            number = matched.get(position)
            if number is None and face.detection_score < self._birth_score:
                continue
            if number is None:
                self._last_id += 1
                number = self._last_id
                born.append(number)
                self._tracks[number] = _Track(face, patch, time_s)
            elif self._continue(self._tracks[number], face, patch, covered=bool(covered[position])):
                doubtful.append(number)
            tracked.append((number, face))
        return TrackUpdate(tuple(tracked), tuple(born), tuple(ended), tuple(doubtful))

    def end(self) -> tuple[int, ...]:
        """End all tracks; their ids."""
        ended = tuple(self._tracks)
        self._tracks.clear()
        return ended

    def _continue(self, track: _Track, face: Face, patch: NDArray[np.float32], *, covered: bool) -> bool:
        """Add a face to its track; whether it is in doubt that it is the same, and it can be seen well again."""
        alike = float(track.patch @ patch)
        gap_s = track.time_s - track.seen_at_s
        track.in_doubt |= covered or alike < _DOUBTFUL_ALIKE or gap_s > _SEEN_LATELY_S
        track.correct(face, None if covered else patch)
        doubtful = track.in_doubt and not covered
        track.in_doubt = covered
        return doubtful

    def _end_lost(self, image: Image, time_s: float, seen: set[int]) -> list[int]:
        inside = np.array(image.shape[1::-1])
        ended = [
            number
            for number, track in self._tracks.items()
            if number not in seen
            and (time_s - track.seen_at_s >= self._lost_s or not ((track.middle >= 0) & (track.middle < inside)).all())
        ]
        for number in ended:
            del self._tracks[number]
        return ended

    def _match(self, faces: Sequence[Face], patches: NDArray[np.float32]) -> dict[int, int]:
        """Position of a face → its track's id: first the faces that are sure, then the others with what is left."""
        matched: dict[int, int] = {}
        sure = [position for position, face in enumerate(faces) if face.detection_score >= self._birth_score]
        unsure = [position for position in range(len(faces)) if position not in sure]
        for positions in (sure, unsure):
            left = [number for number in self._tracks if number not in matched.values()]
            if not positions or not left:
                continue
            costs = np.array([[self._cost(self._tracks[n], faces[p], patches[p]) for p in positions] for n in left])
            for row, column in assign(costs):
                if costs[row, column] < _IMPOSSIBLE:
                    matched[positions[column]] = left[row]
        return matched

    def _cost(self, track: _Track, face: Face, patch: NDArray[np.float32]) -> float:
        """How badly a face fits a track: distance, in what may be expected, and how little alike they look."""
        middle, size = _middle_and_size(face)
        ratio = float(np.sqrt((size / track.size).prod()))
        width = float(np.sqrt(track.size.prod()))
        reach = max(_LEAST_REACH, _REACH_SD * float(np.sqrt(track.spread[0, 0] + _POSITION_SD**2)))
        distance = float(np.hypot(*(middle - track.middle))) / width
        alike = float(track.patch @ patch)
        gap_s = track.time_s - track.seen_at_s
        least = _LEAST_ALIKE_AFTER_GAP if gap_s > _SEEN_LATELY_S else _LEAST_ALIKE
        if distance > reach or not 1 / _SIZE_RATIO < ratio < _SIZE_RATIO or alike < least:
            return _IMPOSSIBLE
        return distance / reach + _APPEARANCE_WEIGHT * (1.0 - alike)


def _middle_and_size(face: Face) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    corner, opposite = face.box_xyxy[:2].astype(np.float64), face.box_xyxy[2:].astype(np.float64)
    return (corner + opposite) / 2, np.maximum(opposite - corner, 1.0)


def _covered(faces: Sequence[Face]) -> NDArray[np.bool_]:
    """Which faces another one overlaps, so that their looks are mixed; bool (n,)."""
    if not faces:
        return np.zeros(0, np.bool_)
    boxes = np.stack([face.box_xyxy for face in faces])
    overlap = compute_iou(boxes, boxes)
    np.fill_diagonal(overlap, 0.0)
    return np.asarray(overlap.max(axis=1) > _COVERED_IOU)


def compute_iou(a_xyxy: NDArray[np.float32], b_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of boxes (n, 4) with boxes (m, 4): float32 (n, m), 0…1."""
    corner = np.maximum(a_xyxy[:, None, :2], b_xyxy[None, :, :2])
    opposite = np.minimum(a_xyxy[:, None, 2:], b_xyxy[None, :, 2:])
    shared = np.clip(opposite - corner, 0, None).prod(axis=2)
    area_a = (a_xyxy[:, 2:] - a_xyxy[:, :2]).prod(axis=1)
    area_b = (b_xyxy[:, 2:] - b_xyxy[:, :2]).prod(axis=1)
    union = area_a[:, None] + area_b[None, :] - shared
    return np.asarray(shared / np.maximum(union, np.float32(1e-9)), np.float32)
