"""The socket of a page: the real web process over real sockets, a client of another library, and a real browser."""

import socket
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest
from browser import Browser
from harness import until
from live_page import Origin, Subprotocol, live_page
from web_site import Site, running_site
from websockets.exceptions import ConnectionClosed, InvalidStatus


def test_a_page_hears_what_was_what_is_and_what_comes(site: Site) -> None:
    site.wait_until_healthy()
    site.matcher.tracks = [{"camera": "front", "track": 4, "name": "Ada", "state": "known", "score": 0.9}]
    site.matcher.event("enter", sequence=0)
    with httpx.stream("GET", f"{site.url}api/v1/live/events") as events, live_page(site.url) as page:
        assert page.socket.subprotocol == "twinface.live.1"
        recent = page.next()
        assert (recent["type"], [one["type"] for one in recent["events"]]) == ("recent", ["enter"])
        assert page.until("health")["state"] == "ok"
        present = page.until("present")
        assert (present["tracks"], present["next_sequence"]) == (site.matcher.tracks, 1)
        assert {**httpx.get(f"{site.url}api/v1/present").json(), "type": "present"} == present
        site.matcher.event("match", name="<b>ö</b>", state="known", score=0.8)
        event = page.until("match")["event"]
        assert (event["type"], event["name"], event["state"], event["news"]) == ("match", "<b>ö</b>", "known", True)
        assert (event["camera"], event["track"], event["sequence"]) == ("front", 1, 1)
        lines = events.iter_lines()
        assert next(line for line in lines if "ö" in line or "\\u00f6" in line).startswith("data: ")
        site.matcher.tracks = []
        page.say("present")
        assert page.until("present")["tracks"] == []


def test_pictures_come_one_at_a_time_and_only_while_they_are_taken(site: Site) -> None:
    assert not site.camera.wanted
    with live_page(site.url) as page:
        page.say("watch", cameras=["front", "cellar"])
        first = page.until("picture")
        assert (first["camera"], first["width_px"], first["jpeg"]) == ("front", 640, site.camera.jpeg)
        assert first["tracks"] == [{"track": 1, "box_xyxy": [260.0, 110.0, 380.0, 250.0], "detection_score": 0.9}]
        assert abs(time.time_ns() - first["captured_at_ns"]) < 60e9
        until(lambda: not site.camera.wanted, 60.0, "no picture to be made while none is taken")
        heard = [page.next()["type"] for _ in range(3)]
        assert "picture" not in heard
        page.say("taken", camera="front")
        second = page.until("picture")
        assert second["captured_at_ns"] > first["captured_at_ns"] + 1e9, "the one made meanwhile is too old"
        page.say("taken", camera="front")
        page.until("picture")
        page.say("watch", cameras=[])
        until(lambda: not site.camera.wanted, 60.0, "no picture to be made where nobody watches")
        page.say("watch", cameras=["front"])
        page.until("picture")
    until(lambda: not site.camera.wanted, 60.0, "no picture to be made once the page is gone")


def test_what_cannot_be_done_is_said_and_the_socket_stays(site: Site) -> None:
    site.wait_until_healthy()
    with live_page(site.url) as page:
        page.until("present")
        page.say("watch", cameras=["cellar"])
        problem = page.until("problem")
        assert (problem["about"], problem["detail"], problem["code"]) == (
            "watch",
            "no such camera: cellar",
            "not_there",
        )
        for nonsense in ("", "[]", '{"type": "party"}', '{"type": "taken"}', "\ud7ff" * 10, b"\x00\x01"):
            page.socket.send(nonsense)
            assert page.until("problem")["code"] == "does_not_fit"
        site.matcher.stop()
        page.say("present")
        problem = page.until("problem")
        assert (problem["about"], problem["code"]) == ("present", "timeout")
        page.socket.send("x" * 20_000)
        with pytest.raises(ConnectionClosed) as ended:
            page.until("never")
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code == 1009
    assert httpx.get(f"{site.url}api/v1/present").json()["code"] == "timeout"


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        ({"origin": Origin("http://evil.example")}, 403, "foreign_origin"),
        ({"origin": Origin("null")}, 403, "foreign_origin"),
        ({"additional_headers": {"Sec-Fetch-Site": "cross-site"}}, 403, "foreign_origin"),
        ({"subprotocols": (Subprotocol("chat"),)}, 400, "subprotocol_needed"),
    ],
)
def test_who_may_not_follow_is_told_before_it_begins(site: Site, more: dict[str, object], code: int, says: str) -> None:
    with pytest.raises(InvalidStatus) as refused, live_page(site.url, **more):
        pass
    response = refused.value.response
    assert response.status_code == code
    assert says in response.body.decode()
    assert "default-src 'none'" in response.headers["content-security-policy"]


def test_a_name_that_was_made_to_point_here_is_refused(site: Site) -> None:
    url = httpx.URL(site.url)
    connection = socket.create_connection((url.host, url.port))
    with pytest.raises(InvalidStatus) as refused, live_page(str(url.copy_with(host="evil.example")), sock=connection):
        pass
    assert (refused.value.response.status_code, refused.value.response.body) == (400, b"Invalid host header")


def test_eight_cameras_in_seven_tabs_leave_room_for_what_the_tabs_ask(tmp_path: Path) -> None:
    cameras = [f"camera-{number}" for number in range(8)]
    with running_site(tmp_path, cameras=cameras) as site, ExitStack() as held:
        pages = [held.enter_context(live_page(site.url)) for _ in range(7)]
        for page in pages:
            page.say("watch", cameras=cameras)
        for page in pages:
            seen: Counter[str] = Counter()
            while len(seen) < len(cameras) or min(seen.values()) < 3:
                camera = page.until("picture")["camera"]
                seen[camera] += 1
                page.say("taken", camera=camera)
            assert max(seen.values()) < 30, "no camera keeps another one out"
        assert all(httpx.get(f"{site.url}api/v1/people").status_code == 200 for _ in range(6))


def test_many_pages_stay_open_and_leave_room_for_requests(site: Site) -> None:
    with ExitStack() as held:
        pages = [held.enter_context(live_page(site.url)) for _ in range(32)]
        for page in pages:
            page.say("watch", cameras=["front"])
        for page in pages:
            assert page.until("picture")["jpeg"] == site.camera.jpeg
        with pytest.raises(InvalidStatus) as refused, live_page(site.url):
            pass
        assert refused.value.response.status_code == 503
        assert httpx.get(f"{site.url}api/v1/people").status_code == 200
        assert psutil.Process(site.process.pid).memory_info().rss < 120e6  # type: ignore[union-attr]
    until(lambda: _opens(site.url), 60.0, "room again once they have gone")


def _opens(url: str) -> bool:
    try:
        with live_page(url) as page:
            return page.next()["type"] == "recent"
    except InvalidStatus:
        return False


def test_pages_are_told_that_the_box_stops(site: Site) -> None:
    with live_page(site.url) as page:
        page.until("recent")
        assert site.stop_web()[0] == 0
        with pytest.raises(ConnectionClosed) as ended:
            page.until("never")
        assert ended.value.rcvd is not None
        assert ended.value.rcvd.code in {1001, 1012}


def test_a_browser_follows_its_own_box_and_no_other(site: Site, browser: Browser) -> None:
    """The page's policy lets it connect to where it came from: a socket, too."""
    browser.open(site.url)
    browser.wait_until("document.title == 'twinface' && location.protocol == 'http:'")
    browser.evaluate(
        "window.heard = []; window.socket = new WebSocket(`ws://${location.host}/api/v1/live`, 'twinface.live.1');"
        "socket.binaryType = 'arraybuffer';"
        "socket.onopen = () => socket.send(JSON.stringify({type: 'watch', cameras: ['front']}));"
        "socket.onmessage = (one) => heard.push(typeof one.data == 'string' ? JSON.parse(one.data).type : 'picture')"
    )
    browser.wait_until("heard.includes('recent') && heard.includes('picture') && heard.includes('present')")
    browser.evaluate(
        "window.blocked = ''; document.addEventListener('securitypolicyviolation',"
        " (one) => { window.blocked = one.effectiveDirective });"
        "try { new WebSocket('ws://127.0.0.1:9/') } catch {}"
    )
    browser.wait_until("blocked == 'connect-src'")
    browser.messages.clear()
    browser.open("about:blank")
