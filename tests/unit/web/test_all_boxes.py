"""Events of all boxes by the HTTP API and on the page, on the real web process and a real database."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from browser import Browser
from seen_by_boxes import an_event, forward, join
from web_site import Api, Site, running_site

from twinface.postgres.connecting import connect
from twinface.postgres.migrations import migrate

_CHOOSE_ALL = """
const box = [...document.querySelectorAll('.history select')].at(-1);
box.value = '';
box.dispatchEvent(new Event('change'));
"""


@pytest.fixture
def shared(tmp_path: Path, database: str) -> Iterator[Api]:
    """A box of a database where Anna is at the gate and, at the same time, at the door."""
    now_ns = time.time_ns()
    with connect(database, "test") as connection:
        migrate(connection)
        join(connection, gate="g", door="d")
        forward(connection, tmp_path, "g", an_event(at_ns=now_ns - 10**9), an_event(name="Bo", at_ns=now_ns - 10**9))
        forward(connection, tmp_path, "d", an_event(at_ns=now_ns))
    with running_site(tmp_path, f'database = {{url = "{database}"}}\n') as site:
        yield Api(site)


def test_where_somebody_was_at_every_box_and_at_one(shared: Api) -> None:
    found = shared.ask("GET", "/events/all-boxes?name=Anna")
    assert [(one["box"], one["name"], one["also_at"]) for one in found["events"]] == [
        ("gate", "Anna", []),
        ("door", "Anna", ["gate"]),
    ]
    assert found["boxes"] == ["door", "gate"]
    assert [one["name"] for one in shared.ask("GET", "/events/all-boxes?box=gate")["events"]] == ["Anna", "Bo"]
    assert "there are door, gate" in shared.ask("GET", "/events/all-boxes?box=yard", code=409)["detail"]
    assert shared.ask("GET", "/events/all-boxes?after=1", code=422)["code"] == "does_not_fit"


def test_a_box_alone_has_no_others(site: Site) -> None:
    assert Api(site).ask("GET", "/events/all-boxes") == {"events": [], "boxes": []}


def test_a_database_that_is_away_is_said(tmp_path: Path) -> None:
    with running_site(tmp_path, 'database = {url = "postgresql://127.0.0.1:1/faces"}\n') as site:
        assert "cannot be reached" in Api(site).ask("GET", "/events/all-boxes", code=503)["detail"]


def test_history_shows_all_boxes_and_marks_who_is_at_two_at_once(shared: Api, browser: Browser) -> None:
    browser.open(f"{shared.site.url}#/history")
    browser.wait_until(
        "[...document.querySelectorAll('.history option')].some((one) => one.textContent === 'All boxes')"
    )
    browser.evaluate(_CHOOSE_ALL)
    browser.wait_until("document.querySelectorAll('.history .visits li').length === 3")
    assert "also at gate" in browser.evaluate("document.querySelector('.history .visits').innerText")
    browser.open("about:blank")
