import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_box import short_run_directory

from twinface.bus.rundir import RUN_VARIABLE, RunDirectory
from twinface.config_file import CONFIG_VARIABLE

_SERVICE = """
import sys, threading
import cv2, numpy as np
from twinface.errors import InputError
from twinface.box.service import run_service

def blur_for_ever():
    while True:
        cv2.GaussianBlur(np.zeros((200, 200, 3), np.uint8), (0, 0), 5)

def work(node, settings):
    if sys.argv[1] == "fail":
        raise InputError("source '/nowhere': no such file; name another one")
    if sys.argv[1] == "leave a thread":
        threading.Thread(target=blur_for_ever, name="frames", daemon=True).start()
    node.loop.every(0.01, node.loop.stop)
    node.loop.run()

run_service(lambda settings: f"camera.{settings.camera[0].name}", work)
"""


@pytest.fixture
def run() -> Iterator[RunDirectory]:
    with short_run_directory() as directory:
        yield directory


def start(run: RunDirectory, tmp_path: Path, what: str, config: str = "", **environment: str) -> tuple[int, list[dict]]:
    """Run a service to its end; its exit code and the lines of its log."""
    path = tmp_path / "pipeline.toml"
    path.write_text(config or '[[camera]]\nname = "front"\nsource = "0"\n')
    variables = {**os.environ, CONFIG_VARIABLE: str(path), RUN_VARIABLE: str(run.path), **environment}
    done = subprocess.run(
        [sys.executable, "-c", _SERVICE, what], env=variables, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == ""
    return done.returncode, [json.loads(line) for line in done.stderr.splitlines()]


def test_its_log_is_one_object_a_line_with_its_name(run: RunDirectory, tmp_path: Path) -> None:
    code, log = start(run, tmp_path, "stop")
    assert code == 0
    assert [(line["process"], line["event"], line["level"]) for line in log] == [
        ("camera.front", "started", "info"),
        ("camera.front", "stopped", "info"),
    ]
    assert all("timestamp" in line for line in log)


def test_a_mistake_of_the_user_is_one_line_and_exit_code_2(run: RunDirectory, tmp_path: Path) -> None:
    code, log = start(run, tmp_path, "fail")
    assert code == 2
    assert log[-1]["error"] == "source '/nowhere': no such file; name another one"


def test_so_is_one_in_the_configuration(run: RunDirectory, tmp_path: Path) -> None:
    code, log = start(run, tmp_path, "stop", config="[web]\nprt = 1\n")
    assert code == 2
    assert "did you mean 'port'?" in log[-1]["error"]


def test_a_second_one_of_its_name_does_not_start(run: RunDirectory, tmp_path: Path) -> None:
    lock = run.lock("camera.front")
    code, log = start(run, tmp_path, "stop")
    assert code == 1
    assert "already running" in log[-1]["error"]
    os.close(lock)


def test_a_thread_that_still_works_in_c_does_not_crash_its_end(run: RunDirectory, tmp_path: Path) -> None:
    code, log = start(run, tmp_path, "leave a thread")
    assert code == 0
    assert log[-1]["threads"] == ["frames"]


@pytest.mark.parametrize(("pid", "code"), [(os.getpid(), 0), (os.getpid() + 1, 1)], ids=["lives", "died"])
def test_it_does_not_outlive_a_supervisord_that_died_while_it_started(
    run: RunDirectory, tmp_path: Path, pid: int, code: int
) -> None:
    (run.path / "supervisord.pid").write_text(f"{pid}\n")
    assert start(run, tmp_path, "stop", SUPERVISOR_ENABLED="1")[0] == code
    assert start(run, tmp_path, "stop")[0] == 0
