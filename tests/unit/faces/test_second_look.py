"""A detector with a second look finds what the first one misses or puts in the wrong place, and no more."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from twinface.faces import FaceDetector, read_image
from twinface.types import Image


@pytest.fixture(scope="module")
def once() -> FaceDetector:
    """A detector that looks once, as the camera's does."""
    return FaceDetector()


@pytest.fixture(scope="module")
def twice() -> FaceDetector:
    """A detector for still pictures."""
    return FaceDetector(second_look=True)


def cut_aslant(image: Image, once: FaceDetector, turn_deg: float, face_px: int) -> tuple[Image, NDArray[np.float64]]:
    """A portrait's face turned, `face_px` wide in a picture of 2.2 times that; and where its landmarks are then."""
    (face,) = once.detect(image)
    centre = (face.box_xyxy[:2] + face.box_xyxy[2:]) / 2
    side = int(2.2 * face_px)
    matrix = cv2.getRotationMatrix2D(centre.tolist(), turn_deg, face_px / face.width_px)
    matrix[:, 2] += side / 2 - centre
    picture = cv2.warpAffine(image, matrix, (side, side), borderMode=cv2.BORDER_REFLECT_101)
    return np.asarray(picture, np.uint8), face.landmarks_px @ matrix[:, :2].T + matrix[:, 2]


@pytest.mark.parametrize(
    "aslant",
    [("impostor_1", 50, 30), ("impostor_1", -50, 30), ("person_b_1", 40, 30), ("person_a_1", 60, 300)],
)
def test_face_held_aslant_is_found_with_its_parts_in_their_places(
    portraits: Path, once: FaceDetector, twice: FaceDetector, aslant: tuple[str, float, int]
) -> None:
    name, turn_deg, face_px = aslant
    picture, expected_px = cut_aslant(read_image(portraits / f"{name}.jpg"), once, turn_deg, face_px)
    assert once.detect(picture) == []
    (face,) = twice.detect(picture)
    assert np.linalg.norm(face.landmarks_px - expected_px, axis=1).max() < 0.1 * face_px
    assert face.width_px == pytest.approx(face_px, rel=0.2)
    np.testing.assert_allclose(face.box_xyxy.reshape(2, 2).mean(axis=0), picture.shape[0] / 2, atol=0.15 * face_px)


@pytest.mark.parametrize(
    "aslant", [("impostor_1", 40, 60), ("person_b_1", -50, 60), ("person_b_2", 45, 150), ("person_a_2", -60, 150)]
)
def test_parts_that_the_first_look_misplaces_are_mended(
    portraits: Path, once: FaceDetector, twice: FaceDetector, aslant: tuple[str, float, int]
) -> None:
    name, turn_deg, face_px = aslant
    picture, expected_px = cut_aslant(read_image(portraits / f"{name}.jpg"), once, turn_deg, face_px)
    (first,), (second,) = once.detect(picture), twice.detect(picture)
    assert np.linalg.norm(first.landmarks_px - expected_px, axis=1).max() > 0.2 * face_px
    assert np.linalg.norm(second.landmarks_px - expected_px, axis=1).max() < 0.1 * face_px


def test_a_face_that_is_sure_is_not_looked_at_again(portraits: Path, once: FaceDetector, twice: FaceDetector) -> None:
    for path in sorted(portraits.glob("*.jpg")):
        (first,), (second,) = once.detect(read_image(path)), twice.detect(read_image(path))
        assert first.detection_score > 0.9
        np.testing.assert_array_equal(first.landmarks_px, second.landmarks_px)


@pytest.mark.parametrize(("name", "covered"), [("impostor_2", 0.7), ("person_a_2", 0.7), ("person_b_2", 0.6)])
def test_a_first_look_stands_where_no_turn_is_surer(
    portraits: Path, once: FaceDetector, twice: FaceDetector, name: str, covered: float
) -> None:
    """An upright face behind a wall that leaves half of it or less in view."""
    picture = read_image(portraits / f"{name}.jpg")
    (whole,) = once.detect(picture)
    picture[:, : round(float(whole.box_xyxy[0]) + covered * whole.width_px)] = 90
    (first,), (second,) = once.detect(picture), twice.detect(picture)
    assert first.detection_score < 0.9
    np.testing.assert_array_equal(first.landmarks_px, second.landmarks_px)


def test_several_faces_are_left_alone(portraits: Path, once: FaceDetector, twice: FaceDetector) -> None:
    pair = [cut_aslant(read_image(portraits / f"{name}.jpg"), once, 45, 60)[0] for name in ("impostor_1", "person_b_1")]
    first, second = once.detect(np.hstack(pair)), twice.detect(np.hstack(pair))
    assert len(first) == len(second) == 2
    assert first[0].detection_score < 0.9
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.landmarks_px, other.landmarks_px)


def test_least_width_holds_in_pixels_of_the_picture(portraits: Path, once: FaceDetector) -> None:
    picture, _ = cut_aslant(read_image(portraits / "impostor_1.jpg"), once, 50, 30)
    wide_only = FaceDetector(second_look=True, min_face_px=60)
    assert wide_only.detect(picture) == []


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 5000, 3), (5000, 2, 3), (480, 640, 3)])
def test_nothing_to_see_gives_nothing(twice: FaceDetector, shape: tuple[int, ...]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    assert twice.detect(np.zeros(shape, np.uint8)) == []
    assert twice.detect(noise) == []


def test_profiles_that_fill_the_picture_are_found(shared_data: Path, once: FaceDetector, twice: FaceDetector) -> None:
    for name in ("christoph_waltz/profile_03", "jerry_brown/profile_02", "matthew_fox/profile_03"):
        image = read_image(shared_data / "people" / f"{name}.jpg")
        assert once.detect(image) == []
        (face,) = twice.detect(image)
        height, width = image.shape[:2]
        assert (face.landmarks_px > 0).all()
        assert (face.landmarks_px < (width, height)).all()
        assert face.width_px > 0.5 * width


@pytest.mark.parametrize(("video", "frames"), [("nobody_near.mp4", range(0, 23, 4)), ("corridor.mp4", range(0, 40, 8))])
def test_no_face_is_made_up_in_a_video_without_any(
    shared_data: Path, twice: FaceDetector, video: str, frames: range
) -> None:
    capture = cv2.VideoCapture(str(shared_data / "video" / video))
    pictures = [capture.read()[1] for _ in range(frames.stop)]
    assert [number for number in frames if twice.detect(np.asarray(pictures[number], np.uint8))] == []


@pytest.mark.parametrize("quarter_turns", range(4))
def test_a_picture_on_its_side_is_told_from_an_upright_one(
    portraits: Path, twice: FaceDetector, quarter_turns: int
) -> None:
    """Of faces upside down some look upright to the detector; none is told the wrong way round."""
    paths = sorted(portraits.glob("*.jpg"))
    images = [np.ascontiguousarray(np.rot90(read_image(path), quarter_turns)) for path in paths]
    turns_deg = [twice.find_turn_deg(image, twice.detect(image)) for image in images]
    missed = turns_deg.count(0) if quarter_turns == 2 else 0
    assert turns_deg.count(90 * quarter_turns) + missed == len(paths)
    assert missed <= 1


def test_nothing_is_told_of_a_picture_without_a_face(once: FaceDetector, twice: FaceDetector) -> None:
    wall = np.full((200, 300, 3), 90, np.uint8)
    assert twice.find_turn_deg(wall, twice.detect(wall)) == 0
    assert once.find_turn_deg(wall, []) == 0
