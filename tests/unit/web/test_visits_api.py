"""Visits by the HTTP API, on the real web process: pages, the table for spreadsheets, days."""

import csv
import io
from pathlib import Path

import httpx
import pytest
from corrected_box import NOW_NS, STREAM
from web_site import Api

from twinface.events import Event, EventStore, Kind, Subject
from twinface.gallery import Gallery


def test_visits_are_given_page_by_page_with_whose_they_are(api: Api) -> None:
    (ada,) = api.ask("GET", "/people?search=ada")["people"]
    first = api.ask("GET", "/visits?limit=1")
    (unknown,) = first["visits"]
    assert (unknown["track"], unknown["state"], unknown["unknown"]) == ("door:z:2", "unknown", "unknown-1")
    assert (unknown["name"], unknown["id"], unknown["looks"]) == (None, None, 2)
    rest = api.ask("GET", f"/visits?before={first['next']}")
    (visit,) = rest["visits"]
    assert (visit["name"], visit["id"], visit["track"], rest["next"]) == ("Ada", ada["id"], "door:z:1", None)
    assert visit["until_ns"] > visit["since_ns"]
    assert [one["track"] for one in api.ask("GET", "/visits?state=pending")["visits"]] == ["door:z:4"]
    assert api.ask("GET", "/visits?name=Bob")["visits"] == []
    assert sum(one["visits"] for one in api.ask("GET", "/days?camera=door")["days"]) == 2
    assert api.ask("GET", "/days?camera=yard")["days"] == []


def test_who_is_no_longer_in_the_gallery_has_a_visit_and_no_id(box: Path, api: Api) -> None:
    Gallery.open(box.parent / "gallery").remove("Ada")
    (visit,) = api.ask("GET", "/visits?name=Ada")["visits"]
    assert (visit["name"], visit["present_name"], visit["id"]) == ("Ada", "Ada", None)


@pytest.mark.parametrize("asked", ["Ada Lovelace", "Ada"])
def test_who_was_renamed_is_found_by_either_name(api: Api, asked: str) -> None:
    (ada,) = api.ask("GET", "/people?search=ada")["people"]
    renamed = api.ask("PATCH", f"/people/{ada['id']}", json={"name": "Ada Lovelace"})
    (visit,) = api.ask("GET", "/visits", params={"name": asked})["visits"]
    assert (visit["name"], visit["present_name"], visit["id"]) == ("Ada", "Ada Lovelace", renamed["id"])
    events = api.ask("GET", "/events", params={"name": asked})["events"]
    assert {one["name"] for one in events} == {"Ada"}


@pytest.mark.parametrize(
    "query", ["since_ns=-1", f"until_ns={2**63}", "state=party", "limit=0", "limit=1001", "before=0", "nam=Ada"]
)
def test_a_question_that_makes_no_sense_is_refused(api: Api, query: str) -> None:
    assert api.ask("GET", f"/visits?{query}", code=422)["code"] == "does_not_fit"


def test_no_cell_of_the_table_is_a_formula(box: Path, api: Api) -> None:
    names = ["=1+1", "+1", "-1", "@SUM(A1)", '\t"=1', "a,b\n=1", "\u202eada", "Ada = 1"]
    with EventStore(box) as store:
        store.append(
            [
                Event(Kind.ENTER, Subject.PERSON, "=door", STREAM, 9, name, "known", 0.5, NOW_NS, NOW_NS, 1, 1, 1)
                for name in names
            ]
        )
    answer = httpx.get(f"{api.site.url}api/v1/visits.csv?camera==door")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="visits.csv"'
    heading, *rows = csv.reader(io.StringIO(answer.text))
    assert [row[heading.index("name")] for row in rows] == [
        "Ada = 1", "\u202eada", "a,b\n=1", "'\t\"=1", "'@SUM(A1)", "'-1", "'+1", "'=1+1",
    ]  # fmt: skip
    assert {row[heading.index("camera")] for row in rows} == {"'=door"}
    assert {row[heading.index("until")] for row in rows} == {""}


def test_the_table_has_every_visit_however_many_there_are(box: Path, api: Api) -> None:
    with EventStore(box) as store:
        store.append(
            [
                Event(Kind.ENTER, Subject.PERSON, "hall", STREAM, 9, "Ada", "known", 0.5, NOW_NS, NOW_NS + n, 1, 1, 1)
                for n in range(1500)
            ]
        )
    answer = httpx.get(f"{api.site.url}api/v1/visits.csv?name=Ada&camera=hall")
    assert len(answer.text.splitlines()) == 1501


def test_a_database_that_cannot_be_read_is_said_before_the_table_begins(box: Path, api: Api) -> None:
    box.write_bytes(b"no database")
    for path in ("/visits", "/visits.csv", "/days"):
        assert api.ask("GET", path, code=503)["code"] == "not_usable"
