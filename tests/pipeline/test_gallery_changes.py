"""The gallery changes while everything runs: names follow, and no vector is lost meanwhile."""

import json
import shutil

import numpy as np
import pytest
from harness import Pipeline, until

from twinface import assets
from twinface.gallery import Gallery

pytestmark = pytest.mark.pipeline

STRANGERS = 20


def test_who_is_known_changes_while_running_and_no_vector_is_lost(pipeline: Pipeline) -> None:
    portraits = assets.fetch("portraits")
    (pipeline.folder / "pictures").mkdir()
    shutil.copy(portraits / "person_a_2.jpg", pipeline.folder / "pictures")
    pipeline.configure('name = "door"\nsource = "pictures"\nloop = true\npicture_seconds = 1.0')
    pipeline.enrol("person a", portraits / "person_a_1.jpg")
    key = (pipeline.folder / "key").read_bytes()
    gallery = Gallery.open(pipeline.folder / "gallery", key=key)
    random = np.random.default_rng(0)
    for number in range(STRANGERS):
        vectors = random.normal(size=(10, 128)).astype(np.float32)
        gallery.add(f"stranger {number}", tuple(map(str, range(10))), vectors, np.ones(10, np.float32))

    pipeline.start()
    until(lambda: pipeline.run.is_locked("web"), 120.0, "the last process")

    def wait_until_named(name: str | None) -> None:
        def last_named() -> bool:
            looks = [event for event in pipeline.events() if event["type"] == "match"]
            return bool(looks) and (looks[-1]["name"], looks[-1]["gallery_version"]) == (name, gallery.version)

        until(last_named, 120.0, f"a match of {name} by version {gallery.version}")

    wait_until_named("person a")
    gallery.rename("person a", "Ada")
    wait_until_named("Ada")
    erased = json.loads(pipeline.command("forget", "Ada", "--yes", "--json").stdout)["erased"]
    assert "vectors" in {one["what"] for one in erased}
    gallery.refresh()
    wait_until_named(None)

    books = [link for link in pipeline.status()["links"] if link["topic"] == "vectors"]
    assert sum(link["received"] for link in books) > 3
    for link in books:
        assert link["balanced"]
        assert sum(link["lost"].values()) == 0
        assert link["dropped"]["overflow"] == link["dropped"]["replaced"] == 0  # only a busy machine's are too old
    assert pipeline.stop() == 0
