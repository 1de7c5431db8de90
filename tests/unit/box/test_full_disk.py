"""A process that starts while the disk is full: it says so in one line, waits, and works once there is room."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness import until
from small_disk import fill, small_disk

from twinface.bus.books import Books
from twinface.bus.node import Node
from twinface.bus.pubsub import latest_heartbeats
from twinface.bus.rundir import RUN_VARIABLE, RunDirectory
from twinface.config_file import CONFIG_VARIABLE
from twinface.messages.schema import Heartbeat

_SERVICE = """
import sys
from twinface.box.service import run_service

def work(node, settings):
    node.set_state("running")
    node.loop.run()

run_service(lambda settings: "matcher", work)
"""


@pytest.fixture
def disk() -> Iterator[Path]:
    with (
        tempfile.TemporaryDirectory(dir="/tmp", prefix="tf-") as folder,
        small_disk(Path(folder) / "disk", 1024) as disk,
    ):
        yield disk


def heart(run: RunDirectory, state: str) -> Heartbeat:
    def beats() -> Heartbeat | None:
        beat = latest_heartbeats(run, ["matcher"], timeout_s=1.0).get("matcher")
        return beat if beat is not None and beat.state == state else None

    found: Heartbeat = until(beats, 60.0, f"a heartbeat that says {state}")
    return found


@pytest.mark.parametrize("supervised", [False, True])
@pytest.mark.parametrize("there_before", [False, True])
def test_who_starts_on_a_full_disk_waits_for_room(
    disk: Path, tmp_path: Path, supervised: bool, there_before: bool
) -> None:
    if there_before:
        RunDirectory(disk / "run")
    filler = fill(disk)
    (tmp_path / "pipeline.toml").write_text("")
    environment = {
        **os.environ,
        CONFIG_VARIABLE: str(tmp_path / "pipeline.toml"),
        RUN_VARIABLE: str(disk / "run"),
        **({"SUPERVISOR_ENABLED": "1", "SUPERVISOR_GROUP_NAME": "matcher"} if supervised else {}),
    }
    command = [sys.executable, "-c", _SERVICE]
    service = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:
        run = RunDirectory(disk / "run")
        beat = heart(run, "waiting")
        assert "No space left on device" in beat.detail
        assert service.poll() is None
        filler.unlink()
        heart(run, "running")
    finally:
        service.terminate()
        _, log = service.communicate(timeout=60)
    events = [json.loads(line) for line in log.splitlines()]
    assert "Traceback" not in log
    assert sum("No space left" in str(event) for event in events) == 1
    assert events[-1]["event"] == "stopped"
    assert service.returncode == 0


def test_books_that_find_no_room_leave_the_disk_as_it_was(disk: Path) -> None:
    run = RunDirectory(disk / "run")
    filler = fill(disk, but_kb=20)
    with pytest.raises(OSError, match="No space left"):
        Books(run.books_path("matcher", 1))
    assert list((run.path / "books").iterdir()) == []
    filler.unlink()
    with Node("matcher", run) as node:
        assert node.state == "starting"
