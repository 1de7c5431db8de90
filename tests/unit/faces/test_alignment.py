import cv2
import numpy as np
import pytest

from twinface.faces import align_face
from twinface.faces.alignment import ARCFACE_TEMPLATE_PX, estimate_similarity, scale_template


def transform(points: np.ndarray, degrees: float, scale: float, shift: tuple[float, float]) -> np.ndarray:
    """Points turned, scaled and shifted."""
    turn = np.deg2rad(degrees)
    matrix = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    return (points @ matrix.T + np.array(shift)).astype(np.float32)


@pytest.mark.parametrize("degrees", [0, 30, -75, 180])
def test_a_turned_scaled_shifted_template_comes_back_exactly(degrees: float) -> None:
    moved = transform(ARCFACE_TEMPLATE_PX, degrees, 2.5, (40, -7))
    matrix = estimate_similarity(moved, ARCFACE_TEMPLATE_PX)
    np.testing.assert_allclose(moved @ matrix[:, :2].T + matrix[:, 2], ARCFACE_TEMPLATE_PX, atol=1e-3)


def test_inexact_points_are_fitted_by_least_squares() -> None:
    """No small change of the transform may bring the points nearer to the template."""
    rng = np.random.default_rng(0)
    points = transform(ARCFACE_TEMPLATE_PX, 20, 1.7, (5, 9)) + rng.normal(0, 3, (5, 2)).astype(np.float32)
    best = estimate_similarity(points, ARCFACE_TEMPLATE_PX)

    def error(a: float, b: float, x: float, y: float) -> float:
        moved = points @ np.array([[a, -b], [b, a]]).T + np.array([x, y])
        return float(((moved - ARCFACE_TEMPLATE_PX) ** 2).sum())

    parameters = np.array([best[0, 0], best[1, 0], best[0, 2], best[1, 2]])
    for change in rng.normal(0, 0.01, (50, 4)):
        assert error(*parameters) <= error(*(parameters + change))


def test_mirrored_points_are_not_mirrored_back() -> None:
    matrix = estimate_similarity(ARCFACE_TEMPLATE_PX * np.array([-1, 1], np.float32), ARCFACE_TEMPLATE_PX)
    assert np.linalg.det(matrix[:, :2]) > 0


def test_crop_shows_the_landmarks_where_the_template_has_them() -> None:
    """Bright dots painted at turned landmarks end up at the template's places."""
    landmarks = transform(ARCFACE_TEMPLATE_PX, 25, 3.0, (120, 20))
    image = np.zeros((500, 500, 3), np.uint8)
    for x, y in landmarks:
        cv2.circle(image, (round(float(x)), round(float(y))), 9, (255, 255, 255), -1)
    crop = align_face(image, landmarks, 112)
    assert crop.shape == (112, 112, 3)
    assert crop.dtype == np.uint8
    for x, y in ARCFACE_TEMPLATE_PX:
        assert crop[round(float(y)), round(float(x)), 0] > 200
    assert crop[5, 5, 0] == 0


def test_larger_crop_shrinks_to_the_smaller_one() -> None:
    """Pixel centres keep their places: a crop of twice the size, halved, is the crop."""
    image = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (400, 400, 3), np.uint8), (0, 0), 9)
    landmarks = transform(ARCFACE_TEMPLATE_PX, 10, 2.0, (60, 50))
    halved = cv2.resize(align_face(image, landmarks, 224), (112, 112), interpolation=cv2.INTER_AREA)
    difference = np.abs(halved.astype(int) - align_face(image, landmarks, 112).astype(int))
    assert difference.mean() < 0.6


def test_fine_detail_of_a_large_photo_is_averaged_not_sampled() -> None:
    """Stripes two pixels wide, shrunk to a tenth, are an even grey; and what is large stays in its place."""
    image = np.zeros((1400, 1400, 3), np.uint8)
    image[:, ::4] = image[:, 1::4] = 255
    landmarks = transform(ARCFACE_TEMPLATE_PX, 0, 10, (100, 100))
    crop = align_face(image, landmarks, 112).astype(int)
    assert abs(crop - 127).max() < 25
    image[:] = 0
    x, y = landmarks[2]
    cv2.circle(image, (round(float(x)), round(float(y))), 60, (255, 255, 255), -1)
    bright = np.argwhere(align_face(image, landmarks, 112)[:, :, 0] > 128)
    np.testing.assert_allclose(bright.mean(axis=0), ARCFACE_TEMPLATE_PX[2][::-1], atol=0.6)


def test_template_of_112_is_the_standard_one() -> None:
    np.testing.assert_allclose(scale_template(112), ARCFACE_TEMPLATE_PX)


def test_landmarks_in_one_point_are_refused() -> None:
    with pytest.raises(ValueError, match="differ"):
        align_face(np.zeros((9, 9, 3), np.uint8), np.full((5, 2), 4, np.float32), 112)
