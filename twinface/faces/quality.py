"""How well a face can be recognised: one number from five that are cheap to have."""

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.faces.alignment import TEMPLATE_SIZE_PX
from twinface.types import Face, Image

_GOOD_WIDTH_PX = 80.0
_GOOD_SHARPNESS = 12.0


def assess_quality(crop_image: Image, face: Face) -> float:
    """How useful a crop is, 0 (useless) … 1 (clear and frontal).

    The geometric mean of five scores, each 0…1, so that one bad one is not made up for by four good ones: width of the
    face in the picture, sharpness, frontal pose, exposure, and the detector's score. `crop_image` is the aligned crop,
    uint8 (s, s, 3) BGR, of `face`.
    """
    if crop_image.shape[0] != TEMPLATE_SIZE_PX:
        size = (TEMPLATE_SIZE_PX, TEMPLATE_SIZE_PX)
        crop_image = np.asarray(cv2.resize(crop_image, size, interpolation=cv2.INTER_AREA), np.uint8)
    grey = np.asarray(cv2.cvtColor(crop_image, cv2.COLOR_BGR2GRAY), np.uint8)
    scores = (
        min(1.0, max(0.0, face.width_px) / _GOOD_WIDTH_PX),
        _sharpness(grey),
        _frontality(face),
        _exposure(grey),
        min(1.0, max(0.0, face.detection_score)),
    )
    return float(np.prod(scores) ** (1 / len(scores)))


def _sharpness(grey: NDArray[np.uint8]) -> float:
    """Deviation of the Laplacian (Pech-Pacheco et al., ICPR 2000) inside the face, against that of a sharp one."""
    inside = grey[28:100, 28:84]
    return min(1.0, float(cv2.Laplacian(inside, cv2.CV_32F).std()) / _GOOD_SHARPNESS)


def _frontality(face: Face) -> float:
    """1 when the nose tip stands between the eyes, 0 when it has come above or outside one of them."""
    left_eye, right_eye, nose = face.landmarks_px[:3]
    axis = right_eye - left_eye
    length = float(axis @ axis)
    if length <= 0:
        return 0.0
    along = float((nose - left_eye) @ axis) / length
    return max(0.0, 1.0 - 2.0 * abs(along - 0.5))


def _exposure(grey: NDArray[np.uint8]) -> float:
    """Share of the face that is neither near black nor near white, and has some contrast."""
    inside = grey[28:100, 28:84]
    usable = float(((inside > 20) & (inside < 240)).mean())
    contrast = min(1.0, float(inside.std()) / 25.0)
    return usable * contrast
