"""What a person does on the page, from the first photo to a new head: a real browser over a real box."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from browser import Browser, open_browser
from gallery_state import state_of
from harness import Pipeline, until

pytestmark = pytest.mark.pipeline

_FAMILY = ("50_cent", "aaron_rodgers", "adam_levine", "alex_morgan")


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    browser = open_browser(tmp_path / "browser")
    yield browser
    browser.close()


def _go(browser: Browser, view: str) -> None:
    browser.click("header nav a", view)


def _until_here(browser: Browser, name: str) -> None:
    found = f"[...document.querySelectorAll('#here .who b')].some((one) => one.textContent === {name!r})"
    browser.wait_until(found, 180.0)


def _files(pipeline: Pipeline) -> dict[str, bytes]:
    """Everything that is known of people, and what was said of them."""
    files: dict[str, bytes] = state_of(pipeline.folder / "events.sqlite")["files"]
    return files


def _said(browser: Browser, text: str) -> None:
    browser.wait_until(f"document.querySelector('.messages').textContent.includes({text!r})", 120.0)


def _enrol(browser: Browser, pipeline: Pipeline, people: Path) -> None:
    _go(browser, "Enrol")
    browser.wait_until("document.activeElement.tagName === 'INPUT'")
    browser.write("Andy")
    photos = sorted((people / "alex_rodriguez").glob("frontal_0[1-4].jpg"))
    nobody = pipeline.folder / "nobody.png"
    nobody.write_bytes(cv2.imencode(".png", np.full((240, 320, 3), 90, np.uint8))[1].tobytes())
    browser.choose(".drop input", *photos, nobody)
    browser.wait_until("document.querySelectorAll('.answers .accepted').length === 4", 180.0)
    browser.wait_until("document.querySelector('.answers .refused')?.textContent.includes('no face')")
    browser.click(".sticky button", "Add 4 pictures to Andy")
    browser.wait_until("document.querySelector('.person h2')?.textContent === 'Andy'")


def _reject_and_undo(browser: Browser, pipeline: Pipeline) -> None:
    _go(browser, "Live")
    _until_here(browser, "Andy")
    before = _files(pipeline)
    browser.click("#here a", "Andy", 180.0)
    browser.click(".summary button", "Not Andy")
    _said(browser, "this is not Andy")
    assert _files(pipeline) != before
    _go(browser, "Box")
    browser.click(".changes li:first-child button", "Undo")
    _said(browser, "Taken back")
    assert _files(pipeline) == before


def _opened_an_unknown_who_is_like_nobody(browser: Browser) -> bool:
    """One may be Andy from before he was enrolled: the gate would refuse to give him a second name."""
    rows = "[...document.querySelectorAll('.queue button')]"
    for number in range(int(browser.evaluate(f"{rows}.length"))):
        row = f"{rows}[{number}]"
        if browser.evaluate(f"{row}?.textContent.includes('unknown-') && ({row}.click(), true)"):
            browser.wait_until(f"!{row} || {row}.getAttribute('aria-current') === 'true'")
            if browser.evaluate("Number(document.querySelector('.item .picks .number')?.textContent ?? 0) < 0.5"):
                return True
    return False


def _name_somebody_unknown(browser: Browser) -> None:
    _go(browser, "Review")
    until(lambda: _opened_an_unknown_who_is_like_nobody(browser), 180.0, "an unknown visitor who is like nobody")
    browser.press("n")
    browser.wait_until("document.querySelector('dialog input') === document.activeElement")
    browser.write("Berta")
    browser.press("Enter")
    _said(browser, "Named: Berta")
    _go(browser, "Live")
    _until_here(browser, "Berta")


def _search_by_a_face(browser: Browser, picture: Path) -> None:
    _go(browser, "History")
    browser.click(".search summary")
    browser.choose(".search input", picture)
    found = "[...document.querySelectorAll('.search .visits b')].some((one) => one.textContent === 'Andy')"
    browser.wait_until(found, 180.0)


def _retrain_and_go_back(browser: Browser) -> None:
    _go(browser, "Box")
    browser.click(".boxview button", "Retrain")
    browser.wait_until("document.querySelector('.boxview').textContent.includes('A new head is in use')", 300.0)
    browser.click(".heads button", "Go back to this")
    _said(browser, "The head in use has changed")


def test_from_the_first_photo_to_a_new_head(pipeline: Pipeline, browser: Browser, shared_data: Path) -> None:
    people = shared_data / "people"
    door = pipeline.folder / "door"
    door.mkdir()
    for number in (5, 6):
        for who in ("alex_rodriguez", "ajay_devgan"):
            shutil.copy(people / who / f"frontal_{number:02}.jpg", door / f"{who}-{number}.jpg")
    pipeline.configure(
        f'name = "stage"\nsource = "{shared_data}/video/two_named_people.mp4"\nloop = true',
        'name = "door"\nsource = "door"\nloop = true\npicture_seconds = 2.0',
        extra='network = "sface"\n[events]\ncool_down_s = 1.0\n',
    )
    for who in _FAMILY:
        pipeline.enrol(who, *sorted((people / who).glob("frontal_0[1-6].jpg")))
    pipeline.start()
    address = pipeline.run.path / "web.json"
    until(address.exists, 120.0, "the page")
    browser.open(json.loads(address.read_text())["url"], 1000, 700)
    browser.wait_until("document.querySelector('#connection')?.textContent === 'live'")

    _enrol(browser, pipeline, people)
    _reject_and_undo(browser, pipeline)
    _name_somebody_unknown(browser)
    _search_by_a_face(browser, people / "alex_rodriguez/frontal_07.jpg")
    _retrain_and_go_back(browser)
