import json
import shutil
import signal
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from twinface.distillation.checkpoints import (
    Progress,
    find_checkpoint,
    mix_in,
    read_progress,
    read_weights,
)
from twinface.distillation.crop_views import as_input, resize
from twinface.distillation.memory_check import check_memory, read_free_bytes, read_free_in_groups
from twinface.distillation.packing import Sources
from twinface.distillation.run_order import Settings
from twinface.distillation.starting_weights import read_beginning, read_layers, read_size_px
from twinface.distillation.student import build_student, build_taught
from twinface.distillation.training_period import Figures
from twinface.distillation.training_run import Listener, resume, start
from twinface.errors import ArtefactError, InputError
from twinface.faces import FaceDetector, align_face, pick_main_face, read_image
from twinface.matching.vectors import normalised
from twinface.networks import load_network
from twinface.training.networks.backbones import Blueprint
from twinface.training.networks.build_network import build_network
from twinface.training.tensorflow_setup import convert

pytestmark = [
    pytest.mark.slow,
    pytest.mark.training,
    pytest.mark.filterwarnings("ignore:Even though the `tf.config.experimental_run_functions_eagerly`:UserWarning"),
]
tensorflow = pytest.importorskip("tensorflow")
keras = pytest.importorskip("keras")
# Graphs run a few times only here: to make them quicker takes longer than they do.
tensorflow.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})

PERIOD = Progress(size_px=32, batch=4, learning_rate=1e-3, hint_weight=1.0, period_steps=2)


def learn(how: Callable[..., Progress], *arguments: object) -> Progress:
    """`start` or `resume` without graphs: to compile a step of ResNet50 takes longer than the few that are run."""
    tensorflow.config.run_functions_eagerly(True)
    try:
        return how(*arguments)
    finally:
        tensorflow.config.run_functions_eagerly(False)


def ignore(*_: object) -> None:
    pass


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory, crops_folder: Path) -> Path:
    """Four people with four pictures each."""
    folder = tmp_path_factory.mktemp("people")
    for number, path in enumerate(sorted(crops_folder.iterdir())[:16]):
        (folder / str(number // 4)).mkdir(exist_ok=True)
        shutil.copy(path, folder / str(number // 4))
    return folder


@pytest.fixture(scope="module")
def settings(crops_folder: Path) -> Settings:
    """Endless views, the teacher asked on the device."""
    return Settings(Sources(crops=(crops_folder,)), views=0, threads=1)


def stop_after(steps: int) -> Callable[[Progress, float], None]:
    def on_step(progress: Progress, _done: float) -> None:
        if progress.steps == steps:
            signal.raise_signal(signal.SIGTERM)

    return on_step


def weights_of(run: Path) -> dict[str, np.ndarray]:
    checkpoint = find_checkpoint(run)
    assert checkpoint is not None
    with np.load(checkpoint / "student.npz") as arrays:
        return {name: arrays[name] for name in arrays.files}


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory, settings: Settings) -> Path:
    """A run that nobody stopped."""
    run = tmp_path_factory.mktemp("runs") / "taught"
    figures: list[Figures] = []
    whole = learn(start, run, settings, PERIOD, Listener(ignore, ignore, figures.append, ignore))
    assert (whole.samples, whole.steps, whole.finished) == (8, 2, True)
    assert len(figures) == 1
    assert np.isfinite(figures[0].loss)
    assert 0.0 < figures[0].hint_error < 3.0
    assert figures[0].held_out_eer is None
    return run


def test_a_stopped_run_goes_on_as_if_it_had_not_been(taught: Path, tmp_path: Path, settings: Settings) -> None:
    run = tmp_path / "parts"
    stopped = learn(start, run, settings, PERIOD, Listener(ignore, stop_after(1), ignore, ignore))
    assert (stopped.samples, stopped.steps, stopped.finished) == (4, 1, False)
    half = weights_of(run)
    (run / ".checkpoint-cut-off").mkdir()
    told: list[Progress] = []
    ended = learn(resume, run, settings, None, Listener(ignore, ignore, ignore, told.append))
    assert told == [stopped]
    assert (ended.samples, ended.steps, ended.finished) == (8, 2, True)
    assert not list(run.glob(".checkpoint-*"))

    parts, wanted = weights_of(run), weights_of(taught)
    assert parts.keys() == wanted.keys()
    assert any(not np.array_equal(half[name], wanted[name]) for name in wanted)
    assert all(np.allclose(parts[name], wanted[name], atol=1e-5) for name in wanted)

    with pytest.raises(ArtefactError, match="the period is finished"):
        learn(resume, run, settings, None, Listener(ignore, ignore, ignore, ignore))
    with pytest.raises(InputError, match="--resume"):
        learn(start, run, settings, PERIOD, Listener(ignore, ignore, ignore, ignore))
    with pytest.raises(ArtefactError, match="another seed"):
        learn(resume, run, replace(settings, seed=1), PERIOD, Listener(ignore, ignore, ignore, ignore))
    checkpoint = find_checkpoint(run)
    assert checkpoint is not None
    assert read_progress(checkpoint) == ended
    np.savez(checkpoint / "student.npz", other=np.zeros(3))
    with pytest.raises(ArtefactError, match="another architecture"):
        learn(resume, run, settings, PERIOD, Listener(ignore, ignore, ignore, ignore))


def test_finetuning_changes_the_last_stage_only_and_keeps_a_share(taught: Path, tmp_path: Path, people: Path) -> None:
    settings = Settings(
        Sources(crops=(people,)),
        views=1,
        threads=1,
        begin_with=taught,
        people_weight=0.2,
        last_stages=1,
        kept_share=0.5,
    )
    period = replace(PERIOD, batch=8, hint_weight=0.0)
    learn(start, tmp_path / "tuned", settings, period, Listener(ignore, ignore, ignore, ignore))
    before, after = weights_of(taught), weights_of(tmp_path / "tuned")
    changed = {name for name in after if not np.array_equal(after[name], before[name])}
    assert any(name.startswith("conv5_block1") for name in changed)
    assert not any(name.startswith(("conv1", "conv2", "conv3", "conv4")) for name in changed)

    student = build_student(128)
    for variable in student.weights:
        variable.assign(before[variable.path] + 1.0)
    mix_in(student, before, 0.25)
    for variable in student.weights:
        assert np.allclose(np.asarray(variable), before[variable.path] + 0.75, rtol=1e-5)


@pytest.fixture(scope="module")
def full_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with weights drawn at random."""
    checkpoint = tmp_path_factory.mktemp("full") / "run" / "checkpoint-000000000"
    checkpoint.mkdir(parents=True)
    keras.utils.set_random_seed(0)
    weights = {variable.path: np.asarray(variable) for variable in build_student(128).weights}
    rng = np.random.default_rng(0)
    for path, value in weights.items():
        if path.endswith(("beta", "bias", "student/standardise/moving_mean")):
            weights[path] = rng.normal(0, 0.1, value.shape)
    np.savez(checkpoint / "student.npz", **weights)
    progress = Progress(size_px=32)
    of_version_0_1 = {"format": 1, "depth": [3, 4, 6, 2], **asdict(progress)}
    (checkpoint / "progress.json").write_text(json.dumps(of_version_0_1))
    return checkpoint.parent


@pytest.fixture(scope="module")
def exported(full_run: Path) -> Path:
    """The network in float32 that the run has taught."""
    build_network(Blueprint("mine", weights=str(full_run)), full_run.parent, build_taught=build_taught)
    return full_run.parent / "mine"


def projected(run: Path) -> tuple[np.ndarray, np.ndarray]:
    """What the run's map makes of the pooled numbers of a picture, float32 (d,); and the picture."""
    standardised, size_px = build_taught(run, "standardised")
    picture = np.random.default_rng(0).integers(0, 256, (1, size_px, size_px, 3), np.uint8)
    checkpoint = find_checkpoint(run)
    assert checkpoint is not None
    learnt = read_weights(checkpoint)
    (pooled,) = standardised.predict_on_batch(less_means(picture))
    return pooled @ learnt["student/project/kernel"] + learnt["student/project/bias"], picture


def less_means(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.float32) - np.array([103.939, 116.779, 123.68], np.float32)


def test_what_is_exported_outputs_what_the_run_learnt(taught: Path) -> None:
    wanted, picture = projected(taught)
    network, _ = build_taught(taught, "projected")
    assert network.predict_on_batch(less_means(picture))[0] == pytest.approx(wanted, rel=1e-3, abs=1e-4)


def test_what_a_run_has_taught_is_a_network(full_run: Path, exported: Path, tmp_path: Path, crops_folder: Path) -> None:
    network = load_network(exported)
    recipe = network.recipe
    assert (recipe.backbone, recipe.layer, recipe.pooling) == ("resnet50", "conv5_block2_out", "projected")
    assert (recipe.input_size_px, recipe.dimension, recipe.scaling) == (32, 128, "caffe")
    wanted, picture = projected(full_run)
    (vector,) = network.embed(picture)
    assert vector @ wanted / np.linalg.norm(vector) / np.linalg.norm(wanted) > 0.9999
    for mistake, reason in (
        (Blueprint("n", weights=str(full_run), input_size_px=64), "the run learnt at 32 pixels"),
        (Blueprint("n", weights=str(full_run), pooling="avg"), "standardised or projected"),
        (Blueprint("n", "mobilenet", weights=str(full_run)), "--backbone mobilenet"),
    ):
        with pytest.raises(InputError, match=reason):
            build_network(mistake, tmp_path, build_taught=build_taught)
    with pytest.raises(ArtefactError, match="no checkpoint in it"):
        build_network(Blueprint("n", weights=str(crops_folder)), tmp_path, build_taught=build_taught)


def test_an_exported_network_is_a_beginning(exported: Path, full_run: Path, crops_folder: Path) -> None:
    assert read_size_px(exported) == read_size_px(full_run) == 32
    crops = np.stack([read_image(path) for path in sorted(crops_folder.iterdir())])
    assert_goes_on(exported, resize(crops, 32), agreement=0.9999)


def test_face_is_a_beginning(portraits: Path, detector: FaceDetector) -> None:
    pictures = [read_image(path) for path in sorted(portraits.glob("*.jpg"))]
    faces = [pick_main_face(detector.detect(picture), picture.shape) for picture in pictures]
    crops = [align_face(picture, face.landmarks_px, 112) for picture, face in zip(pictures, faces, strict=True)]
    assert_goes_on(Path("face"), np.stack([*crops, *(crop[:, ::-1] for crop in crops)]), agreement=0.99)


def test_another_network_is_no_beginning() -> None:
    layers = keras.layers
    convolution, last = layers.Conv2D(4, 1, name="conv1_conv"), layers.Dense(8, name="projected")
    model = keras.Sequential([layers.Input((32, 32, 3)), convolution, layers.GlobalAveragePooling2D(), last])
    with pytest.raises(ArtefactError, match="not a ResNet50"):
        read_layers(convert(model, "none"))


def assert_goes_on(beginning: Path, crops: np.ndarray, agreement: float) -> None:
    """A student that begins with a network says what it says of crops in its size, also while it learns."""
    network = load_network(beginning)
    student = build_student(network.recipe.dimension)
    mix_in(student, read_beginning(beginning, crops), 1.0)
    pictures = as_input(crops, network.recipe.input_size_px)
    said, in_use, in_learning = (
        normalised(vectors - vectors.mean(axis=0))
        for vectors in (network.embed(crops), *(np.asarray(student(pictures, training=on)[1]) for on in (False, True)))
    )
    assert np.sum(in_use * said, axis=1).min() > agreement
    assert np.sum(in_use * in_learning, axis=1).min() > 0.99


@pytest.mark.parametrize(
    ("beginning", "reason"), [("nowhere", "no checkpoint in it, and no network"), ("sface", "not a network that a run")]
)
def test_what_is_no_beginning_is_told_before_a_picture_is_packed(
    tmp_path: Path, settings: Settings, beginning: str, reason: str
) -> None:
    settings = replace(settings, begin_with=Path(beginning))
    with pytest.raises(ArtefactError, match=reason):
        learn(start, tmp_path / "run", settings, PERIOD, Listener(ignore, ignore, ignore, ignore))
    assert not (tmp_path / "run").exists()


def test_nobody_with_two_pictures_is_nobody_to_learn_from(taught: Path, tmp_path: Path, crops_folder: Path) -> None:
    for number, path in enumerate(sorted(crops_folder.iterdir())[:4]):
        (tmp_path / "single" / str(number)).mkdir(parents=True)
        shutil.copy(path, tmp_path / "single" / str(number))
    settings = Settings(Sources(crops=(tmp_path / "single",)), views=1, threads=1, begin_with=taught, people_weight=0.2)
    with pytest.raises(InputError, match="nobody has two pictures"):
        learn(
            start,
            tmp_path / "run",
            settings,
            replace(PERIOD, hint_weight=0.0),
            Listener(ignore, ignore, ignore, ignore),
        )


def test_nothing_to_resume(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(ArtefactError, match="no checkpoint to resume from"):
        learn(resume, tmp_path, settings, None, Listener(ignore, ignore, ignore, ignore))


def test_too_little_memory_is_said(tmp_path: Path, settings: Settings) -> None:
    def on_picture(*_: object) -> None:
        raise MemoryError

    with pytest.raises(InputError, match="too little memory; give a smaller --batch"):
        learn(start, tmp_path / "run", settings, PERIOD, Listener(on_picture, ignore, ignore, ignore))


def test_what_cannot_fit_is_not_begun(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(InputError, match=r"learning takes \d{3,}\.\d GB, .* are free; give a smaller --batch"):
        learn(
            start,
            tmp_path / "run",
            settings,
            replace(PERIOD, batch=1_000_000),
            Listener(ignore, ignore, ignore, ignore),
        )


@pytest.mark.parametrize(
    ("batch", "measured_gb"),
    [(8, 1.76), (32, 2.34), (64, 3.27)],
)
def test_what_was_seen_to_fit_is_begun(batch: int, measured_gb: float) -> None:
    period = replace(PERIOD, size_px=112, batch=batch)
    check_memory(period, 5, measured_gb * 1e9)
    with pytest.raises(InputError, match="too little memory"):
        check_memory(period, 5, 0.7 * measured_gb * 1e9)
    check_memory(replace(period, batch=64), 1, 1.6e9)


def test_memory_that_is_free_is_some_of_the_machines() -> None:
    assert 0 < read_free_bytes() <= psutil.virtual_memory().total


@pytest.mark.parametrize(
    ("membership", "folder", "limit", "used"),
    [
        ("0::/box/a", "box", "memory.max", "anon"),
        ("4:memory:/box/a", "memory/box", "memory.limit_in_bytes", "total_rss"),
    ],
)
def test_a_limit_of_a_control_group_above_counts(
    tmp_path: Path, membership: str, folder: str, limit: str, used: str
) -> None:
    (tmp_path / folder / "a").mkdir(parents=True)
    (tmp_path / folder / limit).write_text("3000\n")
    (tmp_path / folder / "memory.stat").write_text(f"file 5000\n{used} 1000\n")
    (tmp_path / folder / "a" / "memory.max").write_text("max\n")
    assert read_free_in_groups(["3:cpuset:/", membership], tmp_path) == [2000]
