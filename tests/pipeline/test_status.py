"""What is said of processes that say nothing: one hangs, one has ended, one starts, and one waits."""

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from harness import Pipeline, until

pytestmark = pytest.mark.pipeline


def _process(pipeline: Pipeline, name: str) -> dict[str, Any]:
    """What `twinface status` says of a process; nothing while no box answers."""
    processes: list[dict[str, Any]] = pipeline.status()["processes"]
    return next((one for one in processes if one["name"] == name), {})


def _when(pipeline: Pipeline, name: str, holds: Callable[[dict[str, Any]], bool], what: str) -> tuple[str, str]:
    """Condition and reason of a process, once something holds of it."""

    def found() -> dict[str, Any] | None:
        one = _process(pipeline, name)
        return one if one and holds(one) else None

    one = until(found, 120.0, f"{name} to be {what}")
    return one["condition"], one["reason"]


def _counted(pipeline: Pipeline) -> set[str]:
    """The metrics that are above nought."""
    url = json.loads((pipeline.run.path / "web.json").read_text())["url"]
    lines = [line.rpartition(" ") for line in httpx.get(f"{url}metrics").text.splitlines() if line[0] != "#"]
    return {name for name, _, value in lines if float(value) > 0.0}


def _is_silent(one: dict[str, Any]) -> bool:
    return one["pid"] > 0 and one["uptime_s"] > 3.0 and one["health"] is None


def _kill(pipeline: Pipeline, name: str) -> int:
    """SIGKILL; the pid of the next start."""
    before = pipeline.pid(name)
    os.kill(before, signal.SIGKILL)
    pid: int = until(lambda: {0, before, pipeline.pid(name)} - {0, before}, 120.0, f"{name} to start again").pop()
    return pid


def test_silence_has_four_reasons_that_are_told_apart(pipeline: Pipeline, portraits: Path) -> None:
    pictures = pipeline.folder / "pictures"
    pictures.mkdir()
    shutil.copy(portraits / "person_a_2.jpg", pictures)
    nobody_is_ended_for_it = "[sentinel]\nhang_s = 3000.0\nstart_s = 3000.0\n"
    pipeline.configure('name = "door"\nsource = "pictures"\nloop = true', extra=nobody_is_ended_for_it)
    pipeline.start()
    until(lambda: pipeline.status()["ok"], 120.0, "the box to be well")
    counted = {
        'twinface_camera_frames_total{camera="door"}',
        'twinface_stage_duration_seconds_count{process="extractor.0",stage="embed"}',
        'twinface_matches_total{state="unknown"}',
        'twinface_tracks_total{state="unknown"}',
        'twinface_link_messages_total{outcome="received",sender="extractor.0",topic="vectors"}',
    }
    until(lambda: counted <= _counted(pipeline), 120.0, "metrics to count what the real processes do")

    os.kill(pipeline.pid("matcher"), signal.SIGSTOP)
    condition, reason = _when(pipeline, "matcher", _is_silent, "silent")
    assert (condition, reason.partition(" for ")[0]) == ("HUNG", "no heartbeat")

    os.kill(_kill(pipeline, "matcher"), signal.SIGSTOP)
    condition, reason = _when(pipeline, "matcher", _is_silent, "silent")
    assert (condition, reason.partition(":")[0]) == ("STARTING", "no heartbeat yet")
    assert "matcher: restarting, it has ended, and is started again" in pipeline.said()
    os.kill(pipeline.pid("matcher"), signal.SIGCONT)

    pictures.rename(pipeline.folder / "away")
    _kill(pipeline, "camera.door")
    _when(pipeline, "camera.door", lambda one: one["condition"] == "WAITING", "waiting")
    os.kill(pipeline.pid("camera.door"), signal.SIGSTOP)
    condition, reason = _when(pipeline, "camera.door", _is_silent, "silent")
    assert (condition, "no such file or folder" in reason) == ("WAITING", True)
    os.kill(pipeline.pid("camera.door"), signal.SIGCONT)

    (pipeline.folder / "away").rename(pictures)
    until(lambda: pipeline.status()["ok"], 120.0, "the box to be well again")
    assert pipeline.stop() == 0
    assert pipeline.leftovers() == []
