"""A head retrained on the running box is loaded by the matcher that runs, and so is the one before it."""

import json
from pathlib import Path

import httpx
import numpy as np
import pytest
from harness import Pipeline, until

from twinface import assets
from twinface.gallery import PersonVectors, write_features
from twinface.networks import find_recipe

pytestmark = pytest.mark.pipeline


def _write_lenient_cosine(folder: Path) -> None:
    """A head to begin with, whose scores are between 0.27 and 0.73."""
    about = {"format": 1, "architecture": "metric", "network": find_recipe("sface").fingerprint}
    folder.mkdir()
    (folder / "head.json").write_text(json.dumps(about | {"calibration": {"slope": 1.0, "offset": 0.0}}))


def _write_others(folder: Path, key: bytes) -> None:
    """Features of 30 people, made up."""
    recipe, rng = find_recipe("sface"), np.random.default_rng(0)
    for number in range(30):
        vectors = rng.normal(size=recipe.dimension) + 0.8 * rng.normal(size=(4, recipe.dimension))
        vectors, quality = vectors.astype(np.float32), np.ones(4, np.float32)
        write_features(
            folder, [PersonVectors(f"other {number}", tuple("abcd"), vectors, quality, recipe.fingerprint)], key
        )


def _retrain_by_the_api(pipeline: Pipeline) -> None:
    """What the page does: it begins, asks how far it is, and hears what came of it; nobody waits for an answer."""
    api = json.loads((pipeline.run.path / "web.json").read_text())["url"] + "api/v1/heads"
    before = httpx.get(api).json()
    began = httpx.post(f"{api}/retrain", json={})
    assert (began.status_code, began.json()["state"]) == (202, "running")
    assert httpx.post(f"{api}/retrain", json={}).json()["code"] == "busy"
    until(lambda: httpx.get(f"{api}/retrain").json()["state"] != "running", 120.0, "an end of the retraining")
    done = httpx.get(f"{api}/retrain").json()
    assert (done["state"], done["detail"]) == ("done", "the present head is kept")
    assert "from 2 people on" in done["report"]["reasons"][0]
    assert httpx.get(api).json() == before
    assert [one["comes_back"] for one in before["versions"]] == [False, True, False]


def test_the_matcher_takes_up_a_new_head_and_the_one_before_without_a_gap(pipeline: Pipeline) -> None:
    portraits = assets.fetch("portraits")
    (pipeline.folder / "pictures").mkdir()
    (pipeline.folder / "pictures/a.jpg").write_bytes((portraits / "person_a_2.jpg").read_bytes())
    pipeline.configure(
        'name = "door"\nsource = "pictures"\nloop = true\npicture_seconds = 0.6',
        extra='network = "sface"\nhead = "head"',
    )
    _write_lenient_cosine(pipeline.folder / "head")
    pipeline.enrol("person a", portraits / "person_a_1.jpg")
    _write_others(pipeline.folder / "others", (pipeline.folder / "key").read_bytes())

    def scores() -> list[float]:
        return [round(event["score"], 4) for event in pipeline.events() if event["type"] == "match"]

    pipeline.start()
    until(scores, 120.0, "a match")
    matcher, (before, *_) = pipeline.pid("matcher"), scores()
    assert set(scores()) == {before}

    kept = json.loads(pipeline.command("retrain", "--json").stdout)
    assert not kept["published"]
    assert (kept["measurable"], kept["measurable_needed"]) == (0, 2)
    assert kept["present"] == str(pipeline.folder / "head")
    assert "from 2 people on" in kept["reasons"][0]
    said = pipeline.command("retrain", "--features", "others").stdout
    assert "published: " in said
    assert "measured on 30 people" in said
    until(lambda: scores()[-1] != before, 120.0, "another score for the same picture")
    (after,) = set(scores()) - {before}
    pipeline.command("rollback")
    until(lambda: scores()[-1] == before, 120.0, "the score of the head before")

    _retrain_by_the_api(pipeline)
    told = scores()
    first, last = told.index(after), len(told) - 1 - told[::-1].index(after)
    assert told == [before] * first + [after] * (last + 1 - first) + [before] * (len(told) - 1 - last)
    sequences = [event["sequence"] for event in pipeline.events()]
    assert sequences == list(range(len(sequences)))
    assert pipeline.pid("matcher") == matcher
    assert pipeline.command("retrain", "--features", "nowhere", check=False).returncode == 1
    mistaken = pipeline.command("retrain", "--normalize", check=False)
    assert (mistaken.returncode, "give --architecture linear or mlp" in mistaken.stderr) == (2, True)
    assert "not loaded" not in pipeline.logs()
    assert pipeline.stop() == 0, pipeline.logs()
    assert pipeline.leftovers() == []
