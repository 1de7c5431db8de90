"""Which crops a run sees and which part of each, by seed and count: teacher and student see the very same pixels."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError

MARGIN_PX = 8
"""A packed crop is the standard crop of 112 pixels with this margin on each side."""

STANDARD_PX = 112
PACKED_PX = STANDARD_PX + 2 * MARGIN_PX

PER_PERSON = 4
"""Pictures in a row of the same person where people are learnt."""

CAFFE_MEANS_BGR = np.array([103.939, 116.779, 123.68], np.float32)


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


def as_input(crops: NDArray[np.uint8], size_px: int) -> NDArray[np.float32]:
    """Crops, uint8 (n, s, s, 3) BGR, as ResNet50 of keras.applications wants them, float32 (n, size_px, size_px, 3)."""
    return resize(crops, size_px).astype(np.float32) - CAFFE_MEANS_BGR


def rows_of(samples: range, count: int, seed: int) -> NDArray[np.int64]:
    """Which of `count` crops the samples are: a permutation an epoch, drawn from (seed, epoch)."""
    epochs, places = np.divmod(np.arange(samples.start, samples.stop), count)
    rows = np.empty(len(samples), np.int64)
    for epoch in np.unique(epochs):
        order = np.random.default_rng((seed, int(epoch))).permutation(count)
        rows[epochs == epoch] = order[places[epochs == epoch]]
    return rows


def rows_by_person(people: NDArray[np.int64], seed: int) -> Callable[[range], NDArray[np.int64]]:
    """Tells which of the crops, of `people` (n,), samples are: `PER_PERSON` in a row of somebody with two or more.

    Drawn from (seed, first sample). Raises InputError when nobody has two pictures.
    """
    order = np.argsort(people, kind="stable")
    counts = np.bincount(people)
    firsts = np.concatenate(([0], np.cumsum(counts)[:-1]))
    several = np.flatnonzero(counts > 1)
    if several.size == 0:
        raise InputError("nobody has two pictures; give folders with a sub-folder of pictures for each person")

    def draw(samples: range) -> NDArray[np.int64]:
        rng = np.random.default_rng((seed, samples.start))
        groups = -(-len(samples) // PER_PERSON)
        chosen = rng.choice(several, groups, replace=groups > several.size)
        places = np.floor(rng.random((groups, PER_PERSON)) * counts[chosen][:, np.newaxis]).astype(np.int64)
        rows: NDArray[np.int64] = order[(firsts[chosen][:, np.newaxis] + places).reshape(-1)[: len(samples)]]
        return rows

    return draw
