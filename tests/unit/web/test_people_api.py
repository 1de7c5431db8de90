"""People by the HTTP API, on the real web process: their pictures, what wants a look, and two who change one person."""

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gallery_state import state_of
from harness import until
from web_site import Api

from twinface.gallery import Gallery, PersonVectors
from twinface.recognition.embedding import EmbeddedFace


@pytest.fixture
def people(api: Api, tmp_path: Path, faces: dict[str, EmbeddedFace]) -> Callable[[str], Any]:
    """Gives a person as the API has them. Bob has a second picture, of somebody else, and a poor third one."""
    vectors = np.stack([faces["person_a_1"].vector + 0.01, faces["person_b_2"].vector]).astype(np.float32)
    gallery = Gallery.open(tmp_path / "gallery")
    gallery.add("Bob", ("hers.jpg", "poor.jpg"), vectors, np.array([0.9, 0.2], np.float32))
    return lambda name: api.ask("GET", f"/people?search={name}")["people"][0]


def test_everybody_has_when_they_were_seen_last_and_may_be_sorted_by_it(api: Api, people: Callable[[str], Any]) -> None:
    ada, bob = people("ada"), people("bob")
    (visit,) = api.ask("GET", "/visits?name=Ada")["visits"]
    assert (ada["last_seen_ns"], ada["last_camera"]) == (visit["until_ns"], "door")
    assert (bob["last_seen_ns"], bob["last_camera"]) == (None, None)
    seen = api.ask("GET", "/people?sort=seen")["people"]
    assert [one["name"] for one in seen] == ["Ada", "Bob", "Eve"]
    api.ask("PATCH", f"/people/{bob['id']}", json={"name": "Abe"})
    assert [one["name"] for one in api.ask("GET", "/people?sort=seen")["people"]] == ["Ada", "Abe", "Eve"]
    assert [one["name"] for one in api.ask("GET", "/people")["people"]] == ["Abe", "Ada", "Eve"]
    assert api.ask("GET", "/people?sort=size", code=422)["code"] == "does_not_fit"
    api.ask("PATCH", f"/people/{ada['id']}", json={"name": "Zoë"})
    renamed = people("zoë")
    assert (renamed["last_seen_ns"], renamed["last_camera"]) == (visit["until_ns"], "door")
    assert api.ask("GET", "/people?sort=seen")["people"][0] == renamed
    api.ask("POST", "/corrections/undo", json={})
    assert people("ada")["last_seen_ns"] == visit["until_ns"]


def test_what_wants_a_look_is_found_beside_the_page(api: Api, people: Callable[[str], Any]) -> None:
    until(lambda: api.ask("GET", "/people")["health_state"] == "ready", 300.0, "the gallery to be checked")
    notes = {name: {one["code"]: one for one in people(name)["health"]} for name in ("ada", "bob", "eve")}
    assert notes["ada"]["too_alike"]["about"] == people("eve")["id"]
    assert notes["eve"]["too_alike"]["about"] == people("ada")["id"]
    assert "poor.jpg has a quality of 0.20" in notes["bob"]["poor_quality"]["words"]
    assert api.ask("GET", "/people?sort=health")["people"][0]["name"] == "Bob"
    pictures = {one["name"]: one for one in api.ask("GET", f"/people/{people('bob')['id']}/pictures")["pictures"]}
    assert [(name, one["outlier"], one["poor"]) for name, one in pictures.items()] == [
        ("Bob.jpg", False, False),
        ("hers.jpg", True, False),
        ("poor.jpg", False, True),
    ]
    hers = pictures["hers.jpg"]["file"]
    api.ask("DELETE", f"/people/{people('bob')['id']}/pictures?file={hers}")
    until(lambda: {one["code"] for one in people("bob")["health"]} == {"poor_quality"}, 300.0, "another check")


def test_pictures_are_removed_and_given_away_and_it_is_taken_back(
    api: Api, box: Path, people: Callable[[str], Any]
) -> None:
    bob, before = people("bob"), state_of(box)
    found = api.ask("GET", f"/people/{bob['id']}/pictures")
    crop, hers, poor = found["pictures"]
    assert found["version"] == bob["version"]
    assert crop["url"] == f"/api/v1/people/{bob['id']}/pictures/{crop['file']}"
    assert (hers["url"], hers["source"], hers["quality"]) == (None, "photos", 0.9)
    removed = api.ask("DELETE", f"/people/{bob['id']}/pictures?file={poor['file']}")
    body = {"files": [hers["file"]], "name": "Ada", "merge": True}
    moved = api.ask("POST", f"/people/{bob['id']}/split", json=body)
    assert (moved["id"], moved["name"], people("bob")["pictures"]) == (people("ada")["id"], "Ada", 1)
    for step in (moved["step"], removed["step"]):
        api.ask("POST", "/corrections/undo", json={"step": step})
    assert state_of(box) == before
    assert people("bob")["version"] == bob["version"]


def test_the_second_of_two_who_change_somebody_is_told_by_what(
    api: Api, box: Path, people: Callable[[str], Any]
) -> None:
    bob = people("bob")
    here, file = f"/people/{bob['id']}", api.ask("GET", f"/people/{bob['id']}/pictures")["pictures"][2]["file"]
    match = {"If-Match": f'"{bob["version"]}"'}
    api.ask("DELETE", f"{here}/pictures?file={file}", headers=match)
    before = state_of(box)
    for method, path, body in (
        ("DELETE", here, None),
        ("DELETE", f"{here}/pictures?file={file}x", None),
        ("PATCH", here, {"name": "Rob"}),
        ("POST", f"{here}/split", {"files": ["hers.jpg"], "name": "Zoë"}),
    ):
        code = 404 if path.endswith("x") else 409
        refusal = api.ask(method, path, headers=match, code=code, **({} if body is None else {"json": body}))
        if code == 409:
            assert refusal["code"] == "changed_meanwhile"
            assert "Bob has changed since you looked: 1 picture of Bob removed, by web" in refusal["detail"]
    assert state_of(box) == before
    api.ask("PATCH", here, json={"name": "Rob"}, headers={"If-Match": "*"})
    gone = api.ask("GET", f"{here}/pictures", code=404)
    assert "they are called Rob now" in gone["detail"]
    api.ask("DELETE", f"/people/{people('rob')['id']}")
    assert "may have been removed or forgotten since" in api.ask("GET", f"{here}/pictures", code=404)["detail"]


def test_a_name_that_somebody_has_is_refused_in_words_of_the_api(api: Api, people: Callable[[str], Any]) -> None:
    bob = f"/people/{people('bob')['id']}"
    for method, path, body in (
        ("PATCH", bob, {"name": "Ada"}),
        ("POST", f"{bob}/split", {"files": ["hers.jpg"], "name": "Ada"}),
    ):
        refusal = api.ask(method, path, code=409, json=body)
        assert refusal["code"] == "name_taken"
        assert refusal["detail"].startswith("Ada is in the gallery already; ask with merge where")


def test_a_gallery_of_too_many_is_not_compared_and_poor_pictures_are_told_all_the_same(
    api: Api, tmp_path: Path
) -> None:
    gallery = Gallery.open(tmp_path / "gallery")
    vectors = np.random.default_rng(0).normal(size=(40, 128)).astype(np.float32)
    crowd = PersonVectors("Crowd", ("a.jpg",) * 40, vectors, np.full(40, 0.1, np.float32), gallery.network)
    with gallery.replacing(gallery.network, "sface") as put:
        for number in range(1600):
            put(dataclasses.replace(crowd, name=f"Crowd {number}"), {})
    found = api.ask("GET", "/people?limit=1")
    assert (found["total"], found["health_state"]) == (1600, "unknown")
    assert {one["code"] for one in found["people"][0]["health"]} == {"poor_quality"}
