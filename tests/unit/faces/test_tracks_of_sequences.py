"""Tracks of real faces that move over a background, against the truth: the generator and the figures of benchmarks/."""

import cv2
import numpy as np
import pytest
from moving_faces.greedy import GreedyTracker
from moving_faces.metrics import Account, Accountant
from moving_faces.people import Sprite, cut_sprite, find_people
from moving_faces.sequences import Shot, play

from twinface.faces import FaceDetector, Tracker
from twinface.types import Face


@pytest.fixture(scope="module")
def sprites(detector: FaceDetector) -> list[Sprite]:
    found = [cut_sprite(person.picture, detector) for person in find_people(None)]
    return [sprite for sprite in found if sprite is not None]


def box(x: float) -> np.ndarray:
    return np.array([x, 0, x + 10, 10], np.float32)


def follow(shots: list[Shot], tracker: Tracker | GreedyTracker, detector: FaceDetector) -> Account:
    accountant = Accountant()
    for shot in shots:
        faces: list[Face] = detector.detect(shot.image)
        if isinstance(tracker, Tracker):
            tracked = list(tracker.update(shot.image, faces, shot.time_ms).tracked)
        else:
            tracked = tracker.update(faces)
        clear = [(face.person, face.box_xyxy) for face in shot.faces if face.visible >= 0.5]
        hidden = [face.box_xyxy for face in shot.faces if face.visible < 0.5]
        accountant.take(clear, [(number, face.box_xyxy) for number, face in tracked], hidden)
    return accountant.close()


@pytest.mark.parametrize(("kind", "rate"), [("meeting", "5"), ("crossing", "uneven")])
def test_people_who_cross_or_meet_keep_their_tracks(
    sprites: list[Sprite], detector: FaceDetector, kind: str, rate: str
) -> None:
    shots = list(play(kind, rate, sprites, seed=3))
    ours = follow(shots, Tracker(), detector)
    assert ours.switches == 0
    assert ours.idf1 > 0.85
    assert ours.idf1 > follow(shots, GreedyTracker(), detector).idf1


def test_a_sequence_is_the_same_each_time_and_knows_where_the_faces_are(
    sprites: list[Sprite], detector: FaceDetector
) -> None:
    first, second = ([*play("doors", "5", sprites, seed=1)] for _ in range(2))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.image, other.image)
        assert (one.time_ms, one.blind) == (other.time_ms, other.blind)
    shot = next(shot for shot in first if any(face.visible == 1.0 for face in shot.faces))
    for face in (face for face in shot.faces if face.visible == 1.0):
        left, top, right, bottom = (int(side) for side in face.box_xyxy)
        around = cv2.copyMakeBorder(
            shot.image[max(0, top - 30) : bottom + 30, max(0, left - 30) : right + 30], *[40] * 4, cv2.BORDER_REPLICATE
        )
        assert detector.detect(np.asarray(around, np.uint8))


def test_figures_of_a_swap() -> None:
    """Two people, four frames, names swapped after the second: half the boxes of each keep their identity."""
    accountant = Accountant()
    for frame in range(4):
        names = (1, 2) if frame < 2 else (2, 1)
        accountant.take([(0, box(0)), (1, box(50))], [(names[0], box(1)), (names[1], box(51))])
    account = accountant.close()
    assert (account.switches, account.fragments, account.identity_hits) == (2, 0, 4)
    assert account.idf1 == 0.5


def test_figures_of_a_miss_a_false_track_and_a_hidden_face() -> None:
    accountant = Accountant()
    accountant.take([(0, box(0))], [(7, box(0))])
    accountant.take([(0, box(0))], [(8, box(300))])
    assert accountant.take([(0, box(0))], [(7, box(2)), (9, box(100))], hidden=[box(100)]) == {7: 0}
    account = accountant.close()
    assert (account.true_boxes, account.track_boxes, account.identity_hits) == (3, 3, 2)
    assert (account.switches, account.fragments) == (0, 1)
    assert account.idf1 == pytest.approx(2 * 2 / 6)
    assert (account + account).idf1 == account.idf1
