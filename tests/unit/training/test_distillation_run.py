import signal
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError, InputError
from twinface.training.distillation.checkpoints import Progress, find_checkpoint, read_progress
from twinface.training.distillation.packing import Sources
from twinface.training.distillation.period import Figures
from twinface.training.distillation.run import Listener, Settings, resume, start

pytestmark = pytest.mark.training
pytest.importorskip("tensorflow")

PERIOD = Progress(depth=(1, 1, 1, 1), size_px=32, batch=4, learning_rate=1e-3, hint_weight=1.0, period_steps=4)


def ignore(*_: object) -> None:
    pass


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
