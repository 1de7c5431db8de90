"""Figures of tracking: IDF1, identity switches, fragmentation."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.faces.association import assign

_SAME_BOX_IOU = 0.5


@dataclass(frozen=True, slots=True)
class Account:
    """Sums over sequences, so that accounts can be added: `+`."""

    true_boxes: int = 0
    track_boxes: int = 0
    identity_hits: int = 0
    switches: int = 0
    fragments: int = 0

    def __add__(self, other: "Account") -> "Account":
        return Account(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    @property
    def idf1(self) -> float:
        """Share of boxes that carry the right identity, 0…1 (Ristani et al., ECCV workshops 2016)."""
        return 2 * self.identity_hits / max(1, self.true_boxes + self.track_boxes)


class Accountant:
    """Takes the truth and the tracks of one sequence frame by frame.

    IDF1 assigns each person one track so that most boxes agree; what is left of either counts against it. A switch is
    a person whose box another track has than the last one that had it (CLEAR MOT, Bernardin and Stiefelhagen 2008); a
    fragment, a person who was tracked, then was seen but not tracked, and then was tracked again.
    """

    def __init__(self) -> None:
        self._hits: Counter[tuple[int, int]] = Counter()
        self._last_track: dict[int, int] = {}
        self._lost: set[int] = set()
        self._sums = Account()

    def take(
        self,
        people: Sequence[tuple[int, NDArray[np.float32]]],
        tracks: Sequence[tuple[int, NDArray[np.float32]]],
        hidden: Sequence[NDArray[np.float32]] = (),
    ) -> dict[int, int]:
        """One frame: true (person, box) and (track, box); returns track → the person whose box it has.

        `hidden` are the boxes of faces that are covered for the most part: a track there is neither right nor wrong.
        """
        pairs = match_boxes([box for _, box in people], [box for _, box in tracks])
        whose = {tracks[column][0]: people[row][0] for row, column in pairs}
        others = [(track, box) for track, box in tracks if track not in whose]
        uncounted = len(match_boxes(hidden, [box for _, box in others]))
        switches = fragments = 0
        for track, person in whose.items():
            self._hits[person, track] += 1
            switches += self._last_track.get(person, track) != track
            fragments += person in self._lost
            self._last_track[person] = track
        tracked = set(whose.values())
        self._lost = (self._lost | {one for one, _ in people if one in self._last_track}) - tracked
        self._sums += Account(len(people), len(tracks) - uncounted, 0, switches, fragments)
        return whose

    def close(self) -> Account:
        """The sums of the sequence."""
        people, tracks = ({pair[side] for pair in self._hits} for side in (0, 1))
        hits = np.array([[float(self._hits[person, track]) for track in sorted(tracks)] for person in sorted(people)])
        identity_hits = sum(int(hits[pair]) for pair in assign(-hits)) if hits.size else 0
        return self._sums + Account(identity_hits=identity_hits)


def match_boxes(people: Sequence[NDArray[np.float32]], tracks: Sequence[NDArray[np.float32]]) -> list[tuple[int, int]]:
    """Which true box is which track's, by an overlap of half at least, as many and as well as can be."""
    if not people or not tracks:
        return []
    overlap = compute_iou(np.stack(people), np.stack(tracks)).astype(np.float64)
    overlap[overlap < _SAME_BOX_IOU] = 0.0
    return [pair for pair in assign(-overlap) if overlap[pair] > 0]


def compute_iou(a_xyxy: NDArray[np.float32], b_xyxy: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of boxes (n, 4) with boxes (m, 4): float32 (n, m), 0…1."""
    corner = np.maximum(a_xyxy[:, None, :2], b_xyxy[None, :, :2])
    opposite = np.minimum(a_xyxy[:, None, 2:], b_xyxy[None, :, 2:])
    shared = np.clip(opposite - corner, 0, None).prod(axis=2)
    of_a, of_b = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (a_xyxy, b_xyxy))
    return np.asarray(shared / np.maximum(of_a[:, None] + of_b[None, :] - shared, 1e-9), np.float32)
