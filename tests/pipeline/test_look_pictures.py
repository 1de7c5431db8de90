"""Pictures of looks on a real box: of the right face, in memory only, and gone with whoever is forgotten."""

import json
import os
import shutil
import signal
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from harness import Pipeline, until

from twinface import assets
from twinface.events.kept_pictures import count_pictures
from twinface.faces import read_image
from twinface.matching.vectors import normalised
from twinface.networks import Network
from twinface.recognition.embedding import embed_aligned, embed_one_face, open_detector

pytestmark = pytest.mark.pipeline

_CAMERA = 'name = "door"\nsource = "pictures"\nloop = true\npicture_seconds = 1.4\npicture_fps = 10.0'


class Box:
    """A box at whose door a person comes and goes, and an impostor."""

    def __init__(self, pipeline: Pipeline, extra: str = "") -> None:
        self.pipeline, self.portraits = pipeline, assets.fetch("portraits")
        (pipeline.folder / "pictures").mkdir()
        for name in ("impostor_1", "person_a_2"):
            shutil.copy(self.portraits / f"{name}.jpg", pipeline.folder / "pictures")
        pipeline.configure(_CAMERA, extra=extra)
        pipeline.enrol("person a", self.portraits / "person_a_1.jpg")
        pipeline.start()

    def get(self, path: str) -> httpx.Response:
        url = json.loads((self.pipeline.run.path / "web.json").read_text())["url"]
        return httpx.get(f"{url.rstrip('/')}{path if path.startswith('/api') else f'/api/v1{path}'}")

    def tracks(self) -> dict[str, str]:
        """Each track that was named or is unknown for good, and what it was said to be."""
        try:
            events = self.get("/events?subject=track&limit=1000").json()["events"]
        except (OSError, httpx.HTTPError):  # web starts
            return {}
        return {one["track_id"]: one["name"] or one["state"] for one in events if one["state"] in {"known", "unknown"}}

    def shown(self, said: str) -> tuple[str, bytes]:
        """A track that was said to be this and of which there is a picture, and the picture."""

        def find() -> tuple[str, bytes] | None:
            for track in [track for track, name in self.tracks().items() if name == said]:
                answer = self.get(f"/tracks/{track}/picture")
                if answer.status_code == 200:
                    assert answer.headers["content-type"] == "image/jpeg"
                    return track, answer.content
            return None

        found: tuple[str, bytes] = until(find, 120.0, f"a picture of {said}")
        return found


def test_pictures_of_looks_are_of_the_right_face_and_go_with_whoever_is_forgotten_or_the_process(
    pipeline: Pipeline, sface: Network
) -> None:
    box = Box(pipeline)
    person = embed_one_face(read_image(box.portraits / "person_a_1.jpg"), open_detector(), sface).vector

    def likeness(jpeg: bytes) -> float:
        crop = np.asarray(cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        assert crop.shape == (112, 112, 3)
        one, other = normalised(np.stack([person, embed_aligned(crop, sface).vector]))
        return float(one @ other)

    track, jpeg = box.shown("person a")
    unknown, other = box.shown("unknown")
    assert likeness(jpeg) > 0.5
    assert likeness(other) < 0.3

    looks: list[dict[str, Any]] = box.get(f"/tracks/{track}/why").json()["tracks"][0]["looks"]
    best = max((one for one in looks if one["picture"]), key=lambda one: one["quality"])
    assert box.get(best["picture"]).content == jpeg
    assert box.get("/tracks/door:1:9999/picture").json()["code"] == "not_there"
    kept = box.get("/pictures").json()
    assert (kept["kept"], kept["days"], kept["most"]) == ("memory", 0.0, 2000)
    assert not [path for path in pipeline.folder.rglob("*") if path.suffix == ".crops"]
    shown = {one["name"]: one["picture"] for one in box.get("/visits").json()["visits"] if track in one["tracks"]}
    assert box.get(shown["person a"]).content[:2] == b"\xff\xd8"

    pipeline.command("forget", "person a", "--yes")
    assert box.get(f"/tracks/{track}/picture").status_code == 404
    assert box.get(best["picture"]).status_code == 404
    assert box.get(f"/tracks/{unknown}/picture").content == other

    os.kill(pipeline.pid("web"), signal.SIGKILL)
    until(lambda: pipeline.pid("web") and _is_up(box), 120.0, "the page to be there again")
    assert box.get(f"/tracks/{unknown}/picture").json()["code"] == "no_picture"

    answer = box_identify(box)
    assert [one["state"] for one in answer["faces"]] == ["unknown"]
    assert pipeline.stop() == 0
    assert pipeline.leftovers() == []


def box_identify(box: Box) -> Any:
    """What the process that reads pictures says, which supervisord starts for it."""
    assert not box.pipeline.pid("pictures")
    url = json.loads((box.pipeline.run.path / "web.json").read_text())["url"]
    picture = (box.portraits / "person_a_2.jpg").read_bytes()
    answer = httpx.post(f"{url}api/v1/pictures/identify", content=picture)
    assert answer.status_code == 200, answer.text
    assert box.pipeline.pid("pictures")
    return answer.json()


def _is_up(box: Box) -> bool:
    try:
        return box.get("/pictures").status_code == 200
    except (OSError, httpx.HTTPError):
        return False


def test_pictures_that_are_kept_are_on_disk_outlive_the_box_and_go_with_the_setting(pipeline: Pipeline) -> None:
    box = Box(pipeline, extra="[review]\nkeep_pictures_days = 3\n")
    track, _ = box.shown("person a")
    unknown, _ = box.shown("unknown")
    kept = box.get("/pictures").json()
    assert (kept["kept"], kept["days"]) == ("disk", 3.0)
    assert kept["count"] >= 2
    assert pipeline.stop() == 0

    pipeline.start()
    until(lambda: _is_up(box), 120.0, "the page to be there again")
    assert box.get(f"/tracks/{track}/picture").content[:2] == b"\xff\xd8"
    looks = box.get(f"/tracks/{unknown}/why").json()["tracks"][0]["looks"]
    assert all(one["picture"] for one in looks), "of every kept look"
    pictures = {one["picture"] for one in box.get("/visits").json()["visits"] if unknown in one["tracks"]}
    assert {box.get(one).status_code for one in pictures} == {200}
    pipeline.command("forget", "person a", "--yes")
    assert box.get(f"/tracks/{track}/picture").status_code == 404
    assert box.get(f"/tracks/{unknown}/picture").status_code == 200
    assert pipeline.stop() == 0

    pipeline.config.write_text(pipeline.config.read_text().replace("keep_pictures_days = 3", "keep_pictures_days = 0"))
    pipeline.start()
    until(lambda: _is_up(box), 120.0, "the page to be there again")
    until(lambda: count_pictures(pipeline.folder / "events.sqlite") == 0, 120.0, "the pictures on disk to be erased")
    assert pipeline.stop() == 0
