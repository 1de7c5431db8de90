"""The trainer of a box, asked as a program would: a real supervisord and a real trainer, nothing else of the box."""

import configparser
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_box import short_run_directory
from harness import until
from retrained_box import contents, enrol, make_people, write_metric

from twinface.box.supervision import is_reachable, process_states
from twinface.box.trainer_client import begin_teaching, retrain_on_box, stop_teaching
from twinface.box.training_job import LEARNING
from twinface.bus.rundir import RUN_VARIABLE, RunDirectory
from twinface.config_file import CONFIG_VARIABLE, SERVICES, packaged_path
from twinface.errors import ArtefactError, InputError, ServiceError, TwinfaceError
from twinface.gallery.keys import KEY_VARIABLE
from twinface.settings import Settings
from twinface.settings_file import load_settings
from twinface.training.heads.head_training import TrainOptions
from twinface.training.retraining.previous_head import roll_back_published


@dataclass(frozen=True, slots=True)
class Box:
    folder: Path
    settings: Settings
    run: RunDirectory


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """12 people and a head that is worse than what can be learnt from them; nothing runs."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    config = tmp_path / "pipeline.toml"
    config.write_text(
        'gallery = "gallery"\nnetwork = "sface"\nhead = "head"\n[[camera]]\nname = "door"\nsource = "0"\n'
    )
    enrol(tmp_path / "gallery", make_people(12))
    write_metric(tmp_path / "head", 1.0)
    with short_run_directory() as run:
        yield Box(tmp_path, load_settings(config), run)


@pytest.fixture
def supervised(box: Box) -> Iterator[Box]:
    """The same under a supervisord that knows the trainer only, as supervisord.conf has it."""
    conf = configparser.RawConfigParser(inline_comment_prefixes=None)
    conf.read(packaged_path("supervisord.conf"))
    for section in conf.sections():
        if section.startswith(("program:", "eventlistener:")) and section != "program:trainer":
            conf.remove_section(section)
    with (box.folder / "supervisord.conf").open("w") as file:
        conf.write(file)
    (box.run.path / "logs").mkdir(exist_ok=True)
    environment = {
        **os.environ,
        CONFIG_VARIABLE: str(box.folder / "pipeline.toml"),
        RUN_VARIABLE: str(box.run.path),
        "TWINFACE_PYTHON": sys.executable,
        "TWINFACE_SERVICES": SERVICES,
        "TWINFACE_START_DIRECTORY": str(box.folder),
    }
    command = [sys.executable, "-P", "-m", "supervisor.supervisord", "-n", "-c", str(box.folder / "supervisord.conf")]
    daemon = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    try:
        until(lambda: _answers(box) or daemon.poll() is not None, 60.0, "supervisord")
        yield box
    finally:
        daemon.terminate()
        daemon.wait(120.0)


def _answers(box: Box) -> bool:
    try:
        return is_reachable(box.run) and bool(process_states(box.run, box.settings))
    except ServiceError:
        return False


def test_a_program_retrains_the_head_and_takes_it_back(supervised: Box) -> None:
    box, told = supervised, list[tuple[str, float | None]]()

    def note(line: str, share: float | None = None, /) -> None:
        told.append((line, share))

    assert box.settings.head is not None
    before = contents(box.settings.head)
    report = retrain_on_box(box.settings, box.run, TrainOptions(), say=note)
    assert report.published, report.reasons
    assert (report.people, report.pictures, report.present) == (12, 60, str(box.settings.head))
    assert report.measured is not None
    assert report.measured.differences["cost"].interval is not None
    assert report.measured.differences["cost"].interval.high < 0
    shares = [share for _, share in told if share is not None]
    assert shares == sorted(shares)
    assert any(0 < share < 1 for share in shares)
    assert all(line for line, _ in told)
    assert contents(box.settings.head) != before
    assert roll_back_published(box.settings) == box.settings.head
    now = contents(box.settings.head)
    assert {name: text for name, text in now.items() if not name.startswith("previous/")} == before


def test_what_the_trainer_cannot_do_is_an_error_with_its_reason(supervised: Box) -> None:
    with pytest.raises(TwinfaceError, match="nowhere"):
        retrain_on_box(supervised.settings, supervised.run, TrainOptions(), supervised.folder / "nowhere")
    with pytest.raises(InputError, match="give --architecture linear or mlp"):
        retrain_on_box(supervised.settings, supervised.run, TrainOptions(normalize=True))


def test_a_box_that_is_not_up_trains_nothing(box: Box) -> None:
    with pytest.raises(ServiceError, match="twinface up"):
        retrain_on_box(box.settings, box.run, TrainOptions())
    with pytest.raises(ServiceError, match="twinface up"):
        stop_teaching(box.settings, box.run, box.folder / "taught")
    with pytest.raises(ArtefactError, match="no head before this one"):
        roll_back_published(box.settings)


@pytest.mark.slow
@pytest.mark.training
def test_a_program_has_a_network_taught_and_ends_it(supervised: Box, write_crops: Callable[[Path], Path]) -> None:
    from twinface.distillation.checkpoints import Progress
    from twinface.distillation.packing import Sources
    from twinface.distillation.run_order import Settings as RunSettings
    from twinface.distillation.run_order import make_order

    settings, run, told = supervised.settings, supervised.run, list[str]()
    with pytest.raises(InputError, match="nothing is being trained"):
        stop_teaching(settings, run, supervised.folder / "taught")
    lesson = RunSettings(Sources((write_crops(supervised.folder / "crops"),), (), None), views=1)
    period = Progress(size_px=32, batch=8, learning_rate=4e-3, period_minutes=60.0)
    output = supervised.folder / "taught"
    begun = begin_teaching(settings, run, make_order(output, lesson, period), say=lambda line, _: told.append(line))
    assert (begun.state, begun.detail.startswith(LEARNING), begun.report) == ("running", True, None)
    assert told
    with pytest.raises(ServiceError, match="taught is being taught"):
        retrain_on_box(settings, run, TrainOptions())
    with pytest.raises(ServiceError, match="taught is being taught"):
        stop_teaching(settings, run, supervised.folder / "other")
    ended = stop_teaching(settings, run, output)
    assert (ended.state, "--resume goes on" in ended.detail) == ("done", True)
    with pytest.raises(InputError, match="exclude each other"):
        make_order(output, lesson, replace(period, period_steps=1))
    with pytest.raises(TwinfaceError, match="no checkpoint to resume from"):
        begin_teaching(settings, run, make_order(supervised.folder / "new", lesson, period, resume=True))


@pytest.fixture
def write_crops() -> Callable[[Path], Path]:
    """Writes pictures of no face: to the teacher they are as good as any."""

    def write(folder: Path) -> Path:
        rng = np.random.default_rng(0)
        folder.mkdir()
        for number in range(16):
            small = rng.integers(0, 256, (8, 8, 3), np.uint8)
            cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(small, (128, 128), interpolation=cv2.INTER_CUBIC))
        return folder

    return write
