"""The box runs on what `extract` made, as the original's test.py did: no gallery is needed to try it."""

import json
import shutil

import pytest
from harness import Pipeline, until

from twinface import assets

pytestmark = pytest.mark.pipeline


def test_people_of_a_features_folder_are_named_and_who_is_extracted_later_too(pipeline: Pipeline) -> None:
    portraits, faces = assets.fetch("portraits"), pipeline.folder / "faces"
    for name, picture in (("ann", "person_b_1"), ("bob", "person_a_1")):
        (faces / name).mkdir(parents=True)
        shutil.copy(portraits / f"{picture}.jpg", faces / name)
    (pipeline.folder / "pictures").mkdir()
    shutil.copy(portraits / "person_a_2.jpg", pipeline.folder / "pictures")
    pipeline.configure('name = "door"\nsource = "pictures"\nloop = true\npicture_seconds = 0.6')
    pipeline.config.write_text(pipeline.config.read_text().replace('"gallery"', '"features"'))

    shutil.move(faces / "bob", pipeline.folder / "later")
    pipeline.command("extract", "--faces", "faces", "--features", "features")
    before = sorted((pipeline.folder / "features").iterdir())

    def names() -> list[str | None]:
        return [event["name"] for event in pipeline.events() if event["type"] == "match"]

    pipeline.start()
    until(lambda: len(names()) > 3, 120.0, "matches")
    assert set(names()) == {None}
    assert sorted((pipeline.folder / "features").iterdir()) == before
    shutil.move(pipeline.folder / "later", faces / "bob")
    pipeline.command("extract", "--faces", "faces", "--features", "features")
    until(lambda: "bob" in names(), 120.0, "a match of who was extracted later")

    def stored() -> list[str]:
        lines = pipeline.command("events", "--name", "bob", "--json").stdout.splitlines()
        return [event["track_id"] for line in lines if (event := json.loads(line))["track_id"]]

    track = until(stored, 120.0, "an event of that in the database")[0]
    rejected = pipeline.command("reject", "--track", track, check=False)
    assert (rejected.returncode, rejected.stdout) == (2, "")
    assert "features, which are read and not changed; make a gallery of them with" in rejected.stderr
    assert json.loads(pipeline.command("status", "--json").stdout)["links"]
    assert pipeline.stop() == 0
