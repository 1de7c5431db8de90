"""What cameras show is learnt while they run: by two of them and two extractors, kept, shown, forgotten and reset."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from harness import Pipeline, until

from twinface import assets
from twinface.unknowns import list_unknowns

pytestmark = pytest.mark.pipeline

SHOWN = ("impostor_1", "person_a_2", "person_b_1")


def sources(pipeline: Pipeline) -> dict[str, Any]:
    report = json.loads(pipeline.command("averages", "--json").stdout)
    return {one["source"]: one for one in report["sources"]}


def people(pipeline: Pipeline) -> dict[str, int]:
    return {source: one["people"] for source, one in sources(pipeline).items()}


def matcher(pipeline: Pipeline) -> Any:
    (state,) = [one for one in pipeline.status()["processes"] if one["name"] == "matcher"]
    return state


def gauges(pipeline: Pipeline) -> dict[str, float]:
    health = matcher(pipeline)["health"] or {"gauges": {}}
    counted = {name: number for name, number in health["gauges"].items() if name.startswith("average_people ")}
    return {name.removeprefix("average_people "): number for name, number in counted.items()}


def test_each_camera_has_learnt_whom_it_has_shown(pipeline: Pipeline) -> None:
    portraits = assets.fetch("portraits")
    for place, names in {"door": SHOWN, "hall": SHOWN[:2], "film": SHOWN}.items():
        (pipeline.folder / place).mkdir()
        for name in names:
            shutil.copy(portraits / f"{name}.jpg", pipeline.folder / place)
    shows = "picture_seconds = 1.4\npicture_fps = 10.0"
    pipeline.configure(
        f'name = "door"\nsource = "door"\nloop = true\n{shows}',
        f'name = "hall"\nsource = "hall"\nloop = true\n{shows}',
        f'name = "film"\nsource = "film"\nlossless = true\n{shows}',
        extractors=2,
    )
    pipeline.enrol("person a", portraits / "person_a_1.jpg")
    pipeline.start()
    until(pipeline.events, 120.0, "the first face")
    seen = {"camera:door": 3, "camera:hall": 2, "photos": 1}
    until(lambda: gauges(pipeline) == seen, 120.0, "each camera to have shown everybody")
    shown = pipeline.command("status", check=False).stdout.splitlines()
    assert " average of camera:door: 3 of 20 people, frozen until then" in map(str.rstrip, shown)
    assert max(map(len, shown)) <= 80
    assert pipeline.stop() == 0

    assert people(pipeline) == seen
    assert {source: one["is_frozen"] for source, one in sources(pipeline).items()} == dict.fromkeys(seen, True)
    assert (pipeline.folder / "averages.pkl").stat().st_mode & 0o777 == 0o600

    pipeline.start()
    until(pipeline.events, 120.0, "the first face again")
    until(lambda: gauges(pipeline) == seen, 120.0, "what was learnt to be there again")
    told = pipeline.command("forget", "person a", "--yes").stdout
    assert "2  faces that cameras have learnt from" in told
    until(lambda: gauges(pipeline).get("photos") == 0, 120.0, "nobody to be enrolled any more")

    (pipeline.folder / "averages.pkl").write_bytes(b"damaged")
    until(lambda: "averages.pkl" in matcher(pipeline)["reason"], 120.0, "the matcher to say what is damaged")
    assert matcher(pipeline)["condition"] == "DEGRADED"
    faces = len(pipeline.events())
    until(lambda: len(pipeline.events()) > faces + 10, 120.0, "the matcher to go on all the same")
    pipeline.command("averages", "--reset", "all", "--yes")
    until(lambda: matcher(pipeline)["condition"] == "RUNNING", 120.0, "all to be well")
    until(lambda: gauges(pipeline).get("camera:hall") == 2, 120.0, "the hall to be learnt again")
    assert pipeline.stop() == 0


def test_a_played_video_teaches_its_camera(pipeline: Pipeline, shared_data: Path) -> None:
    videos = {"stage": "two_named_people.mp4", "studio": "talking_1.mp4"}
    films = {name: f'source = "{shared_data}/video/{video}"\nloop = true' for name, video in videos.items()}
    pipeline.configure(*(f'name = "{name}"\n{film}' for name, film in films.items()), extractors=2)
    pipeline.start()
    until(pipeline.events, 120.0, "the first face")
    taught = {"camera:stage", "camera:studio"}
    until(lambda: taught <= {name for name, people in gauges(pipeline).items() if people}, 300.0, "both to be taught")
    assert pipeline.stop() == 0
    found = sources(pipeline)
    assert set(found) == taught
    for one in found.values():
        assert 1 <= one["people"] <= one["tracks"]


def test_with_learning_switched_off_nothing_is_kept(pipeline: Pipeline) -> None:
    portraits = assets.fetch("portraits")
    (pipeline.folder / "door").mkdir()
    shutil.copy(portraits / "impostor_1.jpg", pipeline.folder / "door")
    camera = 'name = "door"\nsource = "door"\nloop = true\npicture_seconds = 1.4\npicture_fps = 10.0'
    pipeline.configure(camera, extra="[averages]\nlearn = false")
    pipeline.start()
    until(lambda: list_unknowns(pipeline.folder / "events.sqlite"), 120.0, "somebody who is good enough to learn")
    assert pipeline.stop() == 0
    assert not (pipeline.folder / "averages.pkl").exists()
