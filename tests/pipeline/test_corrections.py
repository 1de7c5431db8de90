"""What people say of names, and take back, reaches the running matcher; who was unknown gets a name."""

import json
import shutil
from typing import Any

import httpx
import pytest
from harness import Pipeline, until

from twinface import assets
from twinface.unknowns import list_unknowns

pytestmark = pytest.mark.pipeline


def test_a_name_is_rejected_and_another_one_given_while_running(pipeline: Pipeline) -> None:
    portraits = assets.fetch("portraits")
    (pipeline.folder / "pictures").mkdir()
    for name in ("impostor_1", "person_a_2"):
        shutil.copy(portraits / f"{name}.jpg", pipeline.folder / "pictures")
    pipeline.configure('name = "door"\nsource = "pictures"\nloop = true\npicture_seconds = 1.4\npicture_fps = 10.0')
    pipeline.enrol("person a", portraits / "person_a_1.jpg")
    pipeline.start()

    def ask(*arguments: str) -> Any:
        return json.loads(pipeline.command(*arguments, "--json").stdout)

    def until_said(wanted: tuple[str | None, str | None], since: int) -> None:
        def said() -> bool:
            return any((one["name"], one["reason"] or None) == wanted for one in pipeline.events()[since:])

        until(said, 120.0, f"somebody to be said to be {wanted}")

    until_said(("person a", None), 0)
    until(lambda: list_unknowns(pipeline.folder / "events.sqlite"), 120.0, "somebody unknown to be remembered")
    (unknown,) = ask("unknowns")["unknowns"]
    (explained,) = ask("explain", "--track", unknown["tracks"][0])["tracks"]
    assert (explained["state"], explained["unknown"]) == ("unknown", "unknown-1")
    assert explained["decision"]["missed_by"] > 0.0
    assert explained["looks"][0]["measures"]["face_px"] > 40.0
    url = json.loads((pipeline.run.path / "web.json").read_text())["url"]
    answer = httpx.get(f"{url}api/v1/tracks/{unknown['tracks'][0]}/why").json()
    assert [{**one, "picture": None} for one in answer["tracks"][0]["looks"]] == [
        {**one, "picture": None} for one in explained["looks"]
    ]
    assert answer["tracks"][0]["looks"][0]["picture"], "the page shows whom it was about"

    lines = pipeline.command("events", "--json", "--name", "person a", "--subject", "track").stdout.splitlines()
    assert ask("confirm", "--event", str(json.loads(lines[0])["sequence"]))["added"] == 1
    told = len(pipeline.events())
    rejected = ask("reject", "--track", json.loads(lines[0])["track_id"])
    assert (rejected["name"], rejected["rejected"] >= 2) == ("person a", True)
    until_said((None, "person a was rejected for a face like this one"), told)

    told = len(pipeline.events())
    assert ask("enrol", "--unknown", "unknown-1", "--name", "Zoë")["added"] >= 1
    until_said(("Zoë", None), told)
    assert not any(one["name"] == "person a" for one in pipeline.events()[told:])
    assert "unknown-1" not in {one["id"] for one in ask("unknowns")["unknowns"]}

    told = len(pipeline.events())
    undone = [ask("undo") for _ in range(2)]
    assert [one["kind"] for one in undone] == ["enrol", "reject"]
    until_said(("person a", None), told)
    assert "unknown-1" in {one["id"] for one in ask("unknowns")["unknowns"]}
    (enrolled_no_more,) = [one for one in ask("corrections")["steps"] if one["undoes"] == undone[0]["step"]]
    assert ask("undo", str(enrolled_no_more["step"]))["kind"] == "undo"
    assert pipeline.stop() == 0
    assert ask("explain", "--track", unknown["tracks"][0])["tracks"][0]["looks"][0]["enrolled_as"] == "Zoë"
