"""Review in a real browser: visits that need a person, answered by keys."""

import dataclasses
import time
from pathlib import Path

import pytest
from browser import Browser
from corrected_box import looks_of, told
from gallery_state import state_of
from web_site import Api

from twinface.events import EventStore, Kind, TrackKey
from twinface.networks import Network
from twinface.recognition.embedding import EmbeddedFace
from twinface.settings import UnknownSettings
from twinface.unknowns import Unknowns

_QUEUE = "[...document.querySelectorAll('.queue .who b')].map((one) => one.textContent)"


@pytest.fixture
def review(browser: Browser, review_box: Path, api: Api) -> Browser:
    assert review_box.exists()
    browser.messages.clear()
    browser.open(f"{api.site.url}#/review")
    browser.wait_until(f"{_QUEUE}.length === 5")
    return browser


def _said(browser: Browser, text: str) -> None:
    browser.wait_until(f"document.querySelector('.messages').textContent.includes({text!r})")


def test_one_key_answers_and_one_takes_it_back(review: Browser, review_box: Path) -> None:
    queue, before = review.evaluate(_QUEUE), state_of(review_box)
    review.press("1")
    _said(review, "1 visit not: ")
    assert "Named" not in review.evaluate("document.querySelector('.messages').textContent"), "the gate refused it"
    assert state_of(review_box) == before
    review.press("x")
    _said(review, "Noted: no face.")
    review.wait_until(f"{_QUEUE}.length === {len(queue) - 1}")
    review.press("u")
    _said(review, "Taken back.")
    review.wait_until(f"{_QUEUE}.length === {len(queue)}")
    assert state_of(review_box) == before
    assert review.evaluate(_QUEUE) == queue
    assert review.messages == [], "a picture was asked for that is not kept"


def test_an_answer_needs_no_matcher_and_the_page_says_that_it_is_down(review: Browser, api: Api) -> None:
    api.site.matcher.stop()
    review.wait_until("document.querySelector('#alarm')?.textContent.includes('matcher')")
    review.press("x")
    _said(review, "Noted: no face.")
    review.wait_until(f"{_QUEUE}.length === 4")


def test_who_comes_meanwhile_is_shown_and_what_is_looked_at_stays(
    browser: Browser, review_box: Path, api: Api, faces: dict[str, EmbeddedFace], sface: Network
) -> None:
    faster = "const every = setInterval; window.setInterval = (call, ms) => every(call, ms / 50);"
    script = browser.call("Page.addScriptToEvaluateOnNewDocument", source=faster)["identifier"]
    browser.open("about:blank")
    browser.open(f"{api.site.url}#/review")
    browser.call("Page.removeScriptToEvaluateOnNewDocument", identifier=script)
    browser.wait_until(f"{_QUEUE}.length === 5")
    current = "[...document.querySelectorAll('.queue button')].findIndex((one) => one.ariaCurrent === 'true')"
    assert browser.evaluate(current) == 0
    key = TrackKey("yard", 36, 3000)
    steps = ((0, Kind.ENTER, "pending"), (1, Kind.UPDATE, "uncertain"), (2, Kind.EXIT, "uncertain"))
    with EventStore(review_box) as store:
        looks = [dataclasses.replace(one, state="uncertain") for one in looks_of(key, faces["person_b_2"], sface)]
        store.append([told(key.track + after, kind, key, None, state) for after, kind, state in steps], looks)
    browser.wait_until(f"{_QUEUE}.length === 6")
    assert browser.evaluate(current) == 1


def test_of_many_visits_the_last_ones_are_shown_the_newest_first(
    browser: Browser, review_box: Path, api: Api, faces: dict[str, EmbeddedFace], sface: Network
) -> None:
    keys = [TrackKey("yard", 36, number) for number in range(3000, 3100, 10)]
    steps = ((0, Kind.ENTER, "pending"), (1, Kind.UPDATE, "unknown"), (2, Kind.EXIT, "unknown"))
    events = [told(key.track + after, kind, key, None, state) for key in keys for after, kind, state in steps]
    with EventStore(review_box) as store:
        store.append(events, [look for key in keys for look in looks_of(key, faces["impostor_1"], sface)])
    Unknowns(review_box, UnknownSettings(), lambda _look: True).take(events)
    browser.open(f"{api.site.url}#/review")
    shown = "[...document.querySelectorAll('.item .faces a')].map((one) => decodeURIComponent(one.hash).split(':')[2])"
    browser.wait_until(f"{shown}.length > 2")
    assert browser.evaluate(shown) == [str(key.track) for key in reversed(keys[-8:])]


def test_everything_that_the_filter_shows_is_answered_at_once_and_taken_back_at_once(review: Browser, api: Api) -> None:
    queue = review.evaluate(_QUEUE)
    review.press("a", "s")
    review.wait_until("document.querySelector('.empty')?.textContent.includes('Nothing waits for you')")
    assert api.ask("GET", "/review")["total"] == 0
    review.click(".messages button", "Undo")
    review.wait_until(f"{_QUEUE}.length === {len(queue)}")


def test_twenty_visits_are_answered_by_twenty_keys_as_fast_as_they_are_pressed(
    browser: Browser, box: Path, api: Api, faces: dict[str, EmbeddedFace], sface: Network
) -> None:
    keys = [TrackKey("yard", 36, number) for number in range(2000, 2020)]
    steps = ((0, Kind.ENTER, "pending"), (1, Kind.UPDATE, "uncertain"), (2, Kind.EXIT, "uncertain"))
    with EventStore(box) as store:
        for key in keys:
            looks = [dataclasses.replace(one, state="uncertain") for one in looks_of(key, faces["person_b_2"], sface)]
            store.append([told(key.track + after, kind, key, None, state) for after, kind, state in steps], looks)
    before = state_of(box)
    browser.open(f"{api.site.url}#/review")
    browser.wait_until(f"{_QUEUE}.length >= 20")
    browser.call("Runtime.evaluate", expression="document.querySelectorAll('.bar-of-tools select')[1].value = 'yard'")
    browser.evaluate("document.querySelectorAll('.bar-of-tools select')[1].dispatchEvent(new Event('change'))")
    browser.wait_until(f"{_QUEUE}.length === 20")
    began_s = time.monotonic()
    browser.press(*"xsxxssxsxxsxsxsxsxss")
    browser.wait_until("document.querySelector('.empty')?.textContent.includes('Nothing waits for you')")
    assert time.monotonic() - began_s < 60
    for _ in keys:
        api.ask("POST", "/corrections/undo", json={})
    assert state_of(box) == before


def test_keys_are_explained_and_do_nothing_while_somebody_writes(review: Browser, api: Api) -> None:
    review.press("?")
    review.wait_until("document.querySelectorAll('dialog .keys kbd').length >= 12")
    review.press("s")
    review.click("dialog button", "Close")
    total = api.ask("GET", "/review")["total"]
    review.press("n")
    review.wait_until("document.activeElement.matches('dialog input')")
    review.press("s", "x")
    assert review.evaluate("document.activeElement.value") == "sx"
    assert api.ask("GET", "/review")["total"] == total
