"""A supervisord that is killed while threads of what it runs hang in C, with the interpreter's lock and without."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from fake_box import short_run_directory
from harness import until

from twinface.bus.rundir import RUN_VARIABLE, RunDirectory
from twinface.config_file import CONFIG_VARIABLE

pytestmark = pytest.mark.pipeline

_SERVICE = """
import ctypes, sys, threading
from twinface.box.service import run_service

def hang():
    while True:
        (ctypes.CDLL if sys.argv[1] == "free" else ctypes.PyDLL)(None).pause()

def work(node, settings):
    thread = threading.Thread(target=hang, name="frames", daemon=True)
    node.set_state("running")
    node.beat()
    print("hangs", flush=True)
    thread.start()
    node.loop.run()
    thread.join()

run_service(lambda settings: f"camera.{sys.argv[1]}", work)
"""


@pytest.fixture
def run() -> Iterator[RunDirectory]:
    with short_run_directory() as directory:
        yield directory


def test_none_outlives_it(run: RunDirectory, tmp_path: Path) -> None:
    service, config, conf = tmp_path / "service.py", tmp_path / "pipeline.toml", tmp_path / "supervisord.conf"
    service.write_text(_SERVICE)
    config.write_text('[[camera]]\nname = "free"\nsource = "0"\n')
    programs = "".join(
        f"[program:{kind}]\ncommand = {sys.executable} {service} {kind}\nstdout_logfile = {run.path}/logs/{kind}\n"
        for kind in ("free", "held")
    )
    conf.write_text(
        f"[supervisord]\nnodaemon = true\nsilent = true\npidfile = {run.path}/supervisord.pid\n"
        f"logfile = {run.path}/logs/supervisord.log\nchildlogdir = {run.path}/logs\n{programs}"
    )
    environment = {**os.environ, CONFIG_VARIABLE: str(config), RUN_VARIABLE: str(run.path)}
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(conf)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as supervisord:
        try:
            for kind in ("free", "held"):
                until(lambda kind=kind: _says_that_it_hangs(run, kind), 120.0, f"{kind} to start")
                assert run.is_locked(f"camera.{kind}")
            hung = psutil.Process(supervisord.pid).children()
        finally:
            supervisord.send_signal(signal.SIGKILL)
    try:
        for kind in ("free", "held"):
            until(lambda kind=kind: not run.is_locked(f"camera.{kind}"), 120.0, f"{kind} to end")
    finally:
        for process in hung:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()


def _says_that_it_hangs(run: RunDirectory, kind: str) -> bool:
    log = run.path / "logs" / kind
    return log.exists() and "hangs" in log.read_text()
