from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.faces import FaceDetector, align_face, assess_quality, read_image
from twinface.types import Face, Image


@pytest.fixture(scope="module")
def sharp(portraits: Path, detector: FaceDetector) -> tuple[Image, Face]:
    """A crop of a good portrait and its face."""
    image = read_image(portraits / "person_b_1.jpg")
    (face,) = detector.detect(image)
    return align_face(image, face.landmarks_px, 112), face


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
