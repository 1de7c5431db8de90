from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.errors import AssetError
from twinface.faces import FaceDetector, detection, read_image


@pytest.mark.parametrize("name", ["person_a_1", "person_a_2", "person_b_1", "impostor_1"])
def test_each_portrait_has_one_face_with_its_parts_in_order(portraits: Path, detector: FaceDetector, name: str) -> None:
    (face,) = detector.detect(read_image(portraits / f"{name}.jpg"))
    left_eye, right_eye, nose, left_mouth, right_mouth = face.landmarks_px
    assert left_eye[0] < nose[0] < right_eye[0]
    assert left_mouth[0] < right_mouth[0]
    assert max(left_eye[1], right_eye[1]) < nose[1] < min(left_mouth[1], right_mouth[1])
    assert (face.landmarks_px > face.box_xyxy[:2]).all()
    assert (face.landmarks_px < face.box_xyxy[2:]).all()
    assert face.detection_score > 0.8


def test_boxes_are_in_pixels_of_the_picture_as_given(portraits: Path, detector: FaceDetector) -> None:
    image = read_image(portraits / "person_b_1.jpg")
    (face,) = detector.detect(image)
    (doubled,) = detector.detect(cv2.resize(image, None, fx=2, fy=2))
    np.testing.assert_allclose(doubled.box_xyxy, 2 * face.box_xyxy, rtol=0.05, atol=12)


def test_best_face_comes_first_and_small_ones_can_be_left_out(portraits: Path) -> None:
    image = read_image(portraits / "person_b_1.jpg")
    small = cv2.resize(image, None, fx=0.3, fy=0.3)
    both = np.zeros((image.shape[0], image.shape[1] + small.shape[1], 3), np.uint8)
    both[:, : image.shape[1]] = image
    both[: small.shape[0], image.shape[1] :] = small
    faces = FaceDetector(max_side_px=900).detect(both)
    assert len(faces) == 2
    assert faces[0].detection_score >= faces[1].detection_score
    (large,) = FaceDetector(max_side_px=900, min_face_px=150).detect(both)
    assert large.width_px >= 150


@pytest.mark.parametrize("height", [360, 480])
def test_a_detector_that_was_warmed_up_finds_the_same_faces(portraits: Path, height: int) -> None:
    image = cv2.resize(read_image(portraits / "person_b_1.jpg"), (640, height))
    (cold,), warm_one = FaceDetector(max_side_px=640).detect(image), FaceDetector(max_side_px=640, warm_up=True)
    assert warm_one._yunet._padded == (384, 640), "ready for a video of 16 to 9"
    (warm,) = warm_one.detect(image)
    np.testing.assert_array_equal(warm.box_xyxy, cold.box_xyxy)
    np.testing.assert_array_equal(warm.landmarks_px, cold.landmarks_px)


def test_nothing_to_see_gives_nothing(detector: FaceDetector) -> None:
    assert detector.detect(np.zeros((480, 640, 3), np.uint8)) == []
    assert detector.detect(np.zeros((1, 1, 3), np.uint8)) == []
    assert detector.detect(np.zeros((3, 5000, 3), np.uint8)) == []


def test_a_damaged_model_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.onnx").write_bytes(detection.MODEL.read_bytes()[:-1] + b"?")
    for model in (tmp_path / "model.onnx", tmp_path / "none.onnx"):
        monkeypatch.setattr(detection, "MODEL", model)
        with pytest.raises(AssetError, match="install twinface again") as caught:
            FaceDetector()
        assert "\n" not in str(caught.value)
