"""What a face looks like at a glance: enough to tell two people beside each other apart, for microseconds."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.types import Face, Image

_SIDE_PX = 8
_LENGTH = _SIDE_PX * _SIDE_PX * 3


def take_patches(image: Image, faces: Sequence[Face]) -> NDArray[np.float32]:
    """The boxes of faces shrunk to 8 by 8 colours, less their mean, as unit vectors: float32 (n, 192).

    The product of two is the normalised correlation of the patches, -1…1: the same face in frames next to each other
    reaches 0.9, half a second later 0.8, two faces of one picture 0.5 (medians of a crowded street). A box without
    contrast, or outside the picture, gives zeros.
    """
    patches = np.zeros((len(faces), _LENGTH), np.float32)
    height, width = image.shape[:2]
    for position, face in enumerate(faces):
        left, top, right, bottom = (round(float(side)) for side in face.box_xyxy)
        inside = image[max(0, top) : min(height, max(0, bottom)), max(0, left) : min(width, max(0, right))]
        if inside.size:
            small = np.asarray(cv2.resize(inside, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_AREA), np.float32)
            patch = small.reshape(-1) - small.mean()
            patches[position] = patch / max(float(np.linalg.norm(patch)), 1e-6)
    return patches
