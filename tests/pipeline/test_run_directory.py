"""Somebody empties the run directory while everything runs: it is noticed, said, and mended; `down` finds what runs."""

import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from harness import Pipeline, until

from twinface import assets

pytestmark = pytest.mark.pipeline


def start(pipeline: Pipeline) -> None:
    (pipeline.folder / "pictures").mkdir()
    shutil.copy(assets.fetch("portraits") / "person_a_2.jpg", pipeline.folder / "pictures")
    pipeline.configure('name = "door"\nsource = "pictures"\nloop = true')
    pipeline.enrol("person a", assets.fetch("portraits") / "person_a_1.jpg")
    pipeline.start()
    wait_until_well(pipeline)


def wait_until_well(pipeline: Pipeline) -> None:
    until(lambda: pipeline.status()["ok"], 90.0, "everything to be well")


def is_pending(pid: int, number: int) -> bool:
    """Whether a signal waits to be delivered to a process."""
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return bool(int(status["ShdPnd"], 16) >> (number - 1) & 1)


def remove(folder: Path) -> None:
    """Remove a folder that processes write to meanwhile."""

    def is_gone() -> bool:
        try:
            shutil.rmtree(folder)
        except OSError:  # something has come, or gone, while it was looked through
            return not folder.exists()
        return True

    until(is_gone, 60.0, f"{folder.name} to be removed")


def empty(pipeline: Pipeline) -> None:
    for path in pipeline.run.path.iterdir():
        remove(path) if path.is_dir() else path.unlink()


def test_everything_starts_again_in_a_run_directory_that_was_emptied(pipeline: Pipeline) -> None:
    start(pipeline)
    before = {name: pipeline.pid(name) for name in ("matcher", "camera.door", "web")}
    empty(pipeline)
    until(lambda: "was emptied while in use" in pipeline.said(), 60.0, "the loss to be noticed")
    wait_until_well(pipeline)
    assert all(pipeline.pid(name) not in {0, pid} for name, pid in before.items())
    assert pipeline.command("down").stdout == "stopped\n"
    assert pipeline.wait(60.0) == 0
    assert pipeline.leftovers() == []


def test_everything_starts_again_where_the_run_directory_itself_was_removed(pipeline: Pipeline) -> None:
    start(pipeline)
    remove(pipeline.run.path)
    until(lambda: "was emptied while in use" in pipeline.said(), 60.0, "the loss to be noticed")
    wait_until_well(pipeline)
    assert pipeline.stop() == 0
    assert pipeline.leftovers() == []


def test_a_process_whose_socket_was_removed_makes_it_again(pipeline: Pipeline) -> None:
    start(pipeline)
    (pipeline.run.path / "tracks.camera.door").unlink()
    until((pipeline.run.path / "tracks.camera.door").exists, 60.0, "the socket to be made again")
    wait_until_well(pipeline)
    assert "was emptied" not in pipeline.said()
    assert pipeline.stop() == 0


def test_down_and_status_know_what_runs_before_up_has_noticed_the_loss(pipeline: Pipeline) -> None:
    start(pipeline)
    up = pipeline.process
    assert up is not None
    up.send_signal(signal.SIGSTOP)
    empty(pipeline)
    status = pipeline.command("status", check=False)
    assert (status.returncode, f"`twinface up` runs (pid {up.pid})" in status.stderr) == (1, True)
    with ThreadPoolExecutor(1) as pool:
        down = pool.submit(pipeline.command, "down")
        until(lambda: is_pending(up.pid, signal.SIGTERM), 60.0, "up to be told to stop")
        up.send_signal(signal.SIGCONT)
        assert down.result().stdout == "stopped\n"
    assert pipeline.wait(60.0) == 0
    assert pipeline.leftovers() == []
