"""Passwords of cameras appear nowhere, however a box runs and whatever goes wrong with its cameras."""

import re
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from fake_cameras import LOGIN, PASSWORD, http_camera
from harness import Pipeline, until

pytestmark = pytest.mark.pipeline

WRONG = "geheim/7@x"
SECRETS = [one.encode() for one in (PASSWORD, LOGIN.partition(":")[2], WRONG, "geheim%2F7%40x", "geheim")]


def _states(box: Pipeline) -> dict[str, Any]:
    return {one["name"]: one for one in box.status()["processes"] if one["name"].startswith("camera")}


def _all_have_been_tried(box: Pipeline) -> bool:
    states = _states(box)
    words = [state["condition"] for state in states.values()]
    return sorted(words) == ["RUNNING", "WAITING", "WAITING", "WAITING"]


def _shown(box: Pipeline) -> dict[str, bytes]:
    """All that anybody can see of a box without the rights of its user: what is printed, kept, served and listed."""
    shown = {str(path): path.read_bytes() for path in box.folder.rglob("*") if path.is_file() and path.suffix != ".txt"}
    for words in (
        ["status"],
        ["config", "--json"],
        ["top", "--once", "--json"],
        ["doctor", "--json"],
        ["events", "--json"],
    ):
        done = box.command(*words, check=False)
        shown[" ".join(words)] = (done.stdout + done.stderr).encode()
    address = until(lambda: re.search(r"http://127\.0\.0\.1:\d+", box.said()), 60.0, "the page's address")
    for path in ("/", "/healthz", "/api/v1/box", "/api/v1/present"):
        shown[path] = httpx.get(f"{address[0]}{path}").content
    for pid in box.leftovers():
        shown[f"process {pid}"] = b" ".join(map(str.encode, psutil.Process(pid).cmdline()))
    return shown


def test_a_password_appears_nowhere(pipeline: Pipeline, portraits: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOOR_PASSWORD", PASSWORD)
    wrong = pipeline.folder / "wrong.txt"
    wrong.write_text(WRONG)
    wrong.chmod(0o600)
    picture = (portraits / "person_a_1.jpg").read_bytes()
    with http_camera(lambda _: picture) as camera:
        works = camera.url("/digest.jpg", "admin:${DOOR_PASSWORD}")
        pipeline.configure(
            f'name = "door"\nsource = "{works}"',
            f'name = "refused"\nsource = "{camera.url("/basic.jpg", "admin:${file:wrong.txt}")}"',
            'name = "closed"\nsource = "rtsp://admin:${DOOR_PASSWORD}@127.0.0.1:1/live?key=${file:wrong.txt}"',
            f'name = "novideo"\nsource = "{camera.url("/page", "admin:${DOOR_PASSWORD}")}"',
        )
        pipeline.start()
        until(lambda: _all_have_been_tried(pipeline), 120.0, "one camera to run, and three to wait")
        shown = _shown(pipeline)
        reasons = " ".join(state["reason"] for state in _states(pipeline).values())
        assert pipeline.stop() == 0
    assert "does not take this user and password" in reasons
    assert "connection refused by 127.0.0.1 port 1" in reasons
    assert b"read by the box that runs, running" in shown["doctor --json"]
    assert works.encode() in shown["config --json"], "what stands in the file is shown"
    assert {name: one for name, data in shown.items() for one in SECRETS if one in data} == {}


def test_a_variable_that_is_not_set_is_said_before_anything_starts(pipeline: Pipeline) -> None:
    pipeline.configure('name = "door"\nsource = "rtsp://admin:${NOBODY_SET_THIS}@127.0.0.1:1/"')
    refused = pipeline.command("up", check=False)
    assert refused.returncode == 2
    assert "camera 'door': ${NOBODY_SET_THIS} is not set in the environment; export it" in refused.stderr
