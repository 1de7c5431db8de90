"""Which face of a frame is which face of the frames before.

Each track predicts where its face is now, by a Kalman filter with constant velocity as in SORT (Bewley et al., ICIP
2016), but by the frames' times, since a busy box skips frames, and in face widths, so that near and far faces are
alike. Tracks and faces are assigned to each other by distance and appearance at the least cost; faces of a low
detection score only continue tracks, as in ByteTrack (Zhang et al., ECCV 2022). Small boxes that move fast do not
overlap from frame to frame, so distance takes the place of overlap. What covers a face does not enter a track's memory
of its appearance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twinface.faces.association import assign, take_patches
from twinface.types import Face, Image

_POSITION_SD, _FIRST_SPEED_SD, _ACCELERATION_SD = 0.08, 3.0, 6.0
"""In face widths, widths a second, widths a second squared: of a detection, of a new track, of a face's motion."""
_REACH_SD, _LEAST_REACH = 8.0, 0.5
_SIZE_RATIO = 1.8
_GAP_S = 0.3
_LEAST_ALIKE, _ALIKE = 0.1, 0.3
_CHANGED, _CHANGED_IN_JUMP = 0.5, 0.8
"""Likeness below which a face may have become another's: where it was expected, and elsewhere or after a gap."""
_APPEARANCE_WEIGHT = 1.5
_SCORE_DROP = 0.06
"""A face whose detection score is so much lower than usual is hidden in part."""
_COVERED, _SECOND_BOX = 0.03, 0.6
"""Shares of a box in another: enough to change what it looks like; so much that it is the same face once more."""
_IMPOSSIBLE = 1e6
_SURE_SIGHTS = 4
_CALM_SPEED, _CALM_MISS, _CALM_SPACE = 3.0, 0.12, 1.0
"""Up to these a face's next place is clear without a look: widths a second, widths by which it was missed at the last
look, and widths of free space around its box.
"""


@dataclass(frozen=True, slots=True, eq=False)
class TrackUpdate:
    """What a frame did to the tracks: faces seen with their track ids, ids that are new, ids that are over.

    `doubtful` are ids whose face may have become another's: it was covered, or missed for a while, or has changed.
    """

    tracked: tuple[tuple[int, Face], ...]
    born: tuple[int, ...]
    ended: tuple[int, ...]
    doubtful: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    """A face of a frame, in what tracks compare; `covered` says that another face is before or behind it."""

    face: Face
    middle: NDArray[np.float64]
    size: NDArray[np.float64]
    patch: NDArray[np.float32]
    covered: bool

    @property
    def width(self) -> float:
        """Of the face in pixels, of a square as large as its box."""
        return math.sqrt(self.size[0] * self.size[1])


class _Track:
    """The state of one face. `spread` (2, 2) is the covariance of place and speed in face widths, for x and y alike."""

    def __init__(self, sight: _Sight, time_s: float) -> None:
        self.middle, self.size, self.patch = sight.middle, sight.size, sight.patch
        self.face = sight.face
        self.usual_score = sight.face.detection_score
        self.speed = np.zeros(2)
        self.spread = np.diag([_POSITION_SD**2, _FIRST_SPEED_SD**2])
        self.seen_at_s = self.time_s = time_s
        self.in_doubt = sight.covered
        self.missed = False
        self.sights = 1
        self.missed_by = math.inf

    def predict(self, time_s: float) -> None:
        """Move on to a time; acceleration is white noise (Bar-Shalom, Li, Kirubarajan 2001, section 6.2.2)."""
        step = max(0.0, time_s - self.time_s)
        self.time_s = time_s
        self.middle = self.middle + self.speed * step
        move = np.array([[1.0, step], [0.0, 1.0]])
        noise = np.array([[step**4 / 4, step**3 / 2], [step**3 / 2, step**2]]) * _ACCELERATION_SD**2
        self.spread = move @ self.spread @ move.T + noise

    def cost(self, sight: _Sight) -> float:
        """How badly a face fits: distance, in what may be expected, and how little it looks like this track's.

        In doubt, a face that can be seen well has to look like it; one that cannot is matched by its place.
        """
        distance = math.dist(sight.middle, self.middle) / self.width
        ratio = sight.width / self.width
        reach = max(_LEAST_REACH, _REACH_SD * self.expected_sd)
        if distance > reach or not 1 / _SIZE_RATIO < ratio < _SIZE_RATIO:
            return _IMPOSSIBLE
        alike = float(self.patch @ sight.patch)
        least = -1.0 if not self.is_clear(sight) else _ALIKE if self.in_doubt or self.gap_s > _GAP_S else _LEAST_ALIKE
        return distance / reach + _APPEARANCE_WEIGHT * (1.0 - alike) if alike >= least else _IMPOSSIBLE

    def take(self, sight: _Sight) -> bool:
        """Take the face seen at the time predicted for; whether it may be another's: at once, and when it is clear."""
        clear = self.is_clear(sight)
        alike = float(self.patch @ sight.patch)
        after_gap = self.gap_s > _GAP_S
        missed_by = sight.middle - self.middle
        jumped = math.hypot(*missed_by) > 3.0 * self.expected_sd * self.width
        changed = alike < (_CHANGED_IN_JUMP if after_gap or jumped else _CHANGED)
        regained = self.missed and after_gap
        doubt = self.in_doubt or changed or regained
        doubtful = regained or (doubt and clear) or (changed and not self.in_doubt)
        gain = self.spread[:, 0] / (self.spread[0, 0] + _POSITION_SD**2)
        self.middle = self.middle + gain[0] * missed_by
        self.speed = self.speed + gain[1] * missed_by
        self.spread = self.spread - np.outer(gain, self.spread[0])
        self.size = self.size + 0.5 * (sight.size - self.size)
        self.usual_score += 0.1 * (sight.face.detection_score - self.usual_score)
        if clear:
            self.patch = self.patch + np.float32(0.2) * (sight.patch - self.patch)
        self.seen_at_s, self.missed, self.face = self.time_s, False, sight.face
        self.sights += 1
        self.missed_by = math.hypot(*missed_by) / self.width
        self.in_doubt = not clear and (doubt or sight.covered)
        return doubtful

    def foresee(self, time_s: float) -> Face:
        """The face seen last, where it will be at a time."""
        box = self.face.box_xyxy
        move = (self.middle + self.speed * (time_s - self.time_s) - (box[:2] + box[2:]) / 2).astype(np.float32)
        return replace(self.face, box_xyxy=box + np.tile(move, 2), landmarks_px=self.face.landmarks_px + move)

    @property
    def is_calm(self) -> bool:
        """Whether its next place is clear: it is known for some looks, moves slowly and as foreseen, and is not hidden.

        One that was missed for longer than a moment is not waited for either.
        """
        if self.missed:
            return self.gap_s > _GAP_S
        return (
            self.sights >= _SURE_SIGHTS
            and not self.in_doubt
            and self.missed_by <= _CALM_MISS
            and math.hypot(*self.speed) <= _CALM_SPEED * self.width
            and self.face.detection_score >= self.usual_score - _SCORE_DROP
        )

    def is_clear(self, sight: _Sight) -> bool:
        """Whether nothing hides a part of a face, if it is this track's."""
        return not sight.covered and sight.face.detection_score >= self.usual_score - _SCORE_DROP

    @property
    def width(self) -> float:
        """Of the face in pixels, of a square as large as its box."""
        return math.sqrt(self.size[0] * self.size[1])

    @property
    def expected_sd(self) -> float:
        """How far from the place predicted its detection may be, in widths."""
        return math.sqrt(self.spread[0, 0] + _POSITION_SD**2)

    @property
    def gap_s(self) -> float:
        """For how long the face was not seen."""
        return self.time_s - self.seen_at_s


class Tracker:
    """Keeps a track id per face through motion, short occlusions and missed detections.

    A track ends when its face was not seen for `lost_ms` of the frames' time, when it has left the picture, or at a
    cut. Faces with a detection score below `birth_score` continue a track, but begin none. Ids count up from 1 and are
    never used again. The same frames give the same tracks.
    """

    def __init__(self, *, lost_ms: float = 2000.0, birth_score: float = 0.6) -> None:
        self._lost_s = lost_ms / 1000.0
        self._birth_score = birth_score
        self._tracks: dict[int, _Track] = {}
        self._last_id = 0
        self._unclaimed = False

    def update(self, image: Image, faces: Sequence[Face], time_ms: float, *, cut: bool = False) -> TrackUpdate:
        """Take the faces of the next frame, of `time_ms` in its source; with `cut` no track of before goes on."""
        time_s = time_ms / 1000.0
        ended = [*self.end()] if cut else []
        for track in self._tracks.values():
            track.predict(time_s)
        sights = _see(image, faces)
        matched = self._match(sights)
        ended += self._end_lost(image, set(matched.values()))
        tracked, born, doubtful = [], [], []
        self._unclaimed = False
        for position, sight in enumerate(sights):
            number = matched.get(position)
            if number is None and sight.face.detection_score < self._birth_score:
                self._unclaimed = True
                continue
            if number is None:
                self._last_id += 1
                number = self._last_id
                born.append(number)
                self._tracks[number] = _Track(sight, time_s)
            elif self._tracks[number].take(sight):
                doubtful.append(number)
            tracked.append((number, sight.face))
        return TrackUpdate(tuple(tracked), tuple(born), tuple(ended), tuple(doubtful))

    def foresee(self, time_ms: float) -> tuple[tuple[int, Face], ...]:
        """The faces of the last update where they will be at a time soon after it, with their track ids."""
        seen = [(number, track) for number, track in self._tracks.items() if not track.missed]
        return tuple((number, track.foresee(time_ms / 1000.0)) for number, track in seen)

    @property
    def is_calm(self) -> bool:
        """Whether it is clear without a look where all faces will be in the next frames.

        It is while none is new, just lost, in doubt, quick, or close to another, and none was seen that may become a
        track when its detection score rises.
        """
        if self._unclaimed or not all(track.is_calm for track in self._tracks.values()):
            return False
        seen = [track.face.box_xyxy for track in self._tracks.values() if not track.missed]
        return not _are_close(np.array(seen, np.float32))

    def end(self) -> tuple[int, ...]:
        """End all tracks; their ids."""
        ended = tuple(self._tracks)
        self._tracks.clear()
        return ended

    def _end_lost(self, image: Image, seen: set[int]) -> list[int]:
        inside = np.array(image.shape[1::-1])
        lost = {number: track for number, track in self._tracks.items() if number not in seen}
        ended = []
        for number, track in lost.items():
            track.missed = True
            if track.gap_s >= self._lost_s or not ((track.middle >= 0) & (track.middle < inside)).all():
                ended.append(number)
                del self._tracks[number]
        return ended

    def _match(self, sights: Sequence[_Sight]) -> dict[int, int]:
        """Position of a face → its track's id: first the faces that are sure, then the others with what is left."""
        matched: dict[int, int] = {}
        sure = [p for p, sight in enumerate(sights) if sight.face.detection_score >= self._birth_score]
        unsure = [p for p in range(len(sights)) if p not in sure]
        for positions in (sure, unsure):
            left = [number for number in self._tracks if number not in matched.values()]
            if positions and left:
                costs = np.array([[self._tracks[number].cost(sights[p]) for p in positions] for number in left])
                pairs = [(row, column) for row, column in assign(costs) if costs[row, column] < _IMPOSSIBLE]
                matched |= {positions[column]: left[row] for row, column in pairs}
        return matched


def _see(image: Image, faces: Sequence[Face]) -> list[_Sight]:
    """What tracks compare of faces; a second box on a part of a face that is surer is left out."""
    boxes = np.array([face.box_xyxy for face in faces], np.float32).reshape(-1, 4)
    shares = _intersection(boxes, boxes) / np.maximum(_area(boxes), 1.0)[:, None]
    np.fill_diagonal(shares, 0.0)
    scores = np.array([face.detection_score for face in faces])
    second = ((shares > _SECOND_BOX) & (scores[:, None] < scores[None, :])).any(axis=1)
    once = np.flatnonzero(~second).tolist()
    covered = np.asarray((shares[np.ix_(once, once)] > _COVERED).any(axis=1)).tolist()
    patches = take_patches(image, [faces[position] for position in once])
    return [
        _Sight(
            faces[position],
            ((boxes[position, :2] + boxes[position, 2:]) / 2).astype(np.float64),
            np.maximum(boxes[position, 2:] - boxes[position, :2], 1.0).astype(np.float64),
            patch,
            is_covered,
        )
        for position, patch, is_covered in zip(once, patches, covered, strict=True)
    ]


def _are_close(boxes_xyxy: NDArray[np.float32]) -> bool:
    """Whether two boxes (n, 4), each made larger by half of the space to be kept, overlap."""
    if len(boxes_xyxy) < 2:
        return False
    room = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]) * np.float32(_CALM_SPACE / 2)
    roomy = np.hstack([boxes_xyxy[:, :2] - room, boxes_xyxy[:, 2:] + room])
    return bool(np.triu(_intersection(roomy, roomy), 1).any())


def _intersection(a_xyxy: NDArray[np.float32], b_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    corner = np.maximum(a_xyxy[:, None, :2], b_xyxy[None, :, :2])
    opposite = np.minimum(a_xyxy[:, None, 2:], b_xyxy[None, :, 2:])
    return np.asarray(np.clip(opposite - corner, 0, None).prod(axis=2), np.float32)


def _area(boxes_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).prod(axis=1), np.float32)
