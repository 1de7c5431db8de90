"""The crop recipe: five landmarks, a similarity transform, the ArcFace template of 112 by 112 pixels."""

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.types import Image

TEMPLATE_SIZE_PX = 112
ARCFACE_TEMPLATE_PX = np.array(
    [[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366], [41.5493, 92.3655], [70.7299, 92.2041]], np.float32
)
"""Where the landmarks of Face come to lie in a crop of 112 pixels (Deng et al., ArcFace, CVPR 2019), float32 (5, 2)."""

_LEAST_SCALE = 0.25
"""Bilinear sampling reads four pixels: shrunk further than this, a large photo would be read with gaps, so it is
averaged down first."""


def align_face(image: Image, landmarks_px: NDArray[np.float32], size_px: int) -> Image:
    """Cut a face out, uint8 (size_px, size_px, 3) BGR; black where the picture ends.

    `landmarks_px` float32 (5, 2), in the order of Face, in pixels of `image`.
    Raises ValueError when they do not span anything (all in one point).
    """
    matrix = estimate_similarity(landmarks_px, scale_template(size_px))
    scale = float(np.hypot(matrix[0, 0], matrix[1, 0]))
    if scale < _LEAST_SCALE:
        height, width = image.shape[:2]
        shrunk = (max(1, round(2 * scale * width)), max(1, round(2 * scale * height)))
        image = np.asarray(cv2.resize(image, shrunk, interpolation=cv2.INTER_AREA), np.uint8)
        ratio = np.array([shrunk[0] / width, shrunk[1] / height], np.float32)
        matrix = estimate_similarity((landmarks_px + 0.5) * ratio - 0.5, scale_template(size_px))
    return np.asarray(cv2.warpAffine(image, matrix, (size_px, size_px), flags=cv2.INTER_LINEAR), np.uint8)


def scale_template(size_px: int) -> NDArray[np.float32]:
    """The template for a crop of another size, float32 (5, 2); pixel centres, not corners, keep their places."""
    return ((ARCFACE_TEMPLATE_PX + 0.5) * (size_px / TEMPLATE_SIZE_PX) - 0.5).astype(np.float32)


def estimate_similarity(source: NDArray[np.float32], target: NDArray[np.float32]) -> NDArray[np.float64]:
    """The rotation, scale and shift, float64 (2, 3), that brings `source` nearest to `target`, both float32 (n, 2).

    Least squares (Umeyama, PAMI 1991); in the plane, with points as complex numbers, it is one division.
    Raises ValueError when all source points are one.
    """
    from_points = source[:, 0] + 1j * source[:, 1].astype(np.float64)
    to_points = target[:, 0] + 1j * target[:, 1].astype(np.float64)
    from_centred = from_points - from_points.mean()
    spread = np.vdot(from_centred, from_centred).real
    if not spread > 0:
        raise ValueError("landmarks: expected points that differ")
    turn = np.vdot(from_centred, to_points - to_points.mean()) / spread
    shift = to_points.mean() - turn * from_points.mean()
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]])
