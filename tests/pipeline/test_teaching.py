"""The trainer of a running box teaches a network: asked for, shown, and stopped with the box."""

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from harness import Pipeline, until

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]

SMALL = ("--batch", "8", "--input-size", "32", "--views", "1", "--hint-weight", "0")
LESSON = ("distill", "--crops", "crops", "--output", "taught", *SMALL)


def _write_crops(folder: Path, count: int) -> None:
    """Pictures of no face: to the teacher they are as good as any."""
    rng = np.random.default_rng(0)
    folder.mkdir()
    for number in range(count):
        small = rng.integers(0, 256, (8, 8, 3), np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(small, (128, 128), interpolation=cv2.INTER_CUBIC))


def samples(detail: str) -> int:
    """Of a trainer that learns."""
    return int(detail.split()[1].replace(",", ""))


def test_the_trainer_teaches_a_network_until_the_box_stops(pipeline: Pipeline) -> None:
    door = 'name = "door"\nsource = "crops"\nloop = true\npicture_seconds = 600.0'
    pipeline.configure(door, extra='network = "sface"')
    _write_crops(pipeline.folder / "crops", 16)
    pipeline.start()
    until(lambda: pipeline.status()["ok"], 120.0, "the box")

    def trainer() -> tuple[str, str]:
        (health,) = [one["health"] for one in pipeline.status()["processes"] if one["name"] == "trainer"]
        return (health["state"], health["detail"]) if health else ("", "")

    assert pipeline.command(*LESSON, "--stop", check=False).stderr.endswith("nothing is being trained\n")
    refused = pipeline.command(*LESSON, "--resume", "--background", check=False)
    assert (refused.returncode, "no checkpoint to resume from" in refused.stderr) == (1, True)

    begun = pipeline.command(*LESSON, "--minutes", "60", "--background").stdout
    assert begun.startswith("learning, ")
    until(lambda: trainer()[0] == "running" and "%)" in trainer()[1], 120.0, "the trainer in the status")
    busy = pipeline.command("retrain", check=False)
    assert (busy.returncode, f"{pipeline.folder}/taught is being taught" in busy.stderr) == (1, True)
    other = pipeline.command(*LESSON[:4], "other", "--stop", check=False)
    assert (other.returncode, f"{pipeline.folder}/taught is being taught" in other.stderr) == (1, True)

    until(lambda: samples(trainer()[1]) > 16, 120.0, "steps")
    assert pipeline.stop() == 0, pipeline.logs()
    (checkpoint,) = (pipeline.folder / "taught").glob("checkpoint-*")
    progress = json.loads((checkpoint / "progress.json").read_text())
    assert (progress["samples"] > 16, progress["finished"]) == (True, False)
    assert "period stopped; --resume goes on" in pipeline.logs()
    assert pipeline.leftovers() == []
