"""Which part of a crop is looked at: the teacher and the student see the very same pixels."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

MARGIN_PX = 8
"""A packed crop is the standard crop of 112 pixels with this margin on each side."""

STANDARD_PX = 112
PACKED_PX = STANDARD_PX + 2 * MARGIN_PX


@dataclass(frozen=True, slots=True, eq=False)
class Views:
    """One way of looking at each crop of a pack: `shift_px` int (n, 2) as (x, y), -8…8, and `flip` bool (n,)."""

    shift_px: NDArray[np.int64]
    flip: NDArray[np.bool_]


def draw_views(number: int, count: int, seed: int) -> Views:
    """View `number` of `count` crops: 0 is the standard crop, 1 its mirror image, later ones are shifted at random."""
    if number < 2:
        return Views(np.zeros((count, 2), np.int64), np.full(count, number == 1))
    rng = np.random.default_rng((seed, number))
    return Views(rng.integers(-MARGIN_PX, MARGIN_PX + 1, (count, 2)), rng.random(count) < 0.5)


def cut_view(crop: NDArray[np.uint8], shift_px: NDArray[np.int64], flip: bool) -> NDArray[np.uint8]:
    """The 112 by 112 pixels of a packed crop, uint8 (128, 128, 3), that a view shows."""
    x, y = int(shift_px[0]) + MARGIN_PX, int(shift_px[1]) + MARGIN_PX
    view = crop[y : y + STANDARD_PX, x : x + STANDARD_PX]
    return np.ascontiguousarray(view[:, ::-1] if flip else view)


def resize(crops: NDArray[np.uint8], size_px: int) -> NDArray[np.uint8]:
    """Square crops, uint8 (n, s, s, 3), at another size."""
    if crops.shape[1] == size_px:
        return crops
    way = cv2.INTER_AREA if size_px < crops.shape[1] else cv2.INTER_LINEAR
    return np.stack([np.asarray(cv2.resize(crop, (size_px, size_px), interpolation=way), np.uint8) for crop in crops])
