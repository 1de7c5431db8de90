from pathlib import Path

import numpy as np
import pytest

from twinface.faces import FaceDetector, SceneCuts, SourceSpec, Tracker, open_source
from twinface.faces.tracking import compute_iou
from twinface.types import Face


def face(x: float, size: float = 100) -> Face:
    """A square face whose left edge is at x."""
    return Face(np.array([x, 0, x + size, size], np.float32), np.zeros((5, 2), np.float32), 0.9)


def ids(update: object) -> list[int]:
    """The track ids of an update, in the order of its faces."""
    return [number for number, _ in update.tracked]  # type: ignore[attr-defined]


def test_moving_faces_keep_their_ids() -> None:
    tracker = Tracker()
    first = tracker.update([face(0), face(500)])
    assert ids(first) == [1, 2]
    assert first.born == (1, 2)
    for step in range(1, 30):
        update = tracker.update([face(500 - 20 * step if step < 10 else 300), face(10 * step if step < 10 else 90)])
        assert ids(update) == [2, 1]
        assert update.born == update.ended == ()


def test_face_that_is_missed_shortly_keeps_its_id() -> None:
    tracker = Tracker(max_missed=2)
    tracker.update([face(0)])
    tracker.update([])
    assert tracker.update([]).ended == ()
    assert ids(tracker.update([face(10)])) == [1]


def test_face_that_is_gone_ends_once_and_its_id_is_never_used_again() -> None:
    tracker = Tracker(max_missed=2)
    tracker.update([face(0)])
    ended = [tracker.update([]).ended for _ in range(5)]
    assert ended == [(), (), (1,), (), ()]
    assert ids(tracker.update([face(0)])) == [2]


def test_no_track_lives_across_a_cut() -> None:
    tracker = Tracker()
    tracker.update([face(0)])
    update = tracker.update([face(0)], cut=True)
    assert update.ended == (1,)
    assert update.born == (2,)
    assert ids(update) == [2]


def test_best_overlap_wins() -> None:
    tracker = Tracker()
    tracker.update([face(0), face(60)])
    assert ids(tracker.update([face(55), face(20)])) == [2, 1]


def test_faces_apart_are_two_tracks() -> None:
    tracker = Tracker(iou_threshold=0.3)
    tracker.update([face(0)])
    assert ids(tracker.update([face(70)])) == [2]
    assert ids(Tracker(iou_threshold=0.0).update([face(0)])) == [1]


def test_iou_of_known_boxes() -> None:
    boxes = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6], [3, 3, 3, 3]], np.float32)
    np.testing.assert_allclose(compute_iou(boxes[:1], boxes), [[1, 1 / 3, 0, 0]], atol=1e-6)


def test_brightness_and_motion_are_no_cut_but_another_picture_is() -> None:
    rng = np.random.default_rng(0)
    one, two = (np.repeat(np.repeat(rng.integers(0, 256, (9, 16, 3), np.uint8), 20, 0), 20, 1) for _ in range(2))
    cuts = SceneCuts()
    brighter = np.clip(one.astype(int) + 8, 0, 255).astype(np.uint8)
    seen = [cuts.is_cut(image) for image in (one, one, np.roll(one, 3, axis=1), brighter, two, two, one)]
    assert seen == [False, False, False, False, True, False, True]


def test_cuts_of_a_real_video_are_found(shared_data: Path) -> None:
    cuts = SceneCuts()
    source = open_source(SourceSpec(str(shared_data / "video" / "two_named_people.mp4"), paced=False))
    assert [frame.index for frame in source if cuts.is_cut(frame.image)] == [20, 82, 211]


@pytest.mark.parametrize(("video", "people"), [("woman_and_man", 2), ("three_walking", 3), ("talking_4", 1)])
def test_people_of_a_real_video_are_one_track_each(
    shared_data: Path, detector: FaceDetector, video: str, people: int
) -> None:
    tracker, cuts, born = Tracker(), SceneCuts(), 0
    for frame in open_source(SourceSpec(str(shared_data / "video" / f"{video}.mp4"), paced=False)):
        born += len(tracker.update(detector.detect(frame.image), cut=cuts.is_cut(frame.image)).born)
    assert born == people
