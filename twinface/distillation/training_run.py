"""A run of distillation: started, stopped and resumed.

The teacher's answers are wanted less their mean: pictures of one kind (soft, frontal, …) lie to one side of the sphere,
and a student that is asked for the plain answers learns that side first and nothing else for long.
"""

import gc
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.distillation.checkpoints import (
    Progress,
    find_checkpoint,
    load_optimiser,
    load_weights,
    mix_in,
    read_progress,
    save_checkpoint,
    sweep,
)
from twinface.distillation.crop_views import MARGIN_PX, as_input
from twinface.distillation.drawn_pictures import show_endless
from twinface.distillation.memory_check import check_memory, read_free_bytes
from twinface.distillation.packing import Pack, make_pack
from twinface.distillation.run_order import Order, Settings
from twinface.distillation.starting_weights import read_beginning, read_size_px
from twinface.distillation.student import Hint, build_student, freeze_stages
from twinface.distillation.teacher import Targets, Teacher, load_or_find_bases
from twinface.distillation.training_period import Figures, HeldOut, learn
from twinface.distillation.training_step import Show, build_lesson, build_showing, make_stream, show_kept, show_people
from twinface.errors import ArtefactError, InputError
from twinface.files import canonical_json, read_json_object, write_atomically
from twinface.matching.vectors import normalised
from twinface.outputs import refuse_inputs
from twinface.recognition.picture_folders import OnPicture
from twinface.signals import stop_on_signal
from twinface.training.tensorflow_setup import import_keras, limit_threads
from twinface.types import Vectors

_FORMAT = 2
_ABOUT = "run.json"
_CENTRE_SAMPLE = 2000
_BASIS_SAMPLE = 300
_ASKED_AT_ONCE = 16
_WEIGHT_DECAY = 0.05
_MEMORY = "too little memory; give a smaller --batch or --input-size; the last checkpoint stays for --resume"


@dataclass(frozen=True, slots=True, eq=False)
class Listener:
    """Who wants to know: each picture packed, each step (with 0…1 of the period), each set of figures, and from which
    checkpoint a run goes on. `hear_stop`: the block in which it learns, given what says whether to stop.
    """

    on_picture: OnPicture
    on_step: Callable[[Progress, float], None]
    on_figures: Callable[[Figures], None]
    on_resumed: Callable[[Progress], None]
    hear_stop: Callable[[], AbstractContextManager[Callable[[], bool]]] = stop_on_signal


def carry_out(order: Order, listener: Listener) -> Progress:
    """Learn as ordered; how far it came. Raises as `start` and `resume` do, ValueError where neither can be meant."""
    if order.resume:
        return resume(order.run, order.settings, order.period, listener)
    if order.period is None:
        raise ValueError("a new run needs a period")
    return start(order.run, order.settings, order.period, listener)


def start(run: Path, settings: Settings, period: Progress, listener: Listener) -> Progress:
    """Start a run in an empty folder and learn for a period. Raises InputError when there is a run already."""
    if find_checkpoint(run):
        raise InputError(f"{run}: there is a run already; go on with --resume, or name another folder")
    if run.is_dir() and any(run.iterdir()) and not (run / _ABOUT).is_file():
        raise InputError(f"{run}: is there already, and is no run; name another folder with --output")
    with _memory_told():
        return _learn(run, settings, period, listener, checkpoint=None)


def resume(run: Path, settings: Settings, period: Progress | None, listener: Listener) -> Progress:
    """Resume from a run's last checkpoint: with the period that was stopped, or with a new one.

    Raises ArtefactError when there is nothing to resume, or the period is finished and no new one is given.
    """
    checkpoint = find_checkpoint(run)
    if checkpoint is None:
        raise ArtefactError(f"{run}: no checkpoint to resume from; start the run without --resume")
    reached = read_progress(checkpoint)
    if period is None and reached.finished:
        raise ArtefactError(f"{run}: the period is finished; give --minutes or --steps for another")
    going_on = replace(period, samples=reached.samples) if period else reached
    listener.on_resumed(reached)
    with _memory_told():
        return _learn(run, settings, going_on, listener, checkpoint)


def _learn(run: Path, settings: Settings, period: Progress, listener: Listener, checkpoint: Path | None) -> Progress:
    _check_before(run, settings, period, is_new=checkpoint is None)
    teacher = Teacher(settings.teacher)
    _check_same_run(run, settings, teacher)
    pack = make_pack(settings.sources, run / "pack", listener.on_picture)
    sample = np.sort(np.random.default_rng(settings.seed).permutation(len(pack.crops))[:_CENTRE_SAMPLE])
    places = () if settings.people_weight else teacher.places
    hints = [Hint(place.stage, place.kept) for place in places]
    shown = _middle(pack.crops[sample[:_BASIS_SAMPLE]])
    bases = load_or_find_bases(run / "hints.npz", teacher, shown) if hints else []
    centre = _centre(run, teacher, pack, sample)
    import_keras().utils.set_random_seed(settings.seed)
    targets = Targets(run / "answers", teacher, pack.crops, views=settings.views, seed=settings.seed, bases=bases)
    show = _choose_show(settings, targets, centre, pack, period.size_px)
    with _mixed_precision():
        student = build_student(teacher.dimension, hints)
        freeze_stages(student.resnet, settings.last_stages)
        showing = None if settings.views else build_showing(pack.crops, teacher, centre, bases, period.size_px)
        lesson = build_lesson(
            student, hint_weight=period.hint_weight, people_weight=settings.people_weight, showing=showing
        )
    if settings.begin_with and not checkpoint:
        mix_in(student, read_beginning(settings.begin_with, shown), 1.0)
    _prepare(lesson, period, checkpoint)
    held_out = _hold_out(run, pack, teacher, centre, period.size_px)
    with listener.hear_stop() as stop_asked:
        progress = learn(
            run,
            lesson,
            lambda samples: make_stream(show, samples, period.batch),
            period,
            held_out,
            on_step=listener.on_step,
            on_figures=lambda figures: _tell_figures(run, figures, listener),
            stop_asked=stop_asked,
            measure_minutes=settings.measure_minutes,
        )
    if settings.begin_with and settings.kept_share and progress.finished:
        mix_in(lesson.student, read_beginning(settings.begin_with, shown), settings.kept_share)
        save_checkpoint(run, lesson, progress)
    gc.collect()  # ends TensorFlow's thread that reads ahead, which would abort the process if it met Python's end
    return progress


def _check_before(run: Path, settings: Settings, period: Progress, *, is_new: bool) -> None:
    """What is wrong is reported before hours of packing, not after."""
    sources = settings.sources
    inputs = (*sources.crops, *sources.faces, sources.people, settings.teacher, settings.begin_with)
    refuse_inputs(run, inputs, "name another folder with --output")
    sweep(run)
    if settings.begin_with and is_new:
        read_size_px(settings.begin_with)
    limit_threads(settings.threads)
    if not _has_gpu(import_keras()):
        check_memory(period, settings.last_stages, read_free_bytes())


def _choose_show(settings: Settings, targets: Targets, centre: Vectors, pack: Pack, size_px: int) -> Show:
    """What is shown at a step: kept targets of crops or of people, or endless views that are answered as they come."""
    if not settings.views:
        return show_endless(len(pack.crops), settings.seed)
    if settings.people_weight:
        return show_people(targets, centre, pack.people, size_px=size_px, seed=settings.seed)
    return show_kept(targets, centre, size_px=size_px, count=len(pack.crops), seed=settings.seed)


def _tell_figures(run: Path, figures: Figures, listener: Listener) -> None:
    with (run / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(asdict(figures)) + "\n")
    listener.on_figures(figures)


@contextmanager
def _memory_told() -> Iterator[None]:
    """Within the block, too little memory is an InputError; backends have errors of their own for it."""
    try:
        yield
    except MemoryError as error:
        raise InputError(_MEMORY) from error
    except Exception as error:
        if "RESOURCE_EXHAUSTED" in str(error) or "OOM when allocating" in str(error):
            raise InputError(_MEMORY) from error
        raise


@contextmanager
def _mixed_precision() -> Iterator[None]:
    """While the block runs, layers are built to compute in bfloat16, where the machine does that quickly."""
    keras = import_keras()
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16" if _has_bfloat16(keras) else "float32")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def _has_bfloat16(keras: Any) -> bool:
    """Whether a GPU computes, or the processor does so with bfloat16 (where it does not, that would be slower)."""
    if _has_gpu(keras):
        return True
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def _has_gpu(keras: Any) -> bool:
    return any("gpu" in device or "cuda" in device for device in keras.distribution.list_devices())


def _prepare(lesson: Any, period: Progress, checkpoint: Path | None) -> None:
    """Give a lesson what the checkpoint left; a new period begins with a new optimiser."""
    keras = import_keras()
    if checkpoint:
        load_weights(checkpoint, lesson.student)
    optimiser = keras.optimizers.AdamW(period.learning_rate, weight_decay=_WEIGHT_DECAY)
    optimiser.exclude_from_weight_decay(var_names=["gamma", "beta", "bias"])
    lesson.compile(optimizer=optimiser, jit_compile=keras.backend.backend() == "jax")
    optimiser.build(lesson.trainable_variables)
    if checkpoint and period.steps:
        load_optimiser(checkpoint, lesson)


def _check_same_run(run: Path, settings: Settings, teacher: Teacher) -> None:
    about = {
        "format": _FORMAT,
        "teacher": teacher.fingerprint,
        "seed": settings.seed,
        "views": settings.views,
        "people_weight": settings.people_weight,
        "last_stages": settings.last_stages,
    }
    path = run / _ABOUT
    if not path.exists():
        write_atomically(path, canonical_json(about))
    elif (found := read_json_object(path)) != about:
        differing = next(key for key in about if found.get(key) != about[key])
        raise ArtefactError(f"{run}: the run has another {differing}; give the same one, or name another folder")


def _middle(crops: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The standard crops, uint8 (n, 112, 112, 3), in packed ones."""
    return crops[:, MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX]


def _centre(run: Path, teacher: Teacher, pack: Pack, sample: NDArray[np.int64]) -> Vectors:
    """The mean of the teacher's unit vectors over a sample of the crops, float32 (d,), kept with the run."""
    path = run / "centre.npy"
    if not path.exists():
        parts = np.array_split(sample, max(1, len(sample) // _ASKED_AT_ONCE))
        said = np.concatenate([teacher.ask(_middle(pack.crops[part]))[0] for part in parts])
        np.save(path, said.mean(axis=0))
    return np.asarray(np.load(path), np.float32)


def _hold_out(run: Path, pack: Pack, teacher: Teacher, centre: Vectors, size_px: int) -> HeldOut | None:
    count = len(pack.held_out)
    if count == 0:
        return None
    held_out = Targets(run / "answers" / "held_out", teacher, pack.held_out, views=1, seed=0)
    batch = held_out.batch(0, np.arange(count))
    return HeldOut(as_input(batch.pictures, size_px), pack.held_out_people, normalised(batch.vectors - centre))
