"""Which face of a frame is which face of the frame before: greedy matching by overlap of the boxes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.types import Face


@dataclass(frozen=True, slots=True, eq=False)
class TrackUpdate:
    """What a frame did to the tracks: faces seen with their track ids, ids that are new, ids that are over."""

    tracked: tuple[tuple[int, Face], ...]
    born: tuple[int, ...]
    ended: tuple[int, ...]


@dataclass(slots=True)
class _Track:
    box_xyxy: NDArray[np.float32]
    missed: int = 0


class Tracker:
    """Keeps a track id per face, as long as its boxes in two frames overlap by `iou_threshold` (0…1) or more.

    A track ends when it was not seen in more than `max_missed` frames in a row, or at a cut. Ids count up from 1 and
    are never used again.
    """

    def __init__(self, *, max_missed: int = 10, iou_threshold: float = 0.3) -> None:
        self._max_missed = max_missed
        self._iou_threshold = iou_threshold
        self._tracks: dict[int, _Track] = {}
        self._last_id = 0

    def update(self, faces: Sequence[Face], *, cut: bool = False) -> TrackUpdate:
        """Take the faces of the next frame; with `cut` no track of before goes on."""
        ended = self._end_all() if cut else []
        matched = self._match(faces)
        ended += self._end_missed(seen=set(matched.values()))
        tracked, born = [], []
        for position, face in enumerate(faces):
            number = matched.get(position)
            if number is None:
                self._last_id += 1
                number = self._last_id
                born.append(number)
            self._tracks[number] = _Track(face.box_xyxy)
            tracked.append((number, face))
        return TrackUpdate(tuple(tracked), tuple(born), tuple(ended))

    def _end_all(self) -> list[int]:
        ended = [*self._tracks]
        self._tracks.clear()
        return ended

    def _end_missed(self, seen: set[int]) -> list[int]:
        for number, track in self._tracks.items():
            track.missed += number not in seen
        ended = [number for number, track in self._tracks.items() if track.missed > self._max_missed]
        for number in ended:
            del self._tracks[number]
        return ended

    def _match(self, faces: Sequence[Face]) -> dict[int, int]:
        """Position of a face → its track's id; the pairs that overlap best come first."""
        if not faces or not self._tracks:
            return {}
        numbers = list(self._tracks)
        overlap = compute_iou(
            np.stack([track.box_xyxy for track in self._tracks.values()]), np.stack([face.box_xyxy for face in faces])
        )
        pairs: dict[int, int] = {}
        while overlap.max() >= max(self._iou_threshold, 1e-6):
            row, column = divmod(int(overlap.argmax()), len(faces))
            pairs[column] = numbers[row]
            overlap[row, :] = overlap[:, column] = -1.0
        return pairs


def compute_iou(a_xyxy: NDArray[np.float32], b_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of boxes (n, 4) with boxes (m, 4): float32 (n, m), 0…1."""
    corner = np.maximum(a_xyxy[:, None, :2], b_xyxy[None, :, :2])
    opposite = np.minimum(a_xyxy[:, None, 2:], b_xyxy[None, :, 2:])
    shared = np.clip(opposite - corner, 0, None).prod(axis=2)
    area_a = (a_xyxy[:, 2:] - a_xyxy[:, :2]).prod(axis=1)
    area_b = (b_xyxy[:, 2:] - b_xyxy[:, :2]).prod(axis=1)
    union = area_a[:, None] + area_b[None, :] - shared
    return np.asarray(shared / np.maximum(union, np.float32(1e-9)), np.float32)
