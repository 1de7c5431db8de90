"""One step of learning: the samples that the student is shown, what the teacher outputs for them, and the losses.

Samples are decided by the seed and the count alone, so that a run can be resumed anywhere.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.distillation.crop_views import CAFFE_MEANS_BGR, as_input, rows_by_person, rows_of
from twinface.distillation.drawn_pictures import render
from twinface.distillation.teacher import HintBasis, Targets, Teacher
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


def build_lesson(student: Any, *, hint_weight: float = 0.0, people_weight: float = 0.0, showing: Any = None) -> Any:
    """A keras.Model that teaches `student`; `fit` takes what it is shown and what the teacher outputs for that.

    Without `showing` that is pictures as the student wants them, and the teacher's centred unit vectors (n, d) and maps
    (n, h, w, channels) of any grid; with a `people_weight`, in place of the maps, whose pictures they are, int (n,).
    With a layer of `build_showing` it is drawn pictures alone.
    """
    keras = import_keras()
    base: Any = keras.Model
    ops = keras.ops

    class Lesson(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name="lesson", dtype="float32")
            self.student = student
            self.showing = showing
            self.agreement = keras.metrics.Mean("agreement")
            self.hint_error = keras.metrics.Mean("hint_error")

        def call(self, shown: Any, training: bool = False) -> tuple[Any, Any]:
            pictures, said = self.showing(shown) if showing is not None else (shown, ())
            return self.student(pictures, training=training), said

        def compute_loss(
            self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
        ) -> Any:
            """1 - cosine to the teacher, plus the errors of both similarity matrices of the batch and of the hints,
            plus how well people are separated.
            """
            del x, sample_weight, training
            answer, said = y_pred
            teacher, *wanted_maps = said or y
            apart = _told_apart(ops, _unit(ops, answer[1]), wanted_maps.pop()) if people_weight else 0.0
            vectors, answers = (_unit(ops, part) for part in answer[:2])
            agreement = ops.mean(ops.sum(answers * teacher, axis=-1))
            similarities = _similarities(ops, teacher)
            geometry = sum(ops.mean(ops.square(_similarities(ops, part) - similarities)) for part in (vectors, answers))
            pairs = zip(answer[2:], wanted_maps, strict=True)
            hint_error = sum((_map_error(ops, found, wanted) for found, wanted in pairs), start=0.0)
            self.agreement.update_state(agreement)
            self.hint_error.update_state(hint_error)
            return 1.0 - agreement + geometry + hint_weight * hint_error + people_weight * apart

    return Lesson()


def build_showing(
    crops: NDArray[np.uint8], teacher: Teacher, centre: Vectors, bases: Sequence[HintBasis], size_px: int
) -> Any:
    """A keras layer from `endless_views.Drawn` to pictures as the student wants them and the outputs of the teacher.

    The packed crops, uint8 (n, 128, 128, 3), lie in the memory of the device (50 KB each). Raises ArtefactError for a
    teacher whose layers are not known.
    """
    keras = import_keras()
    base: Any = keras.layers.Layer
    ops = keras.ops
    ask = teacher.on_device()
    compute_dtype = keras.config.dtype_policy().compute_dtype

    class Showing(base):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(name="showing", trainable=False, dtype="float32")
            pixels = np.ascontiguousarray(crops).reshape(-1, 3)
            self.crops = self.add_weight(
                name="crops", shape=pixels.shape, dtype="uint8", trainable=False, initializer=lambda *_, **__: pixels
            )

        def call(self, drawn: Any) -> tuple[Any, tuple[Any, ...]]:
            pictures = render(ops, ops.convert_to_tensor(self.crops), drawn)
            vectors, maps = ask(pictures, compute_dtype)
            wanted = [_project(ops, part, basis) for part, basis in zip(maps, bases, strict=True)]
            if size_px != pictures.shape[1]:
                pictures = ops.image.resize(pictures, (size_px, size_px), antialias=True, data_format="channels_last")
            said = (_unit(ops, _unit(ops, vectors) - centre), *wanted)
            return pictures - ops.convert_to_tensor(CAFFE_MEANS_BGR), tuple(ops.stop_gradient(part) for part in said)

    return Showing()


def _project(ops: Any, maps: Any, basis: HintBasis) -> Any:
    components = ops.convert_to_tensor(basis.components, dtype=maps.dtype)
    return ops.cast(ops.matmul(maps - ops.convert_to_tensor(basis.mean, dtype=maps.dtype), components), "float32")


def _unit(ops: Any, vectors: Any) -> Any:
    return vectors / ops.sqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True) + 1e-6)


def _similarities(ops: Any, vectors: Any) -> Any:
    return ops.matmul(vectors, ops.transpose(vectors))


def _told_apart(ops: Any, vectors: Any, people: Any) -> Any:
    """The supervised contrastive loss (Khosla et al., 2020) of unit vectors (n, d) of `people` (n,)."""
    others = 1.0 - ops.eye(ops.shape(vectors)[0])
    logits = _similarities(ops, vectors) / _TEMPERATURE - 1e9 * (1.0 - others)
    same = ops.cast(ops.equal(people[:, None], people[None, :]), "float32") * others
    log_shares = logits - ops.logsumexp(logits, axis=1, keepdims=True)
    return -ops.mean(ops.sum(same * log_shares, axis=1) / ops.maximum(ops.sum(same, axis=1), 1.0))


_TEMPERATURE = 0.1


def _map_error(ops: Any, found: Any, wanted: Any) -> Any:
    """The mean over places of the squared distance, the teacher's map brought to the student's grid."""
    found = ops.cast(found, "float32")
    if found.shape[1:3] != wanted.shape[1:3]:
        wanted = ops.image.resize(wanted, found.shape[1:3], antialias=True, data_format="channels_last")
    return ops.mean(ops.sum(ops.square(found - wanted), axis=-1))
