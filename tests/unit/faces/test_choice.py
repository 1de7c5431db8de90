from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.errors import NoFaceError, SeveralFacesError
from twinface.faces import FaceDetector, pick_enrolment_face, pick_main_face, read_image
from twinface.recognition.embedding import PickFace
from twinface.types import Face

SHAPE = (480, 640, 3)


def face(x: float, y: float, width: float, height: float | None = None, score: float = 0.9) -> Face:
    """A face with its centre at (x, y)."""
    half = np.array([width, height or width], np.float32) / 2
    centre = np.array([x, y], np.float32)
    return Face(np.concatenate([centre - half, centre + half]), np.zeros((5, 2), np.float32), score)


def test_bystander_at_the_edge_does_not_win_over_the_face_in_the_middle() -> None:
    middle, edge = face(320, 240, 100), face(580, 400, 130)
    assert pick_main_face([edge, middle], SHAPE) is middle


def test_much_larger_face_wins_beside_the_middle() -> None:
    large, small = face(250, 200, 250), face(320, 240, 40)
    assert pick_enrolment_face([small, large], SHAPE) is large


def test_two_faces_alike_in_size_are_refused_for_enrolment_only() -> None:
    left, right = face(220, 240, 120), face(420, 240, 110)
    with pytest.raises(SeveralFacesError, match="2 faces alike"):
        pick_enrolment_face([left, right], SHAPE)
    assert pick_main_face([left, right], SHAPE) in {left, right}


def test_no_face_is_refused() -> None:
    for pick in (pick_main_face, pick_enrolment_face):
        with pytest.raises(NoFaceError, match="no face"):
            pick([], SHAPE)


@pytest.mark.parametrize("pick", [pick_main_face, pick_enrolment_face])
def test_a_face_that_the_detector_doubts_is_neither_rival_nor_main(pick: PickFace) -> None:
    real, pattern = face(220, 240, 120), face(420, 240, 110, score=0.8)
    assert pick([real, pattern], SHAPE) is real
    assert pick([real, face(320, 240, 140, score=0.8)], SHAPE) is real
    assert pick([pattern], SHAPE) is pattern
    cut_off = face(8, 240, 120, score=0.9)
    assert pick([real, cut_off], SHAPE) is real


@pytest.mark.parametrize("pick", [pick_main_face, pick_enrolment_face])
def test_a_small_face_that_is_sure_does_not_win_over_a_large_one_that_is_doubted(pick: PickFace) -> None:
    large, bystander = face(320, 240, 200, score=0.7), face(560, 100, 60)
    assert pick([bystander, large], SHAPE) is large


def test_an_ear_does_not_win_over_the_face(shared_data: Path, detector: FaceDetector) -> None:
    image = read_image(shared_data / "people" / "selena_gomez" / "profile_02.jpg")
    faces = detector.detect(image)
    assert [round(face.detection_score, 1) for face in faces] == [0.9, 0.6]
    assert pick_main_face(faces, image.shape) is faces[0]


def test_a_painted_wall_is_no_second_person(shared_data: Path, detector: FaceDetector) -> None:
    image = read_image(shared_data / "portraits" / "people" / "biden" / "2.jpg")
    faces = detector.detect(image)
    assert len(faces) == 2
    assert pick_enrolment_face(faces, image.shape) is faces[0]


@pytest.mark.parametrize("picture", ["obama_and_biden", "obama_and_biden2", "kit_with_rose"])
def test_two_people_are_refused(picture: str, shared_data: Path, detector: FaceDetector) -> None:
    image = read_image(shared_data / "portraits" / "probes" / f"{picture}.jpg")
    with pytest.raises(SeveralFacesError):
        pick_enrolment_face(detector.detect(image), image.shape)


def test_two_portraits_side_by_side_are_refused(portraits: Path, detector: FaceDetector) -> None:
    pair = np.hstack([cv2.resize(read_image(portraits / f"person_{who}_2.jpg"), (400, 500)) for who in "ab"])
    with pytest.raises(SeveralFacesError, match="2 faces alike"):
        pick_enrolment_face(detector.detect(pair), pair.shape)
