"""A person in a real browser, whom somebody else changes at the same time."""

from pathlib import Path

import numpy as np
import pytest
from browser import Browser
from retrained_box import enrol, make_people
from small_disk import fill, small_disk
from web_site import Api, running_site

from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.recognition.embedding import EmbeddedFace


@pytest.fixture
def bob(browser: Browser, api: Api) -> str:
    """The address of Bob in the API; his page is open."""
    (found,) = api.ask("GET", "/people?search=bob")["people"]
    browser.open(f"{api.site.url}#/people/{found['id']}")
    browser.wait_until("document.querySelectorAll('.enrolled li').length === 1")
    return f"/people/{found['id']}"


def _rename(browser: Browser, name: str) -> None:
    browser.click(".summary button", "Rename")
    browser.wait_until("document.querySelector('dialog input') === document.activeElement")
    browser.evaluate("document.activeElement.select()")
    browser.write(name)
    browser.press("Enter")


def _said(browser: Browser, text: str) -> None:
    browser.wait_until(f"document.querySelector('.messages').textContent.includes({text!r})")


def test_who_comes_second_is_told_that_there_is_a_change_and_sees_it(
    browser: Browser, api: Api, bob: str, tmp_path: Path, faces: dict[str, EmbeddedFace]
) -> None:
    Gallery.open(tmp_path / "gallery").add(
        "Bob", ("another.jpg",), faces["person_b_2"].vector[np.newaxis], np.ones(1, np.float32)
    )
    _rename(browser, "Rob")
    _said(browser, "Bob has changed since you looked")
    browser.wait_until("document.querySelectorAll('.enrolled li').length === 2")
    assert api.ask("GET", bob)["name"] == "Bob"
    _rename(browser, "Rob")
    _said(browser, "Rob")
    browser.wait_until("document.querySelector('.person h2')?.textContent === 'Rob'")


def test_a_name_that_is_refused_is_still_there_with_the_reason(browser: Browser, api: Api, bob: str) -> None:
    _rename(browser, "Ada")
    browser.wait_until("document.querySelector('dialog [role=alert]')?.textContent.includes('Somebody has this name')")
    assert browser.evaluate("document.querySelector('dialog input').value") == "Ada"
    browser.evaluate("document.querySelector('dialog input').focus()")
    browser.write(" the other")
    browser.press("Enter")
    _said(browser, "Ada the other")
    browser.wait_until("!document.querySelector('dialog')")
    assert api.ask("GET", "/people?search=other")["total"] == 1


def test_who_has_gone_meanwhile_is_not_brought_back(browser: Browser, api: Api, bob: str) -> None:
    api.ask("DELETE", bob)
    _rename(browser, "Rob")
    _said(browser, "they may have been removed or forgotten since")
    browser.wait_until("!document.querySelector('.person') && document.querySelector('main a[href=\"#/people\"]')")
    assert [one["name"] for one in api.ask("GET", "/people")["people"]] == ["Ada", "Eve"]


def test_a_full_disk_is_said_and_nothing_has_changed(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    (tmp_path / "site").mkdir()
    with small_disk(tmp_path / "disk", 4096) as disk:
        enrol(disk / "gallery", make_people(1))
        with running_site(tmp_path / "site", f'gallery = "{disk}/gallery"\n') as site:
            api = Api(site)
            (somebody,) = api.ask("GET", "/people")["people"]
            browser.open(f"{site.url}#/people/{somebody['id']}")
            browser.wait_until("document.querySelectorAll('.enrolled li').length === 5")
            filler = fill(disk)
            _rename(browser, "Rob")
            _said(browser, "No space left on device")
            assert api.ask("GET", "/people")["people"] == [somebody]
            filler.unlink()
            _rename(browser, "Rob")
            browser.wait_until("document.querySelector('.person h2')?.textContent === 'Rob'")
            browser.open("about:blank")
