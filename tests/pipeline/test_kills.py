"""Two cameras, two extractors; every process is killed once in the middle. Matches go on, the books balance, and no
name is wrong. On video, where names are harder, one of each kind is."""

import os
import shutil
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from harness import Pipeline, until
from moving_faces.truth import two_named_people

from twinface import assets

pytestmark = pytest.mark.pipeline

Event = dict[str, Any]


def kill_each_once(pipeline: Pipeline, victims: Sequence[str], truth: Callable[[Event], set[str | None]]) -> None:
    """Kill, wait until the process is back and both cameras' faces are named again, and check everything seen."""
    pipeline.start()

    def looks_since(moment_ns: int) -> set[str]:
        """Cameras of which somebody was named, by events of frames taken after a moment."""
        return {
            event["camera"]
            for event in pipeline.events()
            if event["type"] == "match" and event["name"] and event["captured_at_ns"] > moment_ns
        }

    until(lambda: looks_since(0) == {"left", "right"}, 120.0, "both cameras to name somebody")
    for victim in victims:
        pid = pipeline.pid(victim)
        os.kill(pid, signal.SIGKILL)
        until(lambda pid=pid, victim=victim: pipeline.pid(victim) not in {0, pid}, 120.0, f"{victim} to come back")
        moment_ns = max(event["captured_at_ns"] for event in pipeline.events())
        until(lambda moment_ns=moment_ns: looks_since(moment_ns) == {"left", "right"}, 120.0, f"names after {victim}")

    looks = [event for event in pipeline.events() if event["type"] == "match"]
    links = pipeline.status()["links"]
    assert all(link["balanced"] for link in links), links
    killed = sum(victim.startswith(("camera", "extractor")) for victim in victims)
    assert len({(link["sender"], link["epoch"]) for link in links}) == 4 + killed, "senders, once more where killed"
    assert pipeline.stop() == 0, pipeline.logs()
    assert pipeline.leftovers() == []
    wrong = [look for look in looks if look["name"] is not None and look["name"] not in truth(look)]
    assert not [(look["camera"], look["frame"], look["track"], look["name"], look["box_xyxy"]) for look in wrong]


def test_killed_while_portraits_are_shown(pipeline: Pipeline) -> None:
    portraits = assets.fetch("portraits")
    pictures = pipeline.folder / "pictures"
    pictures.mkdir()
    for name in ("impostor_1", "impostor_2", "person_a_2", "person_b_2"):
        shutil.copy(portraits / f"{name}.jpg", pictures)
    source = 'source = "pictures"\nloop = true\npicture_seconds = 0.6\npicture_fps = 5.0'
    pipeline.configure(f'name = "left"\n{source}', f'name = "right"\n{source}', extractors=2)
    pipeline.enrol("person a", portraits / "person_a_1.jpg")
    pipeline.enrol("person b", portraits / "person_b_1.jpg")

    def truth(event: Event) -> set[str | None]:
        shown = event["frame"] // 3 % 4
        return {(None, None, "person a", "person b")[shown]}

    everybody = ("camera.left", "extractor.0", "matcher", "camera.right", "extractor.1", "web")
    kill_each_once(pipeline, everybody, truth)


def test_killed_while_videos_play(pipeline: Pipeline, shared_data: Path) -> None:
    video = shared_data / "video/two_named_people.mp4"
    cameras = (f'name = "{name}"\nsource = "{video}"\nloop = true' for name in ("left", "right"))
    pipeline.configure(*cameras, extractors=2)
    for person in sorted((shared_data / "video/people").iterdir()):
        pipeline.enrol(person.name, *sorted(person.iterdir()))

    def truth(event: Event) -> set[str | None]:
        return {two_named_people(event["frame"] % 275, event["box_xyxy"])}

    kill_each_once(pipeline, ("camera.left", "extractor.0", "matcher"), truth)
