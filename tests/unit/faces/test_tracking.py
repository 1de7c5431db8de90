from pathlib import Path

import numpy as np
import pytest
from moving_faces.metrics import compute_iou

from twinface.faces import FaceDetector, SceneCuts, SourceSpec, Tracker, TrackUpdate, open_source
from twinface.types import Face, Frame, Image


@pytest.fixture(scope="module")
def looks() -> list[Image]:
    """Four faces' colours, uint8 (100, 100, 3), no two alike."""
    rng = np.random.default_rng(1)
    coarse = rng.integers(0, 256, (4, 4, 4, 3), np.uint8)
    return [np.repeat(np.repeat(one, 25, axis=0), 25, axis=1) for one in coarse]


class Stage:
    """Paints faces, and lets a tracker see them: (x, look) each, the left edge in pixels and what it looks like."""

    def __init__(self, tracker: Tracker, looks: list[Image]) -> None:
        self.tracker, self.looks = tracker, looks

    def see(self, time_ms: float, *faces: tuple[float, int], score: float = 0.9, cut: bool = False) -> TrackUpdate:
        image = np.full((100, 2000, 3), 90, np.uint8)
        found = []
        for x, look in faces:
            part = image[:, round(x) : round(x) + 100]
            part[:] = self.looks[look][:, : part.shape[1]]
            found.append(Face(np.array([x, 0, x + 100, 100], np.float32), np.zeros((5, 2), np.float32), score))
        return self.tracker.update(image, found, time_ms, cut=cut)

    def ids(self, time_ms: float, *faces: tuple[float, int], score: float = 0.9) -> list[int]:
        return [number for number, _ in self.see(time_ms, *faces, score=score).tracked]


@pytest.fixture
def stage(looks: list[Image]) -> Stage:
    return Stage(Tracker(lost_ms=1000), looks)


def test_moving_faces_keep_their_ids(stage: Stage) -> None:
    first = stage.see(0, (0, 0), (800, 1))
    assert [number for number, _ in first.tracked] == [1, 2]
    assert first.born == (1, 2)
    for step in range(1, 30):
        update = stage.see(40 * step, (800 - 10 * step, 1), (10 * step, 0))
        assert [number for number, _ in update.tracked] == [2, 1]
        assert update.born == update.ended == update.doubtful == ()


@pytest.mark.parametrize("steps_ms", [[40] * 30, [200] * 6, [40, 320, 80, 240, 400, 40, 80]])
def test_a_face_is_expected_by_time_however_many_frames_were_skipped(stage: Stage, steps_ms: list[int]) -> None:
    """It moves by six of its widths a second: between frames 200 ms apart its boxes do not touch."""
    times_ms = np.cumsum(steps_ms)
    assert {number for time_ms in times_ms for number in stage.ids(time_ms, (0.6 * time_ms, 0))} == {1}


def test_people_who_cross_keep_their_ids(stage: Stage) -> None:
    """The one in front hides the other for half a second."""
    for step in range(36):
        left, right = (20.0 * step, 0), (700 - 20.0 * step, 1)
        hidden = abs(left[0] - right[0]) < 60
        tracked = stage.see(66 * step, left, *([] if hidden else [right])).tracked
        assert [number for number, _ in tracked] == ([1] if hidden else [1, 2])


def test_people_who_meet_and_turn_back_keep_their_ids(stage: Stage) -> None:
    """Motion alone would have them pass each other."""
    places = [10.0 * step for step in range(28)] + [280.0] * 4 + [280 - 10.0 * step for step in range(28)]
    for step, place in enumerate(places):
        near = place >= 270
        faces = [(place, 0)] if near else [(place, 0), (600 - place, 1)]
        assert stage.ids(66 * step, *faces) == ([1] if near else [1, 2])


def test_face_that_is_missed_shortly_keeps_its_id(stage: Stage) -> None:
    for step in range(5):
        stage.see(100 * step, (30 * step, 0))
    assert stage.see(500).ended == ()
    assert stage.ids(1000, (300, 0)) == [1]


def test_another_face_where_one_was_missed_is_another_track(stage: Stage) -> None:
    stage.see(0, (0, 0))
    stage.see(300)
    assert stage.ids(600, (0, 1)) == [2]


def test_face_that_is_gone_ends_once_and_its_id_is_never_used_again(stage: Stage) -> None:
    stage.see(0, (0, 0))
    assert [stage.see(time_ms).ended for time_ms in (500, 900, 1000, 1100)] == [(), (), (1,), ()]
    assert stage.ids(1200, (0, 0)) == [2]


def test_a_track_that_left_the_picture_ends_at_once(stage: Stage) -> None:
    for step in range(10):
        stage.see(40 * step, (1890 + 6 * step, 0))
    assert stage.see(600).ended == (1,)


def test_no_track_lives_across_a_cut(stage: Stage) -> None:
    stage.see(0, (0, 0))
    update = stage.see(40, (0, 0), cut=True)
    assert (update.ended, update.born) == ((1,), (2,))
    assert stage.tracker.end() == (2,)
    assert stage.tracker.end() == ()


def test_weak_detections_continue_tracks_and_begin_none(stage: Stage) -> None:
    assert stage.ids(0, (0, 0), score=0.5) == []
    assert stage.ids(40, (0, 0)) == [1]
    assert stage.ids(80, (5, 0), score=0.5) == [1]


def test_a_track_is_in_doubt_after_it_was_covered_when_it_is_clear_again(stage: Stage) -> None:
    def doubtful(time_ms: float, *faces: tuple[float, int]) -> tuple[int, ...]:
        return stage.see(time_ms, *faces).doubtful

    assert doubtful(0, (0, 0), (150, 1)) == ()
    assert doubtful(200, (20, 0), (110, 1)) == ()
    assert doubtful(400, (20, 0), (130, 1)) == (1, 2)
    assert doubtful(600, (20, 0), (130, 1)) == ()


def test_a_track_is_in_doubt_after_a_gap_or_when_its_face_has_changed(stage: Stage, looks: list[Image]) -> None:
    stage.see(0, (0, 0))
    stage.see(200)
    assert stage.see(500, (0, 0)).doubtful == (1,)
    stage.looks = [np.asarray(0.48 * looks[0] + 0.52 * looks[1], np.uint8)]
    update = stage.see(540, (0, 0))
    assert (update.born, update.doubtful) == ((), (1,))


def test_skipped_frames_alone_are_no_reason_to_doubt(stage: Stage) -> None:
    assert [stage.see(time_ms, (0.01 * time_ms, 0)).doubtful for time_ms in (0, 500, 900, 1700)] == [()] * 4


def test_a_box_outside_the_picture_or_without_contrast_does_no_harm() -> None:
    tracker, grey = Tracker(), np.full((100, 200, 3), 90, np.uint8)
    faces = [
        Face(np.array(box, np.float32), np.zeros((5, 2), np.float32), 0.9)
        for box in ((-90, -90, -10, -10), (20, 20, 20, 20), (40, 40, 80, 80))
    ]
    assert tracker.update(grey, faces, 0.0).born == (1, 2, 3)
    assert len(tracker.update(grey, faces, 40.0).tracked) == 3


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

    def track(frame: Frame) -> TrackUpdate:
        faces, cut = detector.detect(frame.image), cuts.is_cut(frame.image)
        return tracker.update(frame.image, faces, frame.captured.media_ms, cut=cut)

    for frame in open_source(SourceSpec(str(shared_data / "video" / f"{video}.mp4"), paced=False)):
        born += len(track(frame).born)
    assert born == people


def calm_after(stage: Stage, *places: tuple[tuple[float, int], ...], step_ms: float = 40.0) -> list[bool]:
    """Of each frame, whether it is clear after it where all faces will be in the next ones."""
    calm = []
    for number, faces in enumerate(places):
        stage.see(step_ms * number, *faces)
        calm.append(stage.tracker.is_calm)
    return calm


def test_it_is_clear_where_a_face_will_be_after_some_looks(stage: Stage) -> None:
    assert calm_after(stage, *[((4.0 * n, 0),) for n in range(8)]) == [False] * 3 + [True] * 5


def test_it_is_not_clear_of_a_face_that_is_quick_or_turns(stage: Stage) -> None:
    quick = [((20.0 * n, 0),) for n in range(8)]
    assert not any(calm_after(stage, *quick))


def test_a_face_that_turns_is_looked_at_until_it_goes_on_as_foreseen(stage: Stage) -> None:
    turning = [((300.0 + (8.0 * n if n < 10 else 160.0 - 8.0 * n), 0),) for n in range(20)]
    calm = calm_after(stage, *turning)
    assert calm[9]
    assert not calm[11]
    assert calm[-1]


def test_it_is_not_clear_of_faces_close_to_each_other(stage: Stage) -> None:
    assert calm_after(stage, *[((0.0, 0), (201.0, 1))] * 6)[-1]
    assert not calm_after(stage, *[((0.0, 0), (199.0, 1))] * 6)[-1]


def test_it_is_not_clear_for_a_moment_after_a_face_was_lost(stage: Stage) -> None:
    calm = calm_after(stage, *[((300.0, 0),)] * 6, *[()] * 12)
    assert calm == [False] * 3 + [True] * 3 + [False] * 7 + [True] * 5


def test_a_face_is_foreseen_where_it_goes_with_its_landmarks(stage: Stage) -> None:
    for n in range(12):
        stage.see(40 * n, (5.0 * n, 0), (800.0, 1))
    (first, moved), (second, still) = stage.tracker.foresee(40 * 13)
    assert (first, second) == (1, 2)
    np.testing.assert_allclose(moved.box_xyxy, [65, 0, 165, 100], atol=1.5)
    np.testing.assert_allclose(moved.landmarks_px[:, 0], 10.0, atol=1.5)
    np.testing.assert_allclose(still.box_xyxy, [800, 0, 900, 100], atol=0.5)
    assert stage.ids(40 * 12, (60.0, 0), (800.0, 1)) == [1, 2], "nothing has changed by it"


def test_a_face_that_was_missed_is_not_foreseen(stage: Stage) -> None:
    for n in range(6):
        stage.see(40 * n, (5.0 * n, 0))
    stage.see(240)
    assert stage.tracker.foresee(280) == ()


def test_it_is_not_clear_of_a_face_that_has_no_track_yet(stage: Stage) -> None:
    assert stage.tracker.is_calm
    stage.see(0, (300, 0), score=0.5)
    assert not stage.tracker.is_calm
    stage.see(40)
    assert stage.tracker.is_calm


def test_a_camera_that_swings_is_not_quiet_until_a_while_after() -> None:
    rng = np.random.default_rng(2)
    street = np.repeat(np.repeat(rng.integers(0, 120, (18, 128, 1), np.uint8), 20, axis=0), 20, axis=1)
    wide = np.repeat(street, 3, axis=2)
    scenes = SceneCuts()

    def see(left: int, frames: int = 1) -> bool:
        assert not scenes.is_cut(np.ascontiguousarray(wide[:, left : left + 640]), frames)
        return scenes.is_quiet

    assert [see(0) for _ in range(3)] == [True] * 3
    assert not any(see(5 * step) for step in range(1, 10)), "10 grey levels a frame"
    after = [see(45) for _ in range(12)]
    assert after == sorted(after), "it calms down once"
    assert not after[5]
    assert after[-1]
    assert see(50, frames=3), "a third as much a frame"
