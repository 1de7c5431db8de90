"""How well a face can be recognised: one number from five that are cheap to have."""

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.faces.alignment import TEMPLATE_SIZE_PX
from twinface.types import Face, Image

_GOOD_WIDTH_PX = 60.0
_GOOD_SHARPNESS = 8.0
_GOOD_CONTRAST = 20.0
_LEAST_FRONTALITY = 0.05
_POOR_DETECTION, _GOOD_DETECTION = 0.5, 0.92


def assess_quality(crop_image: Image, face: Face) -> float:
    """How useful a crop is, 0 (useless) … 1 (clear and frontal).

    The product of five scores, each 0…1: width of the face in the picture, sharpness, frontal pose, exposure, and the
    detector's score. So one bad score is not made up for by four good ones. Clear portraits reach 0.7…1, small soft
    faces of a video 0.2…0.6, profiles 0.05. `crop_image` is the aligned crop, uint8 (s, s, 3) BGR, of `face`.
    """
    if crop_image.shape[0] != TEMPLATE_SIZE_PX:
        size = (TEMPLATE_SIZE_PX, TEMPLATE_SIZE_PX)
        crop_image = np.asarray(cv2.resize(crop_image, size, interpolation=cv2.INTER_AREA), np.uint8)
    inside = np.asarray(cv2.cvtColor(crop_image, cv2.COLOR_BGR2GRAY), np.uint8)[28:100, 28:84]
    width = _clip(face.width_px / _GOOD_WIDTH_PX)
    detection = _clip((face.detection_score - _POOR_DETECTION) / (_GOOD_DETECTION - _POOR_DETECTION))
    return width * detection * _sharpness(inside) * _frontality(face) * _exposure(inside)


def _sharpness(grey: NDArray[np.uint8]) -> float:
    """Deviation of the Laplacian (Pech-Pacheco et al., ICPR 2000), against that of a sharp picture."""
    return _clip(float(cv2.Laplacian(grey, cv2.CV_32F).std()) / _GOOD_SHARPNESS)


def _frontality(face: Face) -> float:
    """1 when the nose tip stands between the eyes; next to nothing when it has come beside one of them."""
    left_eye, right_eye, nose = face.landmarks_px[:3]
    axis = right_eye - left_eye
    length = float(axis @ axis)
    if length <= 0:
        return _LEAST_FRONTALITY
    along = float((nose - left_eye) @ axis) / length
    return max(_LEAST_FRONTALITY, 1.0 - 2.0 * abs(along - 0.5))


def _exposure(grey: NDArray[np.uint8]) -> float:
    """Share of the face that is neither near black nor near white, times its contrast."""
    usable = float(((grey > 20) & (grey < 240)).mean())
    return usable * _clip(float(grey.std()) / _GOOD_CONTRAST)


def _clip(score: float) -> float:
    return min(1.0, max(0.0, score))
