import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from twinface.faces import FaceDetector, read_image
from twinface.live.camera import CameraStage, CropEnd, Sighting
from twinface.messages.schema import CropTally, TrackBox, TracksUpdate
from twinface.settings import CameraSettings, DetectionSettings, TrackingSettings
from twinface.types import Captured, Frame, Image

MakeStage = Callable[..., CameraStage]


@pytest.fixture(scope="session")
def portrait(portraits: Path) -> Image:
    """A picture with one face of about a third of its 400 pixels."""
    image = read_image(portraits / "person_a_1.jpg")
    scale = 400 / max(image.shape)
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


@pytest.fixture
def make_stage(detector: FaceDetector) -> MakeStage:
    def make(
        *,
        lossless: bool = False,
        min_face_px: int = 24,
        lost_ms: float = 250,
        every: int = 1,
        adaptive: bool = False,
        at_once: float = math.inf,
        first_looks: int = 1,
    ) -> CameraStage:
        return CameraStage(
            CameraSettings(name="front", source="0", lossless=lossless),
            7,
            detector,
            detection=DetectionSettings(min_face_px=min_face_px, every=every, adaptive=adaptive),
            tracking=TrackingSettings(look_wait_ms=200, look_interval_ms=400, first_looks=first_looks, lost_ms=lost_ms),
            crop_size_px=112,
            at_once=at_once,
        )

    return make


def frame(image: Image, index: int, *, cut: bool = False, step_ms: float = 100.0) -> Frame:
    """A frame of a film, of ten a second where nothing else is said."""
    return Frame(image, index, Captured(0, 0, index * step_ms), cut)


def without_face(image: Image, face: TrackBox) -> Image:
    """The same picture, its face smeared: nobody to be seen, and alike enough that it is no hard cut."""
    left, top, right, bottom = (int(side) for side in face.box_xyxy)
    nobody = image.copy()
    nobody[top:bottom, left:right] = cv2.blur(nobody[top:bottom, left:right], (71, 71))
    return nobody


def play(stage: CameraStage, images: Sequence[Image], step_ms: float = 100.0) -> list[Sighting]:
    return [stage.see(frame(image, index, step_ms=step_ms)) for index, image in enumerate(images)]


def test_a_face_has_a_track_and_a_crop(make_stage: MakeStage, portrait: Image, detector: FaceDetector) -> None:
    sighting = make_stage().see(frame(portrait, 3))
    update = sighting.update
    height_px, width_px = portrait.shape[:2]
    assert (update.camera, update.epoch, update.frame) == ("front", 7, 3)
    assert (update.width_px, update.height_px) == (width_px, height_px)
    (box,) = update.tracks
    assert update.born == (box.track,)
    assert (update.ended, update.crops, update.ended_stream) == ((), (0,), False)
    left, top, right, bottom = box.box_xyxy
    assert 0 < left < right < width_px
    assert 0 < top < bottom < height_px
    ((meta, image, captured),) = sighting.crops
    assert (meta.camera, meta.epoch, meta.crop, meta.track, meta.frame) == ("front", 7, 0, box.track, 3)
    assert (meta.box_xyxy, meta.measures.detection_score) == (box.box_xyxy, box.detection_score)
    assert meta.measures.quality > 0.4
    assert captured.media_ms == 300.0
    assert not meta.lossless
    assert (image.shape, image.dtype) == ((112, 112, 3), np.uint8)
    grey_around = np.pad(image, ((60, 60), (60, 60), (0, 0)), mode="edge")
    assert len(detector.detect(grey_around)) == 1, "the crop shows the face"


def test_a_track_is_looked_at_again_after_the_interval_of_media_time(make_stage: MakeStage, portrait: Image) -> None:
    sightings = play(make_stage(), [portrait] * 10)
    assert [len(one.crops) for one in sightings] == [1, 0, 0, 0, 1, 0, 0, 0, 1, 0]
    assert [one.update.crops for one in sightings if one.crops] == [(0,), (1,), (2,)]
    assert len({one.update.tracks[0].track for one in sightings}) == 1
    assert [one.update.tally.offered for one in sightings] == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3]


def test_a_small_face_is_tracked_but_not_recognised(make_stage: MakeStage, portrait: Image) -> None:
    stage = make_stage(min_face_px=300)
    sighting = stage.see(frame(portrait, 0))
    assert len(sighting.update.tracks) == 1
    assert sighting.crops == ()
    assert stage.tally == CropTally()


def test_a_track_ends_when_it_was_missed_too_long(make_stage: MakeStage, portrait: Image) -> None:
    nobody = without_face(portrait, make_stage().see(frame(portrait, 0)).update.tracks[0])
    sightings = play(make_stage(lost_ms=250), [portrait, nobody, nobody, nobody, nobody, portrait])
    assert [one.update.ended for one in sightings] == [(), (), (), (1,), (), ()]
    assert [one.update.born for one in sightings] == [(1,), (), (), (), (), (2,)]
    assert [len(one.crops) for one in sightings] == [1, 0, 0, 0, 0, 1]


def test_no_track_lives_across_a_cut(make_stage: MakeStage, portrait: Image) -> None:
    stage = make_stage()
    stage.see(frame(portrait, 0))
    sighting = stage.see(frame(portrait, 1, cut=True))
    assert (sighting.update.born, sighting.update.ended) == ((2,), (1,))
    assert len(sighting.crops) == 1


def test_two_faces_have_two_tracks(make_stage: MakeStage, portrait: Image) -> None:
    twice = np.ascontiguousarray(np.concatenate([portrait, portrait], axis=1))
    sighting = make_stage().see(frame(twice, 0))
    assert len(sighting.update.tracks) == 2
    assert sighting.update.crops == (0, 1)
    assert {crop.meta.track for crop in sighting.crops} == {1, 2}


def test_what_becomes_of_crops_is_counted(make_stage: MakeStage, portrait: Image) -> None:
    stage = make_stage()
    play(stage, [portrait] * 17)
    for crop, end in ((0, CropEnd.DELIVERED), (2, CropEnd.DROPPED), (3, CropEnd.LOST), (1, CropEnd.DELIVERED)):
        stage.crop_ended(crop, end)
    assert stage.tally == CropTally(offered=5, delivered=2, dropped=1, lost=1)


def test_crops_say_how_many_looks_of_their_track_were_recognised_or_are_on_their_way(
    make_stage: MakeStage, portrait: Image
) -> None:
    stage = make_stage()
    looks = []
    for index in range(17):
        for crop in stage.see(frame(portrait, index)).crops:
            looks.append(crop.meta.look)
            stage.crop_ended(crop.meta.crop, CropEnd.DROPPED if len(looks) < 3 else CropEnd.DELIVERED)
    assert looks == [0, 0, 0, 1, 2]


def test_crops_are_done_up_to_the_first_that_is_open(make_stage: MakeStage, portrait: Image) -> None:
    stage = make_stage()
    play(stage, [portrait] * 9)

    def done() -> int:
        return stage.end().update.crops_done

    assert done() == 0
    stage.crop_ended(1, CropEnd.DROPPED)
    assert done() == 0
    stage.crop_ended(0, CropEnd.LOST)
    assert done() == 2
    stage.crop_ended(2, CropEnd.DELIVERED)
    assert done() == 3


def test_an_update_says_what_is_done_before_its_own_crops(make_stage: MakeStage, portrait: Image) -> None:
    stage = make_stage()
    first, *_, fifth = [stage.see(frame(portrait, index)).update for index in range(5)]
    assert (first.crops, first.crops_done) == ((0,), 0)
    assert (fifth.crops, fifth.crops_done) == ((1,), 0)
    stage.crop_ended(0, CropEnd.DELIVERED)
    assert stage.see(frame(portrait, 5)).update.crops_done == 1


def test_the_end_says_the_same_each_time_with_the_newest_tally(make_stage: MakeStage, portrait: Image) -> None:
    stage = make_stage(lossless=True)
    play(stage, [portrait] * 5)
    first = stage.end().update
    assert (first.ended_stream, first.ended, first.tracks, first.crops) == (True, (1,), (), ())
    assert (first.frame, first.lossless, first.tally) == (4, True, CropTally(offered=2))
    stage.crop_ended(0, CropEnd.DELIVERED)
    second = stage.end().update
    assert (second.ended, second.ended_stream) == ((1,), True)
    assert (second.tally, second.crops_done) == (CropTally(offered=2, delivered=1), 1)


def test_a_source_without_a_frame_ends_too(make_stage: MakeStage) -> None:
    update = make_stage().end().update
    assert isinstance(update, TracksUpdate)
    assert (update.camera, update.ended_stream, update.tally) == ("front", True, CropTally())


def test_the_same_pictures_give_the_same_messages(make_stage: MakeStage, portrait: Image) -> None:
    moving = [np.roll(portrait, 4 * step, axis=1) for step in range(8)]
    runs: list[Any] = [play(make_stage(), moving) for _ in range(2)]
    assert [one.update for one in runs[0]] == [one.update for one in runs[1]]
    for one, other in zip(*runs, strict=True):
        assert [crop.meta for crop in one.crops] == [crop.meta for crop in other.crops]
        assert all(np.array_equal(a.image, b.image) for a, b in zip(one.crops, other.crops, strict=True))


def test_the_crop_is_the_best_of_the_wait_and_says_when_it_was_taken(make_stage: MakeStage, portrait: Image) -> None:
    blurred, sharper = (cv2.GaussianBlur(portrait, (0, 0), blur) for blur in (6.0, 5.0))
    sightings = play(make_stage(), [blurred, sharper, blurred, blurred])
    assert [len(one.crops) for one in sightings] == [0, 0, 1, 0]
    ((meta, _, captured),) = sightings[2].crops
    assert (meta.frame, captured.media_ms) == (1, 100.0)
    assert sightings[2].update.crops == (0,)


def test_a_face_that_is_gone_before_its_first_look_is_looked_at_then(make_stage: MakeStage, portrait: Image) -> None:
    blurred = cv2.GaussianBlur(portrait, (0, 0), 4.0)
    stage = make_stage()
    assert not stage.see(frame(blurred, 0)).crops
    sighting = stage.see(frame(blurred, 1, cut=True))
    assert [(crop.meta.track, crop.meta.frame) for crop in sighting.crops] == [(1, 0)]
    assert (sighting.update.ended, sighting.update.crops) == ((1,), (0,))
    end = stage.end()
    assert [(crop.meta.track, crop.meta.frame) for crop in end.crops] == [(2, 1)]
    assert (end.update.ended, end.update.crops, end.update.tally) == ((2,), (1,), CropTally(offered=2))
    again = stage.end()
    assert again.crops == ()
    assert again.update == end.update


@pytest.fixture
def nobody(make_stage: MakeStage, portrait: Image) -> Image:
    """The portrait without its face."""
    return without_face(portrait, make_stage().see(frame(portrait, 0)).update.tracks[0])


def noisy(images: Sequence[Image]) -> list[Image]:
    rng = np.random.default_rng(0)
    return [np.asarray(np.clip(image + rng.normal(0, 4, image.shape), 0, 255), np.uint8) for image in images]


def test_with_every_1_faces_are_looked_for_in_every_frame(make_stage: MakeStage, portrait: Image) -> None:
    assert all(one.detected for one in play(make_stage(every=1), [portrait] * 20, 40.0))


def test_adaptive_looks_for_faces_seldom_where_nothing_moves_and_keeps_their_tracks(
    make_stage: MakeStage, portrait: Image
) -> None:
    still = noisy([portrait] * 12)
    every, adaptive = play(make_stage(), still), play(make_stage(adaptive=True), still)
    assert [n for n, one in enumerate(adaptive) if one.detected] == [0, 4, 8], "for each look"
    assert [one.update.crops for one in adaptive] == [one.update.crops for one in every]
    assert [[box.track for box in one.update.tracks] for one in adaptive] == [[1]] * 12
    boxes = [one.update.tracks[0].box_xyxy for one in adaptive]
    assert [boxes.index(box) for box in boxes] == [0] * 4 + [4] * 4 + [8] * 4
    for one, other in zip(adaptive, every, strict=True):
        np.testing.assert_allclose(one.update.tracks[0].box_xyxy, other.update.tracks[0].box_xyxy, atol=3)


def test_adaptive_sees_who_comes_and_who_goes_when_it_happens(
    make_stage: MakeStage, portrait: Image, nobody: Image
) -> None:
    film = noisy([nobody] * 3 + [portrait] * 3 + [nobody] * 2)
    sightings = play(make_stage(adaptive=True), film)
    assert [n for n, one in enumerate(sightings) if one.update.born] == [3]
    assert [len(one.update.tracks) for one in sightings] == [0, 0, 0, 1, 1, 1, 0, 0]
    assert sum(one.detected for one in sightings) < len(film)


def test_adaptive_looks_for_faces_after_a_cut(make_stage: MakeStage, portrait: Image) -> None:
    stage = make_stage(adaptive=True)
    assert [stage.see(frame(portrait, n, cut=n == 2)).detected for n in range(4)] == [True, False, True, False]


def walking(portrait: Image, frames: int, step_px: float = 3.0) -> list[Image]:
    """Somebody who goes to the right before a wall."""
    wide = cv2.copyMakeBorder(portrait, 0, 0, 400, 0, cv2.BORDER_REPLICATE)
    moves = [np.array([[1, 0, step_px * n], [0, 1, 0]], np.float64) for n in range(frames)]
    size = (wide.shape[1] + 400, wide.shape[0])
    moved = [cv2.warpAffine(wide, move, size, borderMode=cv2.BORDER_REPLICATE) for move in moves]
    return [np.asarray(image, np.uint8) for image in moved]


def unseen(sightings: Sequence[Sighting]) -> list[int]:
    return [number for number, one in enumerate(sightings) if not one.seen]


def test_of_a_face_that_goes_on_as_foreseen_one_frame_of_so_many_is_looked_at(
    make_stage: MakeStage, portrait: Image
) -> None:
    film = walking(portrait, 24)
    all_seen, rested = play(make_stage(), film, 40.0), play(make_stage(every=3), film, 40.0)
    assert unseen(rested) == [4, 5, 7, 8, 11, 12, 14, 15, 17, 18, 21, 22], "10 and 20 have a look that is due"
    assert [one.detected for one in rested] == [one.seen for one in rested]
    for one, other in zip(rested, all_seen, strict=True):
        ((box,), (true,)) = one.update.tracks, other.update.tracks
        assert box.track == true.track
        np.testing.assert_allclose(box.box_xyxy, true.box_xyxy, atol=6)
    boxes = [one.update.tracks[0].box_xyxy for one in rested]
    assert all(boxes[n][0] + 2 < boxes[n + 1][0] for n in (14, 17, 21)), "it moves in frames that were not seen"
    assert [one.update.frame for one in rested] == [*range(24)]


def test_a_look_is_of_a_frame_in_which_faces_were_looked_for_and_comes_when_it_is_due(
    make_stage: MakeStage, portrait: Image
) -> None:
    film = noisy(walking(portrait, 40, 1.0))
    every, rested = play(make_stage(), film, 40.0), play(make_stage(every=4, adaptive=True), film, 40.0)
    detected = {one.update.frame for one in rested if one.detected}
    looks = [crop.meta.frame for one in rested for crop in one.crops]
    assert looks == [crop.meta.frame for one in every for crop in one.crops] == [0, 10, 20, 30]
    assert set(looks) <= detected < set(range(40))
    assert [one.update.tally.offered for one in rested] == [one.update.tally.offered for one in every]


def test_frames_that_are_not_seen_change_nothing(make_stage: MakeStage, portrait: Image) -> None:
    """Whoever passes over them before they are decoded gets the same."""
    film = walking(portrait, 24)
    shown, hidden = make_stage(every=3), make_stage(every=3)
    sightings = play(shown, film, 40.0)
    seen, after = [], -1
    for index, image in enumerate(film):
        if hidden.rest.index == after and hidden.rest.covers(index, index * 40.0):
            continue
        seen.append(hidden.see(frame(image, index, step_ms=40.0)))
        after = index
    assert len(seen) == len(film) - len(unseen(sightings)) < len(film)
    assert [one.update for one in seen] == [one.update for one in sightings if one.seen]
    assert hidden.end().update == shown.end().update


def test_nobody_is_missed_who_comes_and_a_new_face_is_looked_at_in_every_frame(
    make_stage: MakeStage, portrait: Image, nobody: Image
) -> None:
    film = [nobody] * 8 + [portrait] * 8
    sightings = play(make_stage(every=3), film, 40.0)
    assert unseen(sightings) == [1, 2, 4, 5, 7, 8, 13, 14]
    assert [n for n, one in enumerate(sightings) if one.update.born] == [9]


def test_a_face_that_is_gone_is_looked_for_in_every_frame_for_a_moment(
    make_stage: MakeStage, portrait: Image, nobody: Image
) -> None:
    sightings = play(make_stage(every=3, lost_ms=2000), [portrait] * 7 + [nobody] * 20, 40.0)
    assert unseen(sightings) == [4, 5, 7, 8, 15, 16, 18, 19, 21, 22, 24, 25], "for 300 ms after it was seen in 6"
    assert [len(one.update.tracks) for one in sightings] == [1] * 9 + [0] * 18, "it was foreseen twice"


def test_of_a_slow_camera_every_frame_is_looked_at(make_stage: MakeStage, portrait: Image) -> None:
    assert not unseen(play(make_stage(every=4), [portrait] * 12, 125.0))


def test_a_cut_is_looked_at_at_once(make_stage: MakeStage, portrait: Image) -> None:
    stage = make_stage(every=3)
    sightings = [stage.see(frame(portrait, n, cut=n == 5, step_ms=40.0)) for n in range(7)]
    assert unseen(sightings) == [4]
    assert sightings[5].update.born == (2,)


def frames_of_looks(sightings: Sequence[Sighting]) -> list[int]:
    return [crop.meta.frame for sighting in sightings for crop in sighting.crops]


def test_another_look_is_cut_from_the_frame_of_when_there_is_room(make_stage: MakeStage, portrait: Image) -> None:
    assert frames_of_looks(play(make_stage(), [portrait] * 9)) == [0, 4, 8]
    stage = make_stage(at_once=1)
    assert frames_of_looks(play(stage, [portrait] * 7)) == [0]
    stage.crop_ended(0, CropEnd.DELIVERED)
    later = [stage.see(frame(portrait, index)) for index in range(7, 13)]
    assert frames_of_looks(later) == [7]


def test_twice_as_many_may_be_on_their_way_before_one_of_the_first_looks(
    make_stage: MakeStage, portrait: Image
) -> None:
    assert frames_of_looks(play(make_stage(at_once=1, first_looks=4), [portrait] * 7)) == [0, 1]
    assert frames_of_looks(play(make_stage(at_once=2, first_looks=4), [portrait] * 12)) == [0, 1, 2, 5]


def test_everybodys_very_first_look_is_taken_at_once(make_stage: MakeStage, portrait: Image) -> None:
    three = np.hstack([portrait] * 3)
    assert frames_of_looks(play(make_stage(at_once=1), [three] * 6)) == [0, 0, 0]


def test_a_source_that_waits_has_every_look(make_stage: MakeStage, portrait: Image) -> None:
    assert frames_of_looks(play(make_stage(at_once=1, lossless=True), [portrait] * 9)) == [0, 4, 8]


def test_frames_rest_while_a_look_has_to_wait_for_room(make_stage: MakeStage, portrait: Image) -> None:
    free, full = (make_stage(every=3, adaptive=True, at_once=at_once) for at_once in (math.inf, 1))
    looked = [sum(one.detected for one in play(stage, [portrait] * 60, step_ms=20.0)) for stage in (free, full)]
    assert looked[1] <= looked[0]


def test_a_look_that_waits_for_a_good_crop_is_not_put_off_again(make_stage: MakeStage, portrait: Image) -> None:
    both = np.hstack([portrait, portrait])
    _, right = sorted(make_stage().see(frame(both, 0)).update.tracks, key=lambda one: one.box_xyxy[0])
    alone = without_face(both, right)
    poor, poor_both = alone.copy(), both.copy()
    for image in (poor, poor_both):
        image[:, : portrait.shape[1]] = cv2.blur(image[:, : portrait.shape[1]], (9, 9))
    stage = make_stage(at_once=1)
    looks = frames_of_looks(play(stage, [alone]))
    stage.crop_ended(0, CropEnd.DELIVERED)
    images = [alone, alone, alone, poor, poor_both, poor_both, poor_both]
    sightings = [stage.see(frame(image, index)) for index, image in enumerate(images, start=1)]
    tracks = [(crop.meta.track, number) for number, one in enumerate(sightings, 1) for crop in one.crops]
    assert looks == [0]
    assert tracks == [(2, 5), (1, 6)]
