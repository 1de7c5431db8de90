"""What a run sees, sample after sample: decided by the seed and the count alone, so that it can go on anywhere."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.distillation.crop_views import resize
from twinface.distillation.targets import Targets
from twinface.errors import InputError
from twinface.matching.vectors import normalised
from twinface.training.tensorflow_setup import import_keras
from twinface.types import Vectors

Show = Callable[[range], Any]
"""What a batch of samples, given by their numbers, shows: x and y of `fit`."""

PER_PERSON = 4
"""Pictures in a row of the same person where people are learnt."""

CAFFE_MEANS_BGR = np.array([103.939, 116.779, 123.68], np.float32)


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


def make_stream(show: Show, start: int, batch: int) -> Any:
    """A keras PyDataset without end of what `show` gives for each batch of samples, from sample `start` on."""
    base: Any = import_keras().utils.PyDataset

    class Stream(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(workers=1, use_multiprocessing=False, max_queue_size=4)

        @property
        def num_batches(self) -> None:
            return None

        def __getitem__(self, index: int) -> Any:
            first = start + index * batch
            return show(range(first, first + batch))

    return Stream()


def show_kept(targets: Targets, centre: Vectors, *, size_px: int, count: int, seed: int) -> Show:
    """Shows crops in the views that `targets` keeps: pictures, and the teacher's centred vectors and maps."""

    def show(samples: range) -> tuple[NDArray[np.float32], tuple[NDArray[np.float32], ...]]:
        batch = targets.batch(samples.start // count, rows_of(samples, count, seed))
        return as_input(batch.pictures, size_px), (normalised(batch.vectors - centre), *batch.maps)

    return show


def show_people(targets: Targets, centre: Vectors, people: NDArray[np.int64], *, size_px: int, seed: int) -> Show:
    """Shows a few people in several pictures each: pictures, the teacher's centred vectors, and whose they are.

    Raises InputError when nobody has two pictures.
    """
    draw = rows_by_person(people, seed)

    def show(samples: range) -> tuple[NDArray[np.float32], tuple[NDArray[Any], ...]]:
        rows = draw(samples)
        batch = targets.batch(samples.start // len(people), rows)
        return as_input(batch.pictures, size_px), (normalised(batch.vectors - centre), people[rows])

    return show
