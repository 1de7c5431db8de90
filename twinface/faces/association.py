"""Which face continues which track: how alike two are at a glance, and the cheapest one-to-one assignment."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.types import Face, Image

_SIDE_PX = 8
_LENGTH = _SIDE_PX * _SIDE_PX * 3


def assign(costs: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Pairs (row, column) of a cost matrix (n, m), all rows or all columns of them, whose costs sum up to the least.

    The Hungarian method by shortest augmenting paths (Jonker and Volgenant, Computing 1987), in time n² · m. The same
    costs give the same pairs, whatever ties there are. Raises ValueError for costs that are not finite.
    """
    if not np.isfinite(costs).all():
        raise ValueError("costs: expected finite numbers")
    rows, columns = costs.shape
    if rows > columns:
        return sorted((row, column) for column, row in assign(costs.T))
    row_of = np.full(columns, -1)
    price = np.zeros(columns)
    for first in range(rows):
        distance = costs[first] - price
        before, done = np.full(columns, -1), np.zeros(columns, np.bool_)
        while True:
            column = int(np.where(done, np.inf, distance).argmin())
            if (row := int(row_of[column])) < 0:
                break
            done[column] = True
            onward = distance[column] + (costs[row] - price) - (costs[row, column] - price[column])
            shorter = ~done & (onward < distance)
            distance[shorter], before[shorter] = onward[shorter], column
        price[done] += distance[done] - distance[column]
        while (previous := int(before[column])) >= 0:
            row_of[column], column = row_of[previous], previous
        row_of[column] = first
    return sorted((int(row_of[column]), int(column)) for column in np.flatnonzero(row_of >= 0))


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
