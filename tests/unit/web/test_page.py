"""The page in a real browser, over the real web process."""

import json
import time
from collections.abc import Iterator

import pytest
from browser import Browser
from fake_box import FakeMatcher, draw_face
from web_site import Site

from twinface.events import Event, EventStore, Kind, Subject
from twinface.settings_file import load_settings
from twinface.text import printable

_NAME = "<script>alert(1)</script><b>Ada"


_HOUR_NS = 3600 * 10**9


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Browser]:
    site.matcher.event("enter")
    site.matcher.event("match", name=_NAME, state="known", score=0.8)
    there = {"camera": "front", "track": 1, "name": _NAME, "state": "known", "score": 0.8}
    site.matcher.tracks = [{**there, "entered_at_ns": time.time_ns()}]
    _store(site, (Kind.ENTER, Subject.PERSON, _NAME))
    browser.messages.clear()
    browser.open(site.url)
    browser.wait_until("document.querySelector('#connection')?.textContent === 'live'")
    yield browser
    browser.call("Page.navigate", url="about:blank")


def _store(site: Site, *visits: tuple[Kind, Subject, str | None], camera: str = "front") -> None:
    """What the matcher would have stored: of a track that began an hour ago."""
    told = [(Kind.ENTER, Subject.TRACK, None), *visits]
    since_ns = time.time_ns() - _HOUR_NS
    events = [
        Event(kind, subject, camera, 7, 1, name, "known" if name else "unknown", 0.9, at_ns, since_ns, 1.0, 0.0, 1)
        for at_ns, (kind, subject, name) in enumerate(told, start=since_ns)
    ]
    with EventStore(load_settings(site.config).events_path) as store:
        store.append(events, [])


def _text(selector: str) -> str:
    return f"document.querySelector({selector!r})?.textContent"


def test_names_stand_in_the_list_over_the_face_and_in_the_log_as_they_are(page: Browser, site: Site) -> None:
    page.wait_until(f"{_text('#here .who b')} === {_NAME!r}")
    page.wait_until(f"{_text('.box[data-state=known] b')} === {_NAME!r}")
    page.wait_until(f"{_text('#log .said')} === {f'{_NAME} at front'!r}")
    assert "since" in page.evaluate(_text("#here .who span"))
    box = page.evaluate(
        "[...['left','top','width','height'].map((side) => document.querySelector('.box').style[side])]"
    )
    assert [float(side.rstrip("%")) for side in box] == pytest.approx([40.625, 30.5556, 18.75, 38.8889], abs=1e-3)
    page.wait_until("document.querySelector('.frame canvas').width === 640")
    site.matcher.event("exit", name=_NAME, state="known")
    page.wait_until("document.querySelectorAll('#here li').length === 0 && document.querySelector('#nobody')")
    assert page.messages == []


def test_each_state_has_its_word_and_its_colour(page: Browser, site: Site) -> None:
    states = {1: "uncertain", 2: "unknown", 3: "pending", 4: "pending"}
    site.matcher.tracks = [
        {"camera": "front", "track": track, "name": None, "state": state, "score": 0.4}
        for track, state in states.items()
    ]
    for track, state in states.items():
        site.matcher.event("enter", track=track)
        site.matcher.event("match", track=track, state=state, score=0.4)
    page.open(site.url)
    page.wait_until("document.querySelectorAll('#here li').length === 3")
    assert page.evaluate("[...document.querySelectorAll('#here .who b')].map((one) => one.textContent)") == [
        "not sure",
        "unknown",
        "2 more faces",
    ]
    assert page.evaluate(_text("#here .pending .who span")) == "looking… · front"
    assert "0.4" not in page.evaluate(_text("#here")), "a number that means nothing to whoever reads it"
    colours = page.evaluate("[...document.querySelectorAll('#here .face')].map((one) => getComputedStyle(one).color)")
    assert len(set(colours)) == 3


def test_what_the_box_stores_is_shown_once_and_in_its_order(page: Browser, site: Site) -> None:
    page.wait_until("document.querySelectorAll('#log li').length === 1")
    visits = [
        (Kind.ENTER, Subject.PERSON, "Grace"),
        (Kind.EXIT, Subject.PERSON, "Grace"),
        (Kind.STAYED, Subject.TRACK, None),
    ]
    _store(site, *visits, camera="door")
    site.matcher.event("match", track=2, name="Grace", state="known", score=0.9)
    page.wait_until("document.querySelectorAll('#log li').length === 4")
    said = page.evaluate("[...document.querySelectorAll('#log .said')].map((one) => one.textContent)")
    assert said == ["somebody unknown at door", "Grace left door", "Grace at door", f"{_NAME} at front"]


def test_a_picture_is_shown_when_it_comes_not_with_the_next(page: Browser, site: Site) -> None:
    page.wait_until("document.querySelector('.frame canvas').width === 640")
    site.camera.show_once(draw_face(320))
    page.wait_until("document.querySelector('.frame canvas').width === 320", 120.0)


def test_a_face_leads_to_why(page: Browser, site: Site) -> None:
    site.matcher.tracks = [
        {"camera": "front", "track": 1, "track_id": "front:7:1", "name": _NAME, "state": "known", "score": 0.8}
    ]
    page.open(site.url)
    page.click(".box[data-state=known][href]")
    page.wait_until("location.hash === '#/why/front%3A7%3A1' && document.querySelector('.why .summary, .why .bad')")


def test_labels_cover_no_face_and_no_other_label(page: Browser, site: Site) -> None:
    faces = [(260.0 + 90 * column, 150.0 + 70 * row) for column in range(4) for row in range(2)]
    site.camera.faces = [(left, top, left + 60, top + 60) for left, top in faces]
    site.matcher.tracks = [
        {"camera": "front", "track": 1 + at, "name": f"Somebody {at}", "state": "known", "score": 0.8}
        for at in range(len(faces))
    ]
    page.open(site.url)
    page.wait_until("document.querySelectorAll('.box[data-state=known]').length === 8")
    rectangles = (
        "(css) => [...document.querySelectorAll(css)].map((one) => one.getBoundingClientRect())"
        ".filter((one) => one.width).map((one) => [one.left, one.top, one.right, one.bottom])"
    )
    labels, boxes = (page.evaluate(f"({rectangles})({css!r})") for css in (".box b", ".box"))
    assert labels, "somebody has a label"
    for at, label in enumerate(labels):
        assert not any(_overlap(label, other) for other in labels[:at])
        assert sum(_overlap(label, box) for box in boxes) == 0


def _overlap(one: list[float], other: list[float]) -> bool:
    """By more than a frame's width."""
    wide, high = (min(one[2 + at], other[2 + at]) - max(one[at], other[at]) for at in (0, 1))
    return wide > 3 and high > 3


@pytest.mark.parametrize("width_px", [390, 1280])
def test_nothing_sticks_out_sideways(page: Browser, site: Site, width_px: int) -> None:
    site.matcher.tracks = [{"camera": "front", "track": 1, "name": "W" * 120, "state": "known", "score": 0.9}]
    page.open(site.url, width_px)
    page.wait_until("document.querySelector('.box b')?.textContent.startsWith('WWW')")
    assert page.evaluate("document.documentElement.scrollWidth") == width_px
    wide = (
        "[...document.querySelectorAll('#here li, #log li, figure, h1')].filter((one) => one.scrollWidth > innerWidth)"
    )
    assert page.evaluate(f"{wide}.length") == 0


_ODD_NAMES = {
    "right to left": "שרה כהן 7",
    "joined": "می\N{ZERO WIDTH NON-JOINER}خواهم",
    "turned around": "\N{RIGHT-TO-LEFT OVERRIDE}Eve\N{RIGHT-TO-LEFT ISOLATE}[1]",
    "without a shape": "A\N{ZERO WIDTH NO-BREAK SPACE}d\N{NO-BREAK SPACE}a\U000e0041\ue000\N{SOFT HYPHEN}",
    "on lines": "Ada\nof\N{LINE SEPARATOR}Byron\x1b[31m\x9b",
    "long": "W" * 200,
    "long and right to left": "שרה " * 50,
    "high": "Z" + "\N{COMBINING TILDE}" * 100,
}


@pytest.mark.parametrize("name", [pytest.param(name, id=what) for what, name in _ODD_NAMES.items()])
def test_a_name_stays_in_its_place_and_turns_nothing_around(page: Browser, site: Site, name: str) -> None:
    page.wait_until("document.querySelector('#log .said') && document.querySelector('#here li')")
    plain_px = page.evaluate("document.querySelector('#here li').offsetHeight")
    site.matcher.tracks = [{"camera": "front", "track": 1, "name": name, "state": "known", "score": 0.9}]
    _store(site, (Kind.ENTER, Subject.PERSON, name))
    page.open(site.url, 390)
    shown = json.dumps(printable(name))
    for place in ("#here .who b", ".box[data-state=known] b", "#log .said bdi"):
        page.wait_until(f"{_text(place)} === {shown}")
    assert page.evaluate(_text("#log .said")) == f"{printable(name)} at front"
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.evaluate("document.querySelector('#here li').offsetHeight") == plain_px
    sides = "((one) => [one.left, one.right])(document.querySelector('#here li{}').getBoundingClientRect())"
    (_, end), (_, face), (left, right) = (page.evaluate(sides.format(one)) for one in ("", " > .face", " > .who"))
    assert face <= left < right <= end
    ends = "((range) => (range.selectNodeContents(document.querySelector('#log .said').lastChild), range))"
    after = f"{ends}(document.createRange()).getBoundingClientRect()"
    last = "[...document.querySelector('#log bdi').getClientRects()].at(-1)"
    assert page.evaluate(f"{after}.bottom > {last}.bottom + 1 || {after}.left >= {last}.right - 1"), (
        "at front comes last"
    )


def test_a_long_name_is_cut_at_its_end_which_is_on_the_left_of_some_scripts(page: Browser, site: Site) -> None:
    for name, direction in (("שרה " * 50, "rtl"), ("Sara " * 40, "ltr")):
        site.matcher.tracks = [{"camera": "front", "track": 1, "name": name, "state": "known", "score": 0.9}]
        page.open(site.url)
        for place in ("#here .who b", ".box[data-state=known] b"):
            page.wait_until(f"{_text(place)} === {json.dumps(printable(name))}")
            assert page.evaluate(f"getComputedStyle(document.querySelector({place!r})).direction") == direction


def test_missed_events_are_made_up_for(page: Browser, site: Site) -> None:
    page.wait_until(f"{_text('#here .who b')} === {_NAME!r}")
    site.matcher.tracks = [{"camera": "front", "track": 2, "name": "Bob", "state": "known", "score": 0.9}]
    site.matcher.event("enter", track=2, lost=True)
    site.matcher.event("match", track=2, name="Bob", state="known", score=0.9)
    page.wait_until(f"{_text('#here')}.includes('Bob') && !{_text('#here')}.includes('Ada')")


def test_a_matcher_that_starts_anew_at_once_is_noticed(page: Browser, site: Site) -> None:
    page.wait_until(f"{_text('#here .who b')} === {_NAME!r}")
    site.matcher.stop()
    with FakeMatcher(site.run) as matcher:
        matcher.event("enter", track=9, lost=True)
        matcher.tracks = [{"camera": "front", "track": 9, "name": "Bob", "state": "known", "score": 0.9}]
        page.wait_until(f"{_text('#here')}.includes('Bob') && !{_text('#here')}.includes('Ada')", 120.0)


def test_a_hidden_picture_is_not_asked_for(page: Browser, site: Site) -> None:
    page.wait_until("document.querySelector('.box')")
    assert site.camera.wanted
    page.evaluate("document.querySelector('.camera button').click()")
    page.wait_until(f"{_text('.frame p')} === 'picture hidden'")
    page.wait_until("!document.querySelector('.box')")
    page.evaluate("document.querySelector('.camera button').click()")
    page.wait_until("document.querySelector('.box')")


def test_it_says_when_the_matcher_is_down_and_when_it_is_back(page: Browser, site: Site) -> None:
    site.matcher.stop()
    page.wait_until("document.querySelector('#alarm')?.textContent === 'matcher does not answer'")
    page.wait_until("document.querySelector('[data-stale=true] #here')")
    with FakeMatcher(site.run) as matcher:
        matcher.tracks = [{"camera": "front", "track": 9, "name": "Bob", "state": "known", "score": 0.9}]
        page.wait_until("!document.querySelector('#alarm')")
        page.wait_until(f"{_text('#here')}.includes('Bob') && !{_text('#here')}.includes('Ada')")


def test_it_finds_a_server_that_was_away(page: Browser, site: Site) -> None:
    port = site.url.rstrip("/").rpartition(":")[2]
    site.config.write_text(site.config.read_text().replace("port = 0", f"port = {port}"))
    site.stop_web()
    page.wait_until("document.querySelector('#connection').textContent === 'connection lost'")
    site.start_web()
    page.wait_until("document.querySelector('#connection').textContent === 'live'")
    page.wait_until("document.querySelector('.box')")


def test_an_address_that_somebody_typed_does_not_leave_the_page_empty(browser: Browser, site: Site) -> None:
    browser.open(f"{site.url}#/people/100%")
    browser.wait_until("document.querySelector('#connection')?.textContent === 'live'")
    browser.wait_until("document.querySelector('main .bad')")
    browser.open("about:blank")


def test_the_settings_in_force_are_shown_with_where_they_are_from(page: Browser, site: Site) -> None:
    page.evaluate("location.hash = '#/box'")
    page.click(".boxview summary", "Settings in force")
    cells = "(row) => [...row.cells].map((cell) => cell.textContent)"
    row = f"[...document.querySelectorAll('#settings tbody tr')].map({cells})"
    rows = f"Object.fromEntries({row}.map(([name, ...rest]) => [name, rest]))"
    page.wait_until(f"Object.keys({rows}).length > 40")
    found = page.evaluate(rows)
    lines = site.config.read_text().splitlines()
    assert found["web.port"] == ["0", f"line {lines.index('port = 0') + 1}"]
    assert found["matching.rule"] == ['"template"', "default"]


def test_nothing_is_said_to_work_while_the_box_is_not_heard(page: Browser, site: Site) -> None:
    page.wait_until("document.querySelector('.frame canvas').width === 640")
    page.evaluate("location.hash = '#/box'")
    page.wait_until(f"{_text('.boxview')}?.includes('Everything works')")
    site.stop_web()
    page.wait_until("document.querySelector('#connection').textContent === 'connection lost'")
    assert "Everything works" not in page.evaluate(_text(".boxview"))
