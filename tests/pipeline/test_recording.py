"""What goes through a box is recorded, and played again gives the same events; a change of behaviour is a diff."""

import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from harness import TWINFACE, Pipeline, until, without_times

from twinface import assets

pytestmark = pytest.mark.pipeline


@pytest.fixture
def recorder(pipeline: Pipeline) -> Iterator["subprocess.Popen[str]"]:
    """Records all topics of a box that is still to be started: two faces after three seconds without any."""
    portraits, pictures = assets.fetch("portraits"), pipeline.folder / "pictures"
    pictures.mkdir()
    cv2.imwrite(str(pictures / "0.jpg"), np.full((400, 300, 3), 128, np.uint8))
    for name in ("person_a_2", "impostor_1"):
        shutil.copy(portraits / f"{name}.jpg", pictures)
    pipeline.configure('name = "door"\nsource = "pictures"\nlossless = true')
    pipeline.enrol("person a", portraits / "person_a_1.jpg")
    command = [TWINFACE, "--config", str(pipeline.config), "record", "film.rec", "--with-pictures", "--json"]
    process = subprocess.Popen(command, cwd=pipeline.folder, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(("+", "-"))]


def test_a_recording_gives_the_same_events_and_a_change_is_a_diff(
    pipeline: Pipeline, recorder: "subprocess.Popen[str]"
) -> None:
    until((pipeline.folder / "film.rec").exists, 60.0, "the recorder to begin")
    pipeline.start()
    until(lambda: any(event["type"] == "end" for event in pipeline.events()), 120.0, "the end of the film")
    (beat,) = map(json.loads, pipeline.command("echo", "health", "--count", "1", "--json").stdout.splitlines())
    links = pipeline.status()["links"]
    recorder.send_signal(signal.SIGINT)
    tally = json.loads(recorder.communicate(timeout=60.0)[0])
    events = pipeline.events()
    assert pipeline.stop() == 0

    assert (pipeline.folder / "film.rec").stat().st_mode & 0o777 == 0o600
    assert tally["missed"] == 0
    sent = {link["topic"]: link["sent"] for link in links}
    assert {name: tally["messages"][name] for name in ("crops", "vectors")} == {
        name: sent[name] for name in ("crops", "vectors")
    }
    assert all(link["balanced"] and not sum(link["lost"].values()) for link in links)
    assert beat["body"]["process"] in {"camera.door", "extractor.0", "matcher", "web", "sentinel"}

    replayed = json.loads(pipeline.command("replay", "film.rec", "--json").stdout)
    assert {event["name"] for event in events if event["type"] == "match"} >= {"person a"}
    assert without_times(replayed["events"]) == json.loads(json.dumps(without_times(events)))
    assert replayed["differences"] == []
    again = pipeline.command("replay", "film.rec", "--embed", "--speed", "1000")
    assert again.stderr.endswith("they are alike\n")

    (vector,) = pipeline.command("echo", "vectors", "--from", "film.rec", "--count", "1").stdout.splitlines()
    assert vector.startswith("extractor.0 #0  ")
    assert "array <f4 [128] [" in vector

    pipeline.config.write_text(pipeline.config.read_text() + "[matching]\nthreshold = 1.0\n")
    changed = pipeline.command("replay", "film.rec", check=False)
    assert changed.returncode == 1
    lines = _lines(changed.stdout)
    assert any(line.startswith("-door:") and "match person a" in line for line in lines)
    assert not any("person a" in line for line in lines if line.startswith("+"))


def test_faces_are_recorded_only_where_that_is_meant(pipeline: Pipeline) -> None:
    pipeline.configure('name = "door"\nsource = "0"')
    refused = pipeline.command("record", "film.rec", "--topics", "tracks,crops", check=False)
    assert refused.returncode == 2
    assert "crops would record faces: add --with-pictures" in refused.stderr
    assert not Path(pipeline.folder / "film.rec").exists()
    alone = pipeline.command("record", "film.rec", "--seconds", "0.1")
    assert "no box runs in" in alone.stderr
    assert alone.stdout == "film.rec: 0.0 MB, nothing: does a box run there?\n"
    again = pipeline.command("record", "film.rec", check=False)
    assert (again.returncode, "there already; name another file" in again.stderr) == (2, True)
    unknown = pipeline.command("echo", "control", check=False)
    assert unknown.returncode == 2
    assert "no topic 'control' that can be watched; there are crops, vectors" in unknown.stderr
