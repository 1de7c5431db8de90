"""The HTTP API: every operation on the real web process, over a box on which people were named rightly and wrongly."""

from pathlib import Path

import httpx
import pytest
from gallery_state import state_of
from web_site import Api

from twinface.corrections.steps_file import STEPS_FOLDER


def test_everybody_is_listed_page_by_page_and_found_by_a_part_of_the_name(api: Api) -> None:
    first = api.ask("GET", "/people?limit=2")
    assert (first["total"], first["next"]) == (3, 2)
    rest = api.ask("GET", "/people?limit=2&start=2")
    assert rest["next"] is None
    assert [one["name"] for one in first["people"] + rest["people"]] == ["Ada", "Bob", "Eve"]
    (bob,) = api.ask("GET", "/people?search=BO")["people"]
    assert api.ask("GET", f"/people/{bob['id']}") == bob
    assert (bob["pictures"], bob["quality"], bob["sources"]) == (1, 1.0, {"photos": 1})
    assert api.ask("GET", "/people/bob", code=404)["code"] == "not_there"


CHANGES: dict[str, tuple[str, str, dict[str, object]]] = {
    "reject": ("POST", "/corrections/reject", {"event": 7}),
    "confirm": ("POST", "/corrections/confirm", {"track": "door:1", "force": True}),
    "enrol somebody unknown": ("POST", "/corrections/enrol", {"unknown": "unknown-1", "name": "Zoë"}),
    "enrol a track": ("POST", "/corrections/enrol", {"track": "door:2", "name": "Zoë"}),
    "rename": ("PATCH", "/people/{bob}", {"name": "<img src=x onerror=alert(1)>"}),
    "merge": ("PATCH", "/people/{eve}", {"name": "Ada", "merge": True}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_recorded_and_taken_back_to_the_byte(api: Api, box: Path, change: str) -> None:
    ids = {one["name"].lower(): one["id"] for one in api.ask("GET", "/people")["people"]}
    before = state_of(box)
    method, path, body = CHANGES[change]
    step = api.ask(method, path.format(**ids), json=body)["step"]
    after = state_of(box)
    assert after != before

    (shown,) = api.ask("GET", "/corrections")["steps"]
    assert (shown["step"], shown["who"], shown["taken_back_by"]) == (step, "web 127.0.0.1", None)
    assert api.ask("POST", "/corrections/undo", json={})["step"] == step
    assert state_of(box) == before
    assert [one["taken_back_by"] for one in api.ask("GET", "/corrections")["steps"]] == [step + 1, None]
    assert api.ask("POST", "/corrections/undo", json={"step": step}, code=409)["code"] == "refused"
    api.ask("POST", "/corrections/undo", json={"step": step + 1})
    assert state_of(box) == after


def test_two_who_are_two_are_merged_with_force_only(api: Api, box: Path) -> None:
    ids = {one["name"]: one["id"] for one in api.ask("GET", "/people")["people"]}
    before = state_of(box)
    refusal = api.ask("PATCH", f"/people/{ids['Bob']}", json={"name": "Ada", "merge": True}, code=409)
    assert "do not look like one person" in refusal["detail"]
    assert state_of(box) == before
    merged = api.ask("PATCH", f"/people/{ids['Bob']}", json={"name": "Ada", "merge": True, "force": True})
    assert (merged["id"], merged["name"]) == (ids["Ada"], "Ada")
    assert [one["pictures"] for one in api.ask("GET", "/people")["people"]] == [2, 1]


def test_who_is_forgotten_is_erased_and_what_goes_is_shown_before(api: Api, box: Path) -> None:
    ada = api.ask("GET", "/people?search=ada")["people"][0]["id"]
    told = api.ask("GET", f"/people/{ada}/traces")
    assert {one["what"] for one in told["traces"]} >= {"vectors", "events"}
    assert [one["name"] for one in api.ask("GET", "/people")["people"]] == ["Ada", "Bob", "Eve"]
    assert api.ask("DELETE", f"/people/{ada}") == told
    assert [one["name"] for one in api.ask("GET", "/people")["people"]] == ["Bob", "Eve"]
    assert all(one["name"] != "Ada" for one in api.ask("GET", "/events")["events"])
    assert api.ask("DELETE", f"/people/{ada}", code=404)["code"] == "not_there"


def test_who_changed_what_is_kept_also_of_who_is_forgotten_and_without_the_name(api: Api, box: Path) -> None:
    assert api.ask("GET", "/audit") == {"total": 0, "entries": [], "next": None}
    api.ask("POST", "/corrections/reject", json={"event": 7})
    api.ask("POST", "/corrections/undo", json={})
    ids = {one["name"]: one["id"] for one in api.ask("GET", "/people")["people"]}
    api.ask("PATCH", f"/people/{ids['Bob']}", json={"name": "Zoe"})
    undone, undo, renamed = api.ask("GET", "/audit?limit=3")["entries"][::-1]
    assert [one["number"] for one in (undone, undo, renamed)] == [1, 2, 3]
    assert (undone["what"], undone["step"], undone["undone_by"]) == ("reject", 1, 2)
    assert (undo["what"], undo["said"]) == ("undo", f"step 1 taken back: {undone['said']}")
    assert (renamed["who"], renamed["what"], renamed["undone_by"]) == ("web 127.0.0.1", "rename", None)
    assert "Zoe" in renamed["said"]

    ids = {one["name"]: one["id"] for one in api.ask("GET", "/people")["people"]}
    for name in ("Ada", "Zoe"):
        api.ask("DELETE", f"/people/{ids[name]}")
    audit = api.ask("GET", "/audit")
    assert [one["what"] for one in audit["entries"]] == ["forget", "forget", *["forgotten"] * 3]
    assert not {"Ada", "Bob", "Zoe"} & set(str(audit).replace("'", " ").split())
    for path in (box.parent / "gallery" / STEPS_FOLDER).iterdir():
        path.unlink()  # as those that are too long ago
    old = api.ask("GET", "/audit")["entries"][2:]
    assert [(one["what"], one["step"], one["said"]) for one in old] == [
        ("rename", 3, ""),
        ("undo", 2, ""),
        ("reject", 1, ""),
    ]
    assert {one["who"] for one in old} == {"web 127.0.0.1"}
    audit = api.ask("GET", "/audit")
    first, rest = api.ask("GET", "/audit?limit=2"), api.ask("GET", "/audit?start=2")
    assert (first["next"], rest["next"]) == (2, None)
    assert first["entries"] + rest["entries"] == audit["entries"]
    api.ask("GET", "/audit?limit=0", code=422)


def test_events_are_filtered_and_gone_through_by_number(api: Api) -> None:
    everything = api.ask("GET", "/events")
    assert [one["sequence"] for one in everything["events"]] == list(range(1, 11))
    assert everything["newest"] == 10
    seen: list[int] = []
    while batch := api.ask("GET", f"/events?limit=4&after={seen[-1] if seen else 0}")["events"]:
        seen += [one["sequence"] for one in batch]
    assert seen == list(range(1, 11))
    found = api.ask("GET", "/events", params={"name": "Ada", "subject": "person"})["events"]
    assert [one["kind"] for one in found] == ["enter", "exit"]
    assert api.ask("GET", "/events?kind=party", code=422)["detail"].startswith("kind: ")
    assert api.ask("GET", "/events?after=11", code=409)["detail"].endswith("begin again after 0")


def test_why_is_answered_for_events_and_tracks(api: Api) -> None:
    of_event, of_track = api.ask("GET", "/events/7/why"), api.ask("GET", "/tracks/door:3/why")
    assert (of_event["event"], of_track["event"]) == (7, None)
    assert of_event["tracks"] == of_track["tracks"]
    assert api.ask("GET", "/events/99/why", code=404)["code"] == "not_there"
    assert api.ask("GET", "/tracks/door:99/why", code=404)["code"] == "not_there"


def test_who_is_unknown_how_the_box_is_and_what_it_is_set_to(api: Api) -> None:
    (visitor,) = api.ask("GET", "/unknowns")["unknowns"]
    assert (visitor["id"], visitor["visits"], visitor["camera"]) == ("unknown-1", 1, "door")
    api.site.wait_until_healthy()
    assert api.ask("GET", "/health")["state"] == "ok"
    settings = api.ask("GET", "/settings")
    assert settings["path"] == str(api.site.config)
    assert settings["settings"]["web.port"]["value"] == 0


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "name either an event or a track"),
        ({"event": 7, "track": "door:3"}, "name either an event or a track"),
        ({"event": 2**63}, "event: "),
        ({"event": None, "track": None}, "name either an event or a track"),
        ({"event": "seven"}, "event: "),
        (["event"], "valid dictionary"),
    ],
)
def test_what_cannot_be_understood_is_said(api: Api, body: object, says: str) -> None:
    assert says in api.ask("POST", "/corrections/reject", json=body, code=422)["detail"]


def test_no_other_sites_page_changes_anything_and_no_body_is_too_large(api: Api, box: Path) -> None:
    before = state_of(box)
    for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
        refusal = api.ask("POST", "/corrections/reject", json={"event": 7}, headers=headers, code=403)
        assert refusal["code"] == "foreign_origin"
    api.ask("POST", "/corrections/reject", content=b" " * 70_000, code=413)
    api.ask("POST", "/corrections/reject", content=(b" " * 7000 for _ in range(10)), code=413)
    assert state_of(box) == before
    own = {"Origin": api.site.url.rstrip("/"), "Sec-Fetch-Site": "same-origin"}
    assert api.ask("POST", "/corrections/reject", json={"event": 7}, headers=own)["name"] == "Ada"


def test_the_document_describes_every_operation_and_its_refusals(api: Api) -> None:
    document = api.ask("GET", "/openapi.json")
    assert document["servers"] == [{"url": "/api/v1"}]
    live = {path: document["paths"].pop(path)["get"] for path in ("/live", "/live/events")}
    assert set(live["/live"]["responses"]) == {"101", "400", "401", "403"}
    assert "twinface.live.1" in live["/live"]["description"]
    assert list(live["/live/events"]["responses"]["200"]["content"]) == ["text/event-stream"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            assert {"404", "409", "422", "503"} <= set(answers), f"{method} {path}"
            assert set(answers) & {"200", "202"}, f"{method} {path}"
            assert operation["summary"]
            for code in ("400", "404", "409", "422", "503"):
                assert list(answers[code]["content"]) == ["application/problem+json"], f"{method} {path} {code}"


def test_an_address_says_all_that_may_be_asked_of_it(api: Api) -> None:
    somebody = api.ask("GET", "/people")["people"][0]["id"]
    for path, allow in (("/people", "GET, POST, OPTIONS"), (f"/people/{somebody}", "GET, PATCH, DELETE, OPTIONS")):
        asked = httpx.options(f"{api.site.url}api/v1{path}")
        assert (asked.status_code, asked.headers["allow"], asked.content) == (204, allow, b"")
        refused = httpx.put(f"{api.site.url}api/v1{path}")
        assert (refused.status_code, refused.headers["allow"]) == (405, allow)
        assert refused.json()["code"] == "method_not_allowed"
    assert httpx.options(f"{api.site.url}api/v1/nowhere").status_code == 404
