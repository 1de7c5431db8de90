import shutil
import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError, InputError
from twinface.training.backbones import Blueprint
from twinface.training.build_network import build_network
from twinface.training.distillation.checkpoints import Progress, find_checkpoint, read_progress, read_weights
from twinface.training.distillation.exporting import build_taught
from twinface.training.distillation.packing import Sources
from twinface.training.distillation.period import Figures
from twinface.training.distillation.run import Listener, Settings, resume, start

pytestmark = pytest.mark.training
pytest.importorskip("tensorflow")

PERIOD = Progress(depth=(1, 1, 1, 1), size_px=32, batch=4, learning_rate=1e-3, hint_weight=1.0, period_steps=4)


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


@pytest.fixture
def settings(crops_folder: Path) -> Settings:
    return Settings(Sources(crops=(crops_folder,)), views=2, threads=1)


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


def test_a_stopped_run_goes_on_as_if_it_had_not_been(tmp_path: Path, settings: Settings) -> None:
    figures: list[Figures] = []
    whole = start(tmp_path / "whole", settings, PERIOD, Listener(ignore, ignore, figures.append))
    assert (whole.samples, whole.steps, whole.finished) == (16, 4, True)
    assert len(figures) == 1
    assert np.isfinite(figures[0].loss)
    assert figures[0].held_out_eer is None

    stopped = start(tmp_path / "parts", settings, PERIOD, Listener(ignore, stop_after(2), ignore))
    assert (stopped.samples, stopped.steps, stopped.finished) == (8, 2, False)
    half = weights_of(tmp_path / "parts")
    (tmp_path / "parts" / ".checkpoint-cut-off").mkdir()
    ended = resume(tmp_path / "parts", settings, None, Listener(ignore, ignore, ignore))
    assert (ended.samples, ended.steps, ended.finished) == (16, 4, True)
    assert not list((tmp_path / "parts").glob(".checkpoint-*"))

    parts, wanted = weights_of(tmp_path / "parts"), weights_of(tmp_path / "whole")
    assert parts.keys() == wanted.keys()
    assert any(not np.array_equal(half[name], wanted[name]) for name in wanted)
    assert all(np.allclose(parts[name], wanted[name], atol=1e-5) for name in wanted)

    with pytest.raises(ArtefactError, match="the period is finished"):
        resume(tmp_path / "parts", settings, None, Listener(ignore, ignore, ignore))
    with pytest.raises(InputError, match="--resume"):
        start(tmp_path / "parts", settings, PERIOD, Listener(ignore, ignore, ignore))
    with pytest.raises(ArtefactError, match="another seed"):
        resume(tmp_path / "parts", replace(settings, seed=1), PERIOD, Listener(ignore, ignore, ignore))

    deeper = replace(PERIOD, depth=(1, 2, 1, 1), size_px=48, period_steps=1)
    grown = resume(tmp_path / "parts", settings, deeper, Listener(ignore, ignore, ignore))
    assert (grown.samples, grown.steps, grown.depth) == (20, 1, (1, 2, 1, 1))

    checkpoint = find_checkpoint(tmp_path / "parts")
    assert checkpoint is not None
    assert read_progress(checkpoint) == grown
    np.savez(checkpoint / "student.npz", other=np.zeros(3))
    with pytest.raises(ArtefactError, match="another architecture"):
        resume(tmp_path / "parts", settings, PERIOD, Listener(ignore, ignore, ignore))


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory, crops_folder: Path) -> Path:
    """A run of one step over endless views, the teacher asked on the device."""
    run = tmp_path_factory.mktemp("runs") / "taught"
    figures: list[Figures] = []
    settings = Settings(Sources(crops=(crops_folder,)), views=0, threads=1)
    start(run, settings, replace(PERIOD, period_steps=1), Listener(ignore, ignore, figures.append))
    assert 0.0 < figures[0].hint_error < 3.0
    return run


def test_what_a_run_has_taught_is_a_network(taught: Path, tmp_path: Path, crops_folder: Path) -> None:
    recipe = build_network(Blueprint("mine", weights=str(taught)), tmp_path)
    assert (recipe.backbone, recipe.layer, recipe.pooling) == ("resnet50", "conv5_block2_out", "projected")
    assert (recipe.input_size_px, recipe.dimension, recipe.scaling) == (32, 128, "caffe")
    standardised, _ = build_taught(taught, "standardised")
    projected, size_px = build_taught(taught, "projected")
    pictures = np.random.default_rng(0).normal(0, 60, (3, size_px, size_px, 3)).astype(np.float32)
    checkpoint = find_checkpoint(taught)
    assert checkpoint is not None
    learnt = read_weights(checkpoint)
    wanted = standardised.predict_on_batch(pictures) @ learnt["student/project/kernel"] + learnt["student/project/bias"]
    assert np.allclose(projected.predict_on_batch(pictures), wanted, atol=1e-3 * np.abs(wanted).max())
    for mistake, reason in (
        (Blueprint("n", weights=str(taught), input_size_px=64), "the run learnt at 32 pixels"),
        (Blueprint("n", weights=str(taught), pooling="avg"), "standardised or projected"),
        (Blueprint("n", "mobilenet", weights=str(taught)), "--backbone mobilenet"),
    ):
        with pytest.raises(InputError, match=reason):
            build_network(mistake, tmp_path)
    with pytest.raises(ArtefactError, match="no checkpoint in it"):
        build_network(Blueprint("n", weights=str(crops_folder)), tmp_path)


def test_finetuning_changes_the_last_stage_only_and_keeps_half(taught: Path, tmp_path: Path, people: Path) -> None:
    before = weights_of(taught)
    settings = Settings(
        Sources(crops=(people,)), views=1, threads=1, begin_with=taught, people_weight=0.2, last_stages=1
    )
    period = replace(PERIOD, batch=8, hint_weight=0.0, period_steps=2)
    start(tmp_path / "whole", settings, period, Listener(ignore, ignore, ignore))
    start(tmp_path / "half", replace(settings, kept_share=0.5), period, Listener(ignore, ignore, ignore))
    whole, half = weights_of(tmp_path / "whole"), weights_of(tmp_path / "half")
    changed = {name for name in whole if not np.array_equal(whole[name], before[name])}
    assert any(name.startswith("conv5_block1") for name in changed)
    assert not any(name.startswith(("conv1", "conv2", "conv3", "conv4")) for name in changed)
    for name in changed:
        assert np.allclose(half[name], (before[name] + whole[name]) / 2, atol=1e-5)


def test_nobody_with_two_pictures_is_nobody_to_learn_from(taught: Path, tmp_path: Path, crops_folder: Path) -> None:
    for number, path in enumerate(sorted(crops_folder.iterdir())[:4]):
        (tmp_path / "single" / str(number)).mkdir(parents=True)
        shutil.copy(path, tmp_path / "single" / str(number))
    settings = Settings(Sources(crops=(tmp_path / "single",)), views=1, threads=1, begin_with=taught, people_weight=0.2)
    with pytest.raises(InputError, match="nobody has two pictures"):
        start(tmp_path / "run", settings, replace(PERIOD, hint_weight=0.0), Listener(ignore, ignore, ignore))


def test_nothing_to_resume(tmp_path: Path, settings: Settings) -> None:
    with pytest.raises(ArtefactError, match="no checkpoint to resume from"):
        resume(tmp_path, settings, None, Listener(ignore, ignore, ignore))


def test_a_block_that_joins_changes_nothing_at_first() -> None:
    import keras

    from twinface.training.distillation.residual import build_resnet50, run_resnet50

    keras.utils.set_random_seed(0)
    resnet = build_resnet50(keras, (1, 1, 2, 2))
    pictures = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32)
    shallow, grown = (run_resnet50(resnet, pictures, depth, training=False) for depth in ((1, 1, 2, 2), (3, 4, 6, 2)))
    for stage in (2, 3, 4, 5):
        assert np.array_equal(np.asarray(shallow[stage]), np.asarray(grown[stage]))
    cut = keras.Model(resnet.inputs[0], resnet.get_layer("conv5_block2_out").output)
    assert np.allclose(np.asarray(cut(pictures, training=False)), np.asarray(grown[5]), atol=1e-4)
