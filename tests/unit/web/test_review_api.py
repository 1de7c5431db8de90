"""The queue by the HTTP API, on the real web process: what waits, answers to many at once, one undo."""

from pathlib import Path

import pytest
from gallery_state import state_of
from web_site import Api


@pytest.fixture
def queue(review_box: Path, api: Api) -> Api:
    """The API of a site over the box on which something waits."""
    assert review_box.exists()
    return api


def test_what_waits_comes_page_by_page_with_how_much_there_is_of_each_kind(queue: Api) -> None:
    first = queue.ask("GET", "/review?limit=2")
    assert (first["total"], first["next"]) == (5, 2)
    assert first["by_kind"] == {"unknown_again": 1, "uncertain": 2, "new_name": 1, "close_names": 1}
    rest = queue.ask("GET", "/review?start=2")
    items = {one["id"]: one for one in first["items"] + rest["items"]}
    assert (len(items), rest["next"]) == (5, None)
    again, visit = items["unknown-1"], items["visit-3"]
    assert (again["unknown"], again["visits"], again["track"]) == ("unknown-1", 2, "door:z:1000")
    (ada,) = queue.ask("GET", "/people?search=ada")["people"]
    assert (visit["name"], visit["person"], visit["kind"]) == ("Ada", ada["id"], "new_name")
    assert items["door:z:1002"]["candidates"][0] == {"name": "Ada", "id": ada["id"], "score": 0.7, "picture": None}
    assert again["pictures"] == [None, None], "none is kept, and none is asked for"


def test_filters_narrow_what_is_shown_and_what_all_is(queue: Api) -> None:
    yard = queue.ask("GET", "/review?camera=yard")
    assert ([one["id"] for one in yard["items"]], yard["by_kind"]["uncertain"]) == (["yard:z:1003"], 1)
    unsure = queue.ask("GET", "/review?kind=uncertain")
    assert (unsure["total"], unsure["by_kind"]["new_name"]) == (2, 1)
    body = {"all": {"kind": "uncertain", "camera": "door"}, "action": "skip"}
    assert queue.ask("POST", "/review/act", json=body)["done"] == 1
    assert queue.ask("GET", "/review")["total"] == 4
    assert queue.ask("GET", "/review?kind=party", code=422)["code"] == "does_not_fit"


def test_all_of_it_is_answered_at_once_and_taken_back_at_once(queue: Api, review_box: Path) -> None:
    before = state_of(review_box)
    done = queue.ask("POST", "/review/act", json={"all": {}, "action": "no_face"})
    assert (done["done"], done["refused"]) == (5, [])
    assert queue.ask("GET", "/review")["total"] == 0
    (step,) = queue.ask("GET", "/corrections")["steps"]
    assert (step["step"], step["kind"], step["said"]) == (done["step"], "review", "5 visits: no face")
    queue.ask("POST", "/corrections/undo", json={"step": done["step"]})
    assert state_of(review_box) == before
    assert queue.ask("GET", "/review")["total"] == 5


def test_what_does_not_wait_any_more_is_said_of_each(queue: Api) -> None:
    items = ["yard:z:1003", "unknown-77"]
    done = queue.ask("POST", "/review/act", json={"items": items, "action": "skip"})
    assert (done["done"], [one["item"] for one in done["refused"]]) == (1, ["unknown-77"])
    again = queue.ask("POST", "/review/act", json={"items": items, "action": "no_face"})
    assert (again["done"], again["step"], len(again["refused"])) == (0, None, 2)
    assert "somebody answered it meanwhile" in again["refused"][0]["reason"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"items": ["unknown-1"], "action": "name"}, 409),
        ({"items": ["unknown-1"], "action": "new", "name": "Ada"}, 409),
        ({"items": ["unknown-1"], "action": "dance"}, 422),
        ({"items": ["unknown-1"] * 1001, "action": "skip"}, 422),
        ({"all": {"sort": 1}, "action": "skip"}, 422),
    ],
)
def test_an_answer_that_makes_no_sense_changes_nothing(
    queue: Api, review_box: Path, body: dict[str, object], code: int
) -> None:
    before = state_of(review_box)
    queue.ask("POST", "/review/act", json=body, code=code)
    assert state_of(review_box) == before
