"""What a run sees, sample after sample: decided by the seed and the count alone, so that it can go on anywhere."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.matching.heads import normalised
from twinface.training.distillation.answers import Answers
from twinface.training.distillation.views import resize
from twinface.training.tensorflow_setup import import_keras
from twinface.types import Vectors

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


def make_stream(show: Callable[[range], Any], start: int, batch: int) -> Any:
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


def show_kept(answers: Answers, centre: Vectors, *, size_px: int, count: int, seed: int) -> Callable[[range], Any]:
    """Shows crops in the views that `answers` keeps: pictures, and the teacher's centred vectors and maps."""

    def show(samples: range) -> tuple[NDArray[np.float32], tuple[NDArray[np.float32], ...]]:
        look = answers.look(samples.start // count, rows_of(samples, count, seed))
        return as_input(look.pictures, size_px), (normalised(look.vectors - centre), *look.maps)

    return show
