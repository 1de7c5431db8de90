"""A head trained on the running box is taken up by the matcher that runs."""

import json
import shutil
from pathlib import Path

import pytest
from harness import Pipeline, until

from twinface import assets
from twinface.networks import find_recipe

pytestmark = pytest.mark.pipeline


def _write_lenient_cosine(folder: Path) -> None:
    """A head to begin with, whose scores are between 0.27 and 0.73."""
    about = {"format": 1, "architecture": "metric", "network": find_recipe("sface").fingerprint}
    folder.mkdir()
    (folder / "head.json").write_text(json.dumps(about | {"calibration": {"slope": 1.0, "offset": 0.0}}))


def test_matcher_takes_up_a_new_head(pipeline: Pipeline) -> None:
    portraits = assets.fetch("portraits")
    for person in ("person_a", "person_b"):
        folder = pipeline.folder / "faces" / person
        folder.mkdir(parents=True)
        for number in (1, 2):
            shutil.copy(portraits / f"{person}_{number}.jpg", folder)
    (pipeline.folder / "pictures").mkdir()
    shutil.copy(portraits / "person_a_2.jpg", pipeline.folder / "pictures")
    pipeline.configure(
        'name = "door"\nsource = "pictures"\nloop = true\npicture_seconds = 0.6',
        extra='network = "sface"\nhead = "head"',
    )
    pipeline.command("extract", "--faces", "faces", "--features", "features")
    _write_lenient_cosine(pipeline.folder / "head")
    pipeline.enrol("person a", portraits / "person_a_1.jpg")

    def scores() -> list[float]:
        return [round(event["score"], 4) for event in pipeline.events() if event["type"] == "match"]

    pipeline.start()
    until(scores, 60.0, "a match")
    matcher, (before, *_) = pipeline.pid("matcher"), scores()
    assert set(scores()) == {before}

    said = pipeline.command("retrain", "--features", "features").stdout
    assert "the head is in" in said
    until(lambda: set(scores()) - {before}, 60.0, "another score for the same picture")

    assert pipeline.pid("matcher") == matcher
    assert pipeline.command("retrain", "--features", "nowhere", check=False).returncode == 1
    mistaken = pipeline.command("retrain", "--features", "features", "--normalize", check=False)
    assert (mistaken.returncode, "give --architecture linear or mlp" in mistaken.stderr) == (2, True)
    assert pipeline.stop() == 0, pipeline.logs()
    assert pipeline.leftovers() == []
