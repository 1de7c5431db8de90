"""A service that cannot work, under supervisord: it waits, says for what, and works once the cause is gone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_box import short_run_directory
from harness import until

from twinface.box.health import TRIED_AGAIN_GAUGE
from twinface.box.restarts import recent_starts, storm_pause_s
from twinface.bus.books import Books
from twinface.bus.pubsub import latest_heartbeats
from twinface.bus.rundir import RUN_VARIABLE, RunDirectory
from twinface.config_file import CONFIG_VARIABLE
from twinface.processes import CAMERAS_VARIABLE

_SERVICE = """
import sys, threading
from pathlib import Path
from twinface.errors import InputError
from twinface.box.service import camera_settings, run_service

def work(node, settings):
    film = Path(settings.camera[0].source)
    if not film.exists():
        raise InputError(f"source {film.name}: no such file")
    if film.read_text() == "die":
        threading.Thread(target=lambda: 1 / 0, name="frames").start()
    node.set_state("running")
    node.loop.run()

run_service(lambda settings: f"camera.{camera_settings(settings).name}", work)
"""

_GOOD = '[[camera]]\nname = "door"\nsource = "film"\n'

Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def run() -> Iterator[RunDirectory]:
    with short_run_directory() as directory:
        yield directory


@pytest.fixture
def start(run: RunDirectory, tmp_path: Path) -> Iterator[Start]:
    """Starts the service as supervisord would; it is killed after the test."""
    started: list[subprocess.Popen[str]] = []
    (tmp_path / "service.py").write_text(_SERVICE)
    environment = {
        **os.environ,
        CONFIG_VARIABLE: str(tmp_path / "pipeline.toml"),
        RUN_VARIABLE: str(run.path),
        CAMERAS_VARIABLE: "door,lab",
        "SUPERVISOR_ENABLED": "1",
        "SUPERVISOR_GROUP_NAME": "camera",
        "SUPERVISOR_PROCESS_NAME": "0",
    }

    def begin() -> "subprocess.Popen[str]":
        (run.path / "supervisord.pid").write_text(str(os.getpid()))
        command = [sys.executable, str(tmp_path / "service.py"), "0"]
        started.append(subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield begin
    for one in started:
        one.kill()
        one.communicate()


def heart(run: RunDirectory, state: str) -> Any:
    """The heartbeat of camera.door in this state, which has to come."""

    def found() -> Any:
        beat = latest_heartbeats(run, ["camera.door"]).get("camera.door")
        return beat if beat is not None and beat.state == state else None

    return until(found, 120.0, f"camera.door to be {state}")


@pytest.mark.parametrize("mistake", ["source = ", "[web]\nprt = 1\n"], ids=["no TOML", "unknown setting"])
def test_a_mistake_in_the_configuration_is_waited_for_until_it_is_mended(
    run: RunDirectory, tmp_path: Path, start: Start, mistake: str
) -> None:
    config = tmp_path / "pipeline.toml"
    config.write_text(mistake)
    (tmp_path / "film").touch()
    service = start()
    assert "pipeline.toml" in heart(run, "waiting").detail
    config.write_text(_GOOD)
    assert heart(run, "running").pid == service.pid


def test_a_source_that_is_not_there_for_a_moment_is_waited_for(run: RunDirectory, tmp_path: Path, start: Start) -> None:
    (tmp_path / "pipeline.toml").write_text(_GOOD)
    start()
    waits = heart(run, "waiting")
    assert waits.detail.startswith("source film: no such file; tried again in")
    assert TRIED_AGAIN_GAUGE in waits.gauges, "the sentinel gives it the time of a start"
    (tmp_path / "film").touch()
    heart(run, "running")


def test_who_waits_ends_at_once_when_asked_to(run: RunDirectory, tmp_path: Path, start: Start) -> None:
    (tmp_path / "pipeline.toml").write_text(_GOOD)
    service = start()
    heart(run, "waiting")
    service.terminate()
    assert service.wait(120.0) in {0, -signal.SIGTERM}  # the latter between two attempts


def test_a_camera_that_is_no_longer_configured_says_so(run: RunDirectory, tmp_path: Path, start: Start) -> None:
    (tmp_path / "pipeline.toml").write_text('network = "sface"\n')
    start()
    assert "no camera 0 any more" in heart(run, "waiting").detail


def test_a_thread_that_dies_ends_its_process_with_an_error(tmp_path: Path, start: Start) -> None:
    (tmp_path / "pipeline.toml").write_text(_GOOD)
    (tmp_path / "film").write_text("die")
    service = start()
    assert service.wait(120.0) == 1


def test_who_ends_too_often_waits_before_it_works(run: RunDirectory, tmp_path: Path, start: Start) -> None:
    (tmp_path / "pipeline.toml").write_text(_GOOD)
    (tmp_path / "film").touch()
    service = start()
    heart(run, "running")
    service.kill()
    service.wait()
    for earlier_ns in range(5):  # by their books: four starts of a busy machine take longer than the minute that counts
        Books(run.books_path("camera.door", time.time_ns() - earlier_ns))
    start()
    assert heart(run, "waiting").detail.startswith("ended 6 times within a minute")
    heart(run, "running")


def test_the_wait_doubles_and_ends_when_the_storm_is_over() -> None:
    now_ns = 10**18
    starts = [now_ns - number * 10**9 for number in range(12)]
    assert [storm_pause_s(count) for count in (0, 3, 4, 5, 6, 12)] == [0.0, 0.0, 2.0, 4.0, 8.0, 60.0]
    assert [recent_starts(starts, now_ns + later_s * 10**9) for later_s in (0, 55, 70)] == [12, 5, 0]
    assert recent_starts(starts, now_ns - 40 * 86400 * 10**9) == 0
