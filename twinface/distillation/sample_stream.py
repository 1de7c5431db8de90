"""What a run sees, sample after sample: decided by the seed and the count alone, so that it can go on anywhere."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.distillation.crop_views import as_input, rows_by_person, rows_of
from twinface.distillation.teacher import Targets
from twinface.matching.vectors import normalised
from twinface.training.tensorflow_setup import import_keras
from twinface.types import Vectors

Show = Callable[[range], Any]
"""What a batch of samples, given by their numbers, shows: x and y of `fit`."""


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
