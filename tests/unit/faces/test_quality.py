from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.faces import FaceDetector, align_face, bound_quality, measure_face, read_image
from twinface.types import Face, Image


@pytest.fixture(scope="module")
def sharp(portraits: Path, detector: FaceDetector) -> tuple[Image, Face]:
    """A crop of a good portrait and its face."""
    image = read_image(portraits / "person_b_1.jpg")
    (face,) = detector.detect(image)
    return align_face(image, face.landmarks_px, 112), face


def assess_quality(crop: Image, face: Face) -> float:
    return measure_face(crop, face).quality


def test_portrait_is_good(sharp: tuple[Image, Face]) -> None:
    assert assess_quality(*sharp) > 0.7


def test_size_of_the_crop_hardly_matters(portraits: Path, detector: FaceDetector, sharp: tuple[Image, Face]) -> None:
    crop = align_face(read_image(portraits / "person_b_1.jpg"), sharp[1].landmarks_px, 224)
    assert assess_quality(crop, sharp[1]) == pytest.approx(assess_quality(*sharp), abs=0.1)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda crop: cv2.GaussianBlur(crop, (0, 0), 5),
        lambda crop: (crop * 0.1).astype(np.uint8),
        lambda crop: np.clip(crop.astype(int) + 160, 0, 255).astype(np.uint8),
        lambda crop: np.full_like(crop, 128),
    ],
    ids=["blurred", "dark", "overexposed", "flat"],
)
def test_spoilt_crop_is_worse_by_half(sharp: tuple[Image, Face], spoil: object) -> None:
    assert assess_quality(spoil(sharp[0]), sharp[1]) < 0.5 * assess_quality(*sharp)  # type: ignore[operator]


def test_profile_small_and_doubtful_faces_are_worse(sharp: tuple[Image, Face]) -> None:
    crop, face = sharp
    good = assess_quality(crop, face)
    profile = face.landmarks_px.copy()
    profile[2, 0] = profile[1, 0] + 5
    assert assess_quality(crop, replace(face, landmarks_px=profile)) < 0.2 * good
    assert assess_quality(crop, replace(face, box_xyxy=face.box_xyxy * np.float32(0.08))) < 0.6 * good
    assert assess_quality(crop, replace(face, detection_score=0.6)) < 0.5 * good
    assert assess_quality(crop, replace(face, landmarks_px=np.full((5, 2), 7, np.float32))) < 0.2 * good


def test_sharpness_falls_with_blur_and_does_not_mind_contrast(sharp: tuple[Image, Face]) -> None:
    crop, face = sharp
    blurred = [cv2.GaussianBlur(crop, (0, 0), sigma) for sigma in (0.5, 1, 2, 4)]
    values = [measure_face(one, face).sharpness for one in (crop, *blurred)]
    assert values == sorted(values, reverse=True)
    assert values[0] > 0.5
    assert values[3] < 0.4
    flat = (64 + 0.5 * crop).astype(np.uint8)
    assert measure_face(flat, face).sharpness == pytest.approx(values[0], abs=0.03)


def test_a_black_border_does_not_make_a_blurred_face_sharp(sharp: tuple[Image, Face]) -> None:
    """A crop is black where the picture ends."""
    blurred = cv2.GaussianBlur(sharp[0], (0, 0), 4)
    bordered = blurred.copy()
    bordered[100:] = bordered[:, :28] = 0
    assert measure_face(bordered, sharp[1]) == measure_face(blurred, sharp[1])


@pytest.mark.parametrize(("yaw_deg", "pitch_deg"), [(0, 0), (20, 0), (-40, 0), (0, 15), (0, -25)])
def test_pose_of_a_flat_face_with_a_nose_is_what_it_was_turned_by(
    yaw_deg: float, pitch_deg: float, sharp: tuple[Image, Face]
) -> None:
    points = np.array([[-1, -1, 0], [1, -1, 0], [0, -1 + 2 * 0.547, 1], [-0.8, 1, 0], [0.8, 1, 0]], np.float64)
    yaw, pitch = np.radians(yaw_deg), np.radians(pitch_deg)
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), np.sin(pitch)], [0, -np.sin(pitch), np.cos(pitch)]])
    tilt = np.radians(10)
    seen = (points @ about_y.T @ about_x.T)[:, :2] @ np.array(
        [[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]]
    )
    face = replace(sharp[1], landmarks_px=(100 + 40 * seen).astype(np.float32))
    measures = measure_face(sharp[0], face)
    assert measures.yaw_deg == pytest.approx(yaw_deg, abs=0.1)
    assert measures.pitch_deg == pytest.approx(pitch_deg, abs=0.1)
    assert measures.roll_deg == pytest.approx(10, abs=0.1)


def test_measures_are_plain(sharp: tuple[Image, Face]) -> None:
    crop, face = sharp
    measures = measure_face(crop, face)
    assert measures.face_px == face.width_px
    assert measures.detection_score == face.detection_score
    assert measure_face((crop * 0.5).astype(np.uint8), face).brightness == pytest.approx(measures.brightness / 2, abs=1)
    assert abs(measures.yaw_deg) < 15
    assert abs(measures.roll_deg) < 15


def test_no_crop_is_better_than_its_face_allows(sharp: tuple[Image, Face]) -> None:
    crop, face = sharp
    rng = np.random.default_rng(0)
    for _ in range(200):
        landmarks_px = face.landmarks_px + rng.normal(0, 5, (5, 2)).astype(np.float32)
        box_xyxy = face.box_xyxy * np.float32(rng.uniform(0.05, 1))
        other = Face(box_xyxy, landmarks_px, float(rng.uniform(0.4, 1)))
        spoilt = cv2.GaussianBlur(crop, (0, 0), rng.uniform(0.1, 3))
        assert assess_quality(spoilt, other) <= bound_quality(other)


def test_the_bound_is_what_a_perfect_crop_reaches(sharp: tuple[Image, Face]) -> None:
    checks = np.tile(np.array([[60, 200], [200, 60]], np.uint8), (56, 56))
    perfect = np.repeat(checks[:, :, np.newaxis], 3, axis=2)
    nose_to_the_right = np.array([[0, 0], [0, 0], [40, 0], [0, 0], [0, 0]], np.float32)
    turned = replace(sharp[1], landmarks_px=sharp[1].landmarks_px + nose_to_the_right)
    for face in (sharp[1], turned, replace(sharp[1], detection_score=0.7)):
        assert bound_quality(face) == assess_quality(perfect, face)
    assert bound_quality(turned) < 0.9 * bound_quality(sharp[1])
