"""A head trained on the running box is taken up by the matcher that runs."""

import shutil

import pytest
from harness import Pipeline, until

from twinface import assets

pytestmark = [pytest.mark.pipeline, pytest.mark.training]


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
    pipeline.command("train", "--features", "features", "--output", "head", "--epochs", "1")
    pipeline.enrol("person a", portraits / "person_a_1.jpg")

    def scores() -> list[float]:
        return [round(event["score"], 4) for event in pipeline.events() if event["type"] == "match"]

    pipeline.start()
    until(scores, 60.0, "a match")
    matcher, (before, *_) = pipeline.pid("matcher"), scores()
    assert set(scores()) == {before}

    said = pipeline.command("retrain", "--features", "features", "--epochs", "3").stdout
    assert "the head is in" in said
    until(lambda: set(scores()) - {before}, 60.0, "another score for the same picture")

    assert pipeline.pid("matcher") == matcher
    assert pipeline.command("retrain", "--features", "nowhere", check=False).returncode == 1
    assert pipeline.stop() == 0, pipeline.logs()
    assert pipeline.leftovers() == []
