"""The longest name that there can be, in every view of a real browser."""

from pathlib import Path
from urllib.parse import quote

import pytest
from browser import Browser
from corrected_box import STREAM, YESTERDAY, looks_of, told
from web_site import Api

from twinface.events import EventStore, Kind, Subject, TrackKey
from twinface.networks import Network
from twinface.recognition.embedding import EmbeddedFace

_NAME = "W" * 200
_KEY = TrackKey("door", STREAM, 2000)

# What is wider than the screen and can be seen; strips that are meant to scroll are none of it.
_TOO_WIDE = """
[...document.querySelectorAll('main *')].filter((one) => one.checkVisibility() && !one.closest('.scroll, .days, svg')
  && one.getBoundingClientRect().right > innerWidth + 1).map((one) => `${one.tagName} ${one.className}`)
"""

_CHOOSE_YESTERDAY = f"""
const day = document.querySelector('input[type=date]');
day.value = '{YESTERDAY.isoformat()}';
day.dispatchEvent(new Event('change'));
"""


@pytest.fixture
def named(box: Path, api: Api, faces: dict[str, EmbeddedFace], sface: Network) -> Api:
    """A box on which Ada has the longest name, and came by it."""
    (ada,) = api.ask("GET", "/people?search=ada")["people"]
    api.ask("PATCH", f"/people/{ada['id']}", json={"name": _NAME})
    with EventStore(box) as store:
        events = [
            told(20, Kind.ENTER, _KEY, None, "pending"),
            told(21, Kind.UPDATE, _KEY, _NAME, "known"),
            told(21, Kind.ENTER, _KEY, _NAME, "known", subject=Subject.PERSON),
            told(22, Kind.EXIT, _KEY, _NAME, "known"),
        ]
        store.append(events, looks_of(_KEY, faces["person_a_2"], sface, _NAME))
    return api


def test_a_long_name_makes_no_view_wider_than_the_screen(browser: Browser, named: Api) -> None:
    (person,) = named.ask("GET", "/people?search=www")["people"]
    views = {
        "review": f"[...document.querySelectorAll('.item button')].some((one) => one.textContent.includes({_NAME!r}))",
        "people": f"[...document.querySelectorAll('.tile b')].some((one) => one.textContent === {_NAME!r})",
        f"people/{person['id']}": f"document.querySelector('.person h2')?.textContent === {_NAME!r}",
        f"history?name={_NAME}": "document.querySelector('.visits .row')",
        f"why/{quote('door:z:2000', safe='')}": f"document.querySelector('.why h2')?.textContent === {_NAME!r}",
        "box": f"document.querySelector('.changes')?.textContent.includes({_NAME!r})",
    }
    browser.open(named.site.url, 390)
    browser.wait_until("document.querySelector('#connection')?.textContent === 'live'")
    for view, there in views.items():
        browser.evaluate(f"location.hash = '#/{view}'")
        browser.wait_until(there)
        assert browser.evaluate("document.documentElement.scrollWidth") == 390, view
        assert browser.evaluate(_TOO_WIDE) == [], view
    browser.evaluate("location.hash = '#/history'")
    browser.wait_until("document.querySelector('input[type=date]')")
    browser.evaluate(_CHOOSE_YESTERDAY)
    browser.wait_until("document.querySelector('.hours span')")
    hours = "[...document.querySelectorAll('.hours span')].map((one) => one.offsetHeight)"
    assert max(browser.evaluate(hours)) < 30, "an hour is on one line"
    browser.open("about:blank")
