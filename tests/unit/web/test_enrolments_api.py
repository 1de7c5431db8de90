"""People enrolled over the HTTP API, from pictures one by one, on real processes."""

from pathlib import Path
from typing import Any

import cv2
import httpx
import numpy as np
import pytest
from gallery_state import state_of
from pictures_site import PicturesSite, side_by_side


class Enrolment:
    """Somebody who is being enrolled."""

    def __init__(self, site: PicturesSite, name: str, **more: bool) -> None:
        self._site = site
        self.path = f"/enrolments/{site.ask('POST', '/enrolments', json={'name': name, **more})['enrolment']}"

    def send(self, picture: bytes, code: int = 200) -> Any:
        return self._site.ask("POST", f"{self.path}/pictures", picture, code=code)

    def finish(self, code: int = 200) -> Any:
        return self._site.ask("POST", f"{self.path}/finish", code=code)


def blurred(path: Path) -> bytes:
    image = np.asarray(cv2.imread(str(path)), np.uint8)
    return bytes(cv2.imencode(".png", cv2.GaussianBlur(image, (0, 0), 6))[1])


def test_each_picture_is_answered_and_what_was_accepted_is_in_the_gallery_and_can_be_taken_back(
    pictures_site: PicturesSite, portraits: Path, box: Path
) -> None:
    site, before = pictures_site, state_of(box)
    zoe = Enrolment(site, "Zoë")
    good = zoe.send((portraits / "impostor_1.jpg").read_bytes())
    assert (good["picture"], good["accepted"], good["reason"], good["words"]) == (1, True, None, "")
    assert good["measures"]["quality"] > 0.3
    refused = {
        "blurred": blurred(portraits / "impostor_1.jpg"),
        "no_face": bytes(cv2.imencode(".png", np.full((200, 200, 3), 90, np.uint8))[1]),
        "more_than_one_face": side_by_side(portraits / "impostor_1.jpg", portraits / "person_a_1.jpg"),
        "looks_like_somebody_else": (portraits / "person_a_2.jpg").read_bytes(),
        "unreadable": b"no picture",
    }
    for number, (reason, picture) in enumerate(refused.items(), 2):
        answer = zoe.send(picture)
        assert (answer["picture"], answer["accepted"], answer["reason"]) == (number, False, reason)
        assert ";" in answer["words"], "what would be better"
        assert (answer["picture_url"] is None) == (answer["box_xyxy"] is None)
    assert state_of(box) == before

    crop = httpx.get(site.site.url.rstrip("/") + good["picture_url"])
    assert crop.headers["content-type"] == "image/jpeg"
    assert cv2.imdecode(np.frombuffer(crop.content, np.uint8), cv2.IMREAD_COLOR).shape == (224, 224, 3)

    done = zoe.finish()
    assert (done["name"], done["id"], done["added"]) == ("Zoë", site.id_of("Zo"), 1)
    zoe.finish(code=404)
    (shown,) = site.ask("GET", "/corrections")["steps"]
    assert (shown["step"], shown["kind"], shown["who"]) == (done["step"], "add", "web 127.0.0.1")
    face = site.ask("POST", "/pictures/identify", (portraits / "impostor_1.jpg").read_bytes())["faces"][0]
    assert face["name"] == "Zoë"
    site.ask("POST", "/corrections/undo", json={})
    assert state_of(box) == before


def test_who_is_there_already_is_enrolled_with_merge_only(pictures_site: PicturesSite, portraits: Path) -> None:
    site = pictures_site
    refusal = site.ask("POST", "/enrolments", json={"name": "Ada"}, code=409)
    assert (refusal["code"], "merge" in refusal["detail"]) == ("refused", True)
    site.ask("POST", "/enrolments", json={"name": " "}, code=409)
    site.ask("POST", "/enrolments", json={"name": 7}, code=422)
    ada = Enrolment(site, "Ada", merge=True)
    bob = ada.send((portraits / "person_b_2.jpg").read_bytes())
    assert bob["reason"] == "looks_like_somebody_else"
    assert ada.send((portraits / "person_a_2.jpg").read_bytes())["accepted"]
    assert ada.finish()["added"] == 1
    assert site.ask("GET", f"/people/{site.id_of('Ada')}")["pictures"] == 2


def test_a_picture_is_taken_out_and_an_enrolment_is_cancelled(
    pictures_site: PicturesSite, portraits: Path, box: Path
) -> None:
    site, before = pictures_site, state_of(box)
    zoe = Enrolment(site, "Zoë")
    first = zoe.send((portraits / "impostor_1.jpg").read_bytes())
    assert site.ask("DELETE", f"{zoe.path}/pictures/1") == {"accepted": 0}
    site.ask("GET", first["picture_url"].removeprefix("/api/v1"), code=404)
    site.ask("DELETE", f"{zoe.path}/pictures/2", code=404)
    assert "no picture was accepted" in zoe.finish(code=409)["detail"]
    assert site.ask("DELETE", zoe.path) == {"name": "Zoë"}
    zoe.send(b"", code=404)
    assert state_of(box) == before


def test_somebody_is_enrolled_from_pictures_found_in_the_wild_and_recognised_in_another(
    pictures_site: PicturesSite, shared_data: Path
) -> None:
    site = pictures_site
    folder = sorted((shared_data / "people").iterdir())[4]
    *some, last = sorted(folder.glob("frontal_*.jpg"))
    one = Enrolment(site, "One of many")
    accepted = [one.send(path.read_bytes())["accepted"] for path in some[:5]]
    assert one.finish()["added"] == sum(accepted) >= 3
    face = site.ask("POST", "/pictures/identify", last.read_bytes())["faces"][0]
    assert (face["name"], face["candidates"][0]["name"]) == ("One of many", "One of many")


@pytest.mark.parametrize("change", ["forgotten", "added"])
def test_what_happens_to_the_person_meanwhile_counts(pictures_site: PicturesSite, portraits: Path, change: str) -> None:
    site = pictures_site
    if change == "forgotten":
        ada = Enrolment(site, "Ada", merge=True)
        assert ada.send((portraits / "person_a_2.jpg").read_bytes())["accepted"]
        site.ask("DELETE", f"/people/{site.id_of('Ada')}")
        assert ada.finish()["added"] == 1
    else:
        first, second = Enrolment(site, "Zoë"), Enrolment(site, "Zoë")
        for one in (first, second):
            assert one.send((portraits / "impostor_1.jpg").read_bytes())["accepted"]
        first.finish()
        assert "in the gallery already" in second.finish(code=409)["detail"]


def test_a_program_enrols_somebody_by_one_request(pictures_site: PicturesSite, portraits: Path, box: Path) -> None:
    site, before = pictures_site, state_of(box)
    pictures = [
        ("pictures", ("a/zoe.jpg", (portraits / "impostor_1.jpg").read_bytes())),
        ("pictures", ("blurred.png", blurred(portraits / "impostor_1.jpg"))),
        ("pictures", ("ada.jpg", (portraits / "person_a_2.jpg").read_bytes())),
        ("pictures", ("\x1b[31m.txt", b"no picture")),
    ]
    done = site.ask("POST", "/people", files=pictures, data={"name": "Zoë", "merge": "false"})
    assert (done["name"], done["id"], done["added"]) == ("Zoë", site.id_of("Zo"), 1)
    said = [(one["accepted"], one["reason"]) for one in done["pictures"]]
    assert said == [(True, None), (False, "blurred"), (False, "looks_like_somebody_else"), (False, "unreadable")]
    assert [one["file"] for one in done["pictures"]][:2] == ["a/zoe.jpg", "blurred.png"]
    assert "\x1b" not in done["pictures"][3]["file"]
    site.ask("POST", "/corrections/undo", json={"step": done["step"]})
    assert state_of(box) == before


def test_one_request_that_makes_no_sense_changes_nothing(
    pictures_site: PicturesSite, portraits: Path, box: Path
) -> None:
    site, before = pictures_site, state_of(box)
    face = ("pictures", ("a.jpg", (portraits / "impostor_1.jpg").read_bytes()))
    grey = ("pictures", ("b.png", bytes(cv2.imencode(".png", np.full((200, 200, 3), 90, np.uint8))[1])))
    refusals: list[tuple[int, dict[str, Any], str]] = [
        (422, {"files": [face]}, "name"),
        (422, {"files": [face], "data": {"name": "Zoë", "merge": "perhaps"}}, "merge"),
        (422, {"files": [("other", b"x")], "data": {"name": "Zoë"}}, "pictures"),
        (422, {"data": {"name": "Zoë"}}, "name"),  # not a form with parts
        (409, {"files": [face], "data": {"name": "Ada"}}, "in the gallery already"),
        (409, {"files": [grey, grey], "data": {"name": "Zoë", "force": "true"}}, "no_face"),
    ]
    for code, form, says in refusals:
        assert says in site.ask("POST", "/people", code=code, **form)["detail"]
    assert state_of(box) == before
