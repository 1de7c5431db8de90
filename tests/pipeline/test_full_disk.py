"""The whole box started on a full disk: it says so in words, waits, and works once there is room."""

import shutil
from pathlib import Path

import pytest
from harness import Pipeline, until
from small_disk import fill, small_disk

from twinface.bus.rundir import RunDirectory

pytestmark = pytest.mark.pipeline


def test_up_on_a_full_disk_waits_for_room_and_shows_no_traceback(pipeline: Pipeline, portraits: Path) -> None:
    (pipeline.folder / "pictures").mkdir()
    shutil.copy(portraits / "person_a_2.jpg", pipeline.folder / "pictures")
    pipeline.configure('name = "door"\nsource = "pictures"\nloop = true')
    pipeline.config.write_text(pipeline.config.read_text().replace('"run"', '"disk/run"'))
    with small_disk(pipeline.folder / "disk", 4096) as disk:
        pipeline.run = RunDirectory(disk / "run")
        filler = fill(disk)
        pipeline.start()
        until(lambda: "camera.door: waiting, " in pipeline.said(), 120.0, "the full disk to be said")
        filler.unlink()
        until(lambda: pipeline.status().get("ok"), 120.0, "the box to be well")
        assert pipeline.stop() == 0
    assert "No space left on device; free some, and it goes on" in pipeline.said()
    assert "Traceback" not in pipeline.said()
