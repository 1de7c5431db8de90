"""Which face of a picture is meant when there are several."""

from collections.abc import Sequence

import numpy as np

from twinface.errors import NoFaceError, SeveralFacesError
from twinface.types import Face

_ALIKE = 0.7
"""A second face at least this much of the first one's side is alike in size."""

_SURE = 0.82
"""Detection score, times the share of the box inside the picture, of a face that is one: of 2,360 frontal pictures 2
fall under it, of 941 profiles 30. Patterns of a background that were taken for a face reached 0.80."""


def pick_main_face(faces: Sequence[Face], image_shape: tuple[int, ...]) -> Face:
    """The largest and most central face: greatest area less twice the squared distance from the picture's centre.

    `image_shape` is (height, width, …). The rule is InsightFace's, so a bystander nearer the edge does not win over the
    face in the middle. A face that the detector doubts does not count beside one that it is sure of and that is alike
    in size or larger: it is an ear, or a pattern of a wall. Raises NoFaceError when there is none.
    """
    if not faces:
        raise NoFaceError("no face was found")
    centre = np.array([image_shape[1], image_shape[0]], np.float32) / 2

    def prominence(face: Face) -> float:
        offset = (face.box_xyxy[:2] + face.box_xyxy[2:]) / 2 - centre
        return face.width_px * face.height_px - 2 * float(offset @ offset)

    sure = _sure(faces, image_shape)
    largest_px = max(map(_side_px, sure), default=0.0)
    return max((face for face in faces if face in sure or _ALIKE * _side_px(face) > largest_px), key=prominence)


def pick_enrolment_face(faces: Sequence[Face], image_shape: tuple[int, ...]) -> Face:
    """The one face a picture is of: the main one, which no other that the detector is sure of may equal in size.

    Raises NoFaceError when there is no face, SeveralFacesError when it is not clear whom the picture is of.
    """
    main = pick_main_face(faces, image_shape)
    alike = [face for face in _sure(faces, image_shape) if _side_px(face) >= _ALIKE * _side_px(main)]
    if len(alike) > 1:
        raise SeveralFacesError(f"{len(alike)} faces alike in size; cut the picture to the one that is meant")
    return main


def _sure(faces: Sequence[Face], image_shape: tuple[int, ...]) -> list[Face]:
    """Those that the detector is sure of. It is the less sure of a face the more of it lies outside the picture."""
    return [face for face in faces if face.detection_score * _share_inside(face, image_shape) >= _SURE]


def _share_inside(face: Face, image_shape: tuple[int, ...]) -> float:
    """How much of the box lies in the picture, 0…1."""
    size = np.array([image_shape[1], image_shape[0]], np.float32)
    shown = np.clip(face.box_xyxy[2:], 0, size) - np.clip(face.box_xyxy[:2], 0, size)
    return float(shown.prod()) / max(face.width_px * face.height_px, 1e-6)


def _side_px(face: Face) -> float:
    return float(np.sqrt(max(face.width_px * face.height_px, 0.0)))
