"""What is measured of a face to tell how well it can be recognised."""

from math import atan, atan2, degrees

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.faces.alignment import TEMPLATE_SIZE_PX
from twinface.types import Face, FaceMeasures, Image

_MIDDLE = np.s_[40:98, 30:82]
"""Eyes to mouth: the crop around them may be hair, background, or black where the picture ends, and a black edge is
sharp however blurred the face."""
_BLUR_PX = 9

_NOSE_DEPTH = 0.5
"""How far the nose tip stands out of the plane of eyes and mouth, in distances of the eyes; so far it moves sideways
when a face turns by a right angle. Gee and Cipolla (Determining the gaze of faces in images, 1994) take 0.6."""
_NOSE_HEIGHT = 0.547
"""Where the nose tip stands between eyes (0) and mouth (1): median of 2,360 frontal pictures as YuNet sees them."""


def measure_face(crop_image: Image, face: Face) -> FaceMeasures:
    """Measure a face; `crop_image` is its aligned crop, uint8 (s, s, 3) BGR. Takes a few tenths of a millisecond.

    The pose is that of a flat face with a nose: the eyes and the mouth lie in a plane, and the nose tip stands out of
    it by half the distance of the eyes. What the nose tip is off the line from the middle of the eyes to that of the
    mouth is then, in half eye distances as they appear, the tangent of the yaw; what it is off its place on that line,
    in parts of the line, half the tangent of the pitch. The roll is that of the line through the eyes.
    """
    inside = _grey_middle(crop_image)
    yaw_deg, pitch_deg, roll_deg = _estimate_pose(face.landmarks_px)
    return FaceMeasures(
        face_px=face.width_px,
        sharpness=_measure_sharpness(inside),
        brightness=float(inside.mean()),
        contrast=float(inside.std()),
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        roll_deg=roll_deg,
        detection_score=face.detection_score,
    )


def bound_quality(face: Face) -> float:
    """The most that the quality of a face's crop can be, 0…1: by its size, pose and detection score, the rest perfect.

    Takes a few hundredths of a millisecond and looks at no pixel. The quality of what `measure_face` measures is
    never more, not even in its last bit, since it multiplies the same numbers by others of at most 1.
    """
    yaw_deg, pitch_deg, roll_deg = _estimate_pose(face.landmarks_px)
    sharpest, middle_grey, most_contrast = 1.0, 127.5, 255.0
    measures = FaceMeasures(
        face_px=face.width_px,
        sharpness=sharpest,
        brightness=middle_grey,
        contrast=most_contrast,
        yaw_deg=yaw_deg,
        pitch_deg=pitch_deg,
        roll_deg=roll_deg,
        detection_score=face.detection_score,
    )
    return measures.quality


def _grey_middle(crop_image: Image) -> NDArray[np.uint8]:
    """Eyes to mouth, grey, (58, 52)."""
    if crop_image.shape[0] != TEMPLATE_SIZE_PX:
        size = (TEMPLATE_SIZE_PX, TEMPLATE_SIZE_PX)
        crop_image = np.asarray(cv2.resize(crop_image, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.cvtColor(crop_image, cv2.COLOR_BGR2GRAY), np.uint8)[_MIDDLE]


def _estimate_pose(landmarks_px: NDArray[np.float32]) -> tuple[float, float, float]:
    """Yaw, pitch and roll in degrees; of landmarks that span nothing, a profile."""
    left_eye, right_eye, nose, left_mouth, right_mouth = landmarks_px.astype(np.float64)
    middle = (left_eye + right_eye) / 2
    across, down = right_eye - left_eye, (left_mouth + right_mouth) / 2 - middle
    width, height = float(np.hypot(*across)), float(np.hypot(*down))
    roll_deg = degrees(atan2(across[1], across[0]))
    if width < 1e-6 or height < 1e-6:
        return 90.0, 0.0, roll_deg
    off = nose - middle
    sideways = float(off[0] * down[1] - off[1] * down[0]) / height
    along = float(off @ down) / height**2
    yaw_deg = degrees(atan(sideways / (_NOSE_DEPTH * width)))
    pitch_deg = degrees(atan((along - _NOSE_HEIGHT) / _NOSE_DEPTH))
    return yaw_deg, pitch_deg, roll_deg


def _measure_sharpness(grey: NDArray[np.uint8]) -> float:
    """See FaceMeasures; 0 for a picture of one grey."""
    sharp = grey.astype(np.float32)
    shares = []
    for axis, size in ((0, (1, _BLUR_PX)), (1, (_BLUR_PX, 1))):
        steps = np.abs(np.diff(sharp, axis=axis))
        lost = steps - np.abs(np.diff(cv2.blur(sharp, size), axis=axis))
        shares.append(float(np.maximum(lost, 0.0).sum()) / max(float(steps.sum()), 1e-6))
    return min(shares)
