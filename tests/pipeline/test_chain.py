"""The whole chain of commands with each feature network: network, selfies, extract, stats, train, identify, live.

The ResNet50 has random weights: that shows the machinery, and says nothing about accuracy.
"""

import json
import shutil
from pathlib import Path

import pytest
from harness import Pipeline, until

from twinface import assets

pytestmark = [pytest.mark.pipeline, pytest.mark.training]

PEOPLE = {"person a": "person_a", "person b": "person_b"}
STRANGERS = ("impostor_1", "impostor_2")


@pytest.fixture
def selfies(pipeline: Pipeline) -> Path:
    """The portraits as a folder of selfies, one folder a person; with a picture without a face in between."""
    portraits = assets.fetch("portraits")
    folder = pipeline.folder / "selfies"
    for name, picture in PEOPLE.items():
        (folder / name).mkdir(parents=True)
        for number in (1, 2):
            shutil.copy(portraits / f"{picture}_{number}.jpg", folder / name)
    for name in STRANGERS:
        (folder / name).mkdir()
        shutil.copy(portraits / f"{name}.jpg", folder / name)
    (folder / "person b" / "broken.jpg").write_bytes(b"no picture")
    return folder


def run_chain(pipeline: Pipeline, selfies: Path, network: str, *training: str) -> list[dict[str, object]]:
    """Every command once, the live pipeline last; its events. `training` are options of `train`."""
    pipeline.configure(
        'name = "door"\nsource = "pictures"\npicture_seconds = 1.0',
        extra=f'network = "{network}"\nhead = "head"',
    )
    pipeline.command("selfies", "--selfies", str(selfies), "--faces", "faces")
    crops = sorted(path.parent.name for path in (pipeline.folder / "faces").rglob("*.png"))
    assert crops == ["impostor_1", "impostor_2", "person a", "person a", "person b", "person b"]
    pipeline.command("extract", "--faces", "faces", "--aligned", "--network", network, "--features", "features")
    assert "6 vectors" in pipeline.command("stats", "--features", "features").stdout
    pipeline.command("train", "--features", "features", "--output", "head", *training)

    (pipeline.folder / "pictures").mkdir()
    shutil.copy(selfies / "person a" / "person_a_2.jpg", pipeline.folder / "pictures")
    for name, picture in PEOPLE.items():
        # --force: to a network that knows no faces everybody looks like everybody else.
        pipeline.command("gallery", "add", name, str(selfies / name / f"{picture}_1.jpg"), "--force")
    answer = json.loads(pipeline.command("identify", "--json", str(selfies / "person a" / "person_a_2.jpg")).stdout)
    assert {candidate["name"] for candidate in answer["pictures"][0]["faces"][0]["candidates"]} == set(PEOPLE)

    pipeline.start("--exit-when-done")
    until(lambda: any(event["type"] == "match" for event in pipeline.events()), 120.0, "a match")
    events = list(pipeline.events())
    assert pipeline.wait() == 0, pipeline.logs()
    return events


def test_with_sface(pipeline: Pipeline, selfies: Path) -> None:
    events = run_chain(pipeline, selfies, "sface")
    assert {event["type"] for event in events} >= {"enter", "match"}


@pytest.mark.slow
def test_with_a_random_resnet50(pipeline: Pipeline, selfies: Path) -> None:
    options = ("--weights", "none", "--input-size", "64", "--layer", "activation_46")
    pipeline.command("network", "--output", ".", "--name", "resnet", *options, "--no-print-model")
    recipe = json.loads((pipeline.folder / "resnet" / "network.json").read_text())
    assert (recipe["layer"], recipe["dimension"]) == ("conv5_block2_out", 2048)

    original = ("--recipe", "seed", "--epochs", "2", "--normalize")
    events = run_chain(pipeline, selfies, str(pipeline.folder / "resnet"), *original)
    assert {event["type"] for event in events} >= {"enter", "match"}
