import gzip
import hashlib
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from harness import until
from live_page import live_page
from web_site import Site

import twinface.web
from twinface.web.request_guard import allowed_hosts


def _events(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    """(kind, data) of a stream of server-sent events."""
    kind = ""
    for line in response.iter_lines():
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield kind, json.loads(line.removeprefix("data: "))


def test_stops_cleanly_with_streams_open_and_stays_small(site: Site) -> None:
    with httpx.stream("GET", f"{site.url}api/v1/live/events") as events, live_page(site.url) as page:
        assert next(_events(events))[0] == "recent"
        page.say("watch", cameras=["front"])
        page.until("picture")
        assert psutil.Process(site.process.pid).memory_info().rss < 120e6
        code, log = site.stop_web()
    assert code == 0
    assert [json.loads(line)["event"] for line in log.splitlines()] == ["started", "state", "stopped"]
    assert not (site.run.path / "web.json").exists()


def test_healthz_names_who_is_silent_or_failed(site: Site) -> None:
    site.wait_until_healthy()
    assert httpx.get(f"{site.url}healthz").json() == {"ok": True, "state": "ok", "problems": []}
    site.camera.do(lambda: site.camera.node.set_state("failed", "no such device"))
    until(lambda: httpx.get(f"{site.url}healthz").status_code == 503, 120.0, "the failure to show")
    site.extractor.stop()
    until(lambda: len(httpx.get(f"{site.url}healthz").json()["problems"]) == 2, 120.0, "the silence to show")
    problems = httpx.get(f"{site.url}healthz").json()["problems"]
    assert problems[0] == "camera.front: failed, no such device"
    assert re.fullmatch(r"extractor\.0: hung, no heartbeat for \d+ s", problems[1])
    processes = {one["process"]: one for one in httpx.get(f"{site.url}api/v1/health").json()["processes"]}
    assert list(processes) == ["camera.front", "extractor.0", "matcher", "web", "sentinel"]
    assert (processes["web"]["alive"], processes["web"]["detail"]) == (True, site.url)
    assert processes["extractor.0"]["alive"] is False


def test_events_reach_every_page_as_they_come(site: Site) -> None:
    name = "<script>alert('ö')</script>"
    site.wait_until_healthy()
    with (
        httpx.stream("GET", f"{site.url}api/v1/live/events") as first,
        httpx.stream("GET", f"{site.url}api/v1/live/events") as second,
    ):
        pages = [_events(first), _events(second)]
        for page in pages:
            assert next(page) == ("recent", [])
        site.matcher.send_garbage()
        site.matcher.event("match", name=name, state="known", score=0.8)
        for page in pages:
            event = next(data for kind, data in page if kind == "match")
            assert (event["name"], event["score"], event["track"]) == (name, 0.8, 1)


def test_the_camera_encodes_only_while_somebody_watches(site: Site) -> None:
    assert not site.camera.wanted
    with live_page(site.url) as page:
        page.say("watch", cameras=["front"])
        assert page.until("picture")["jpeg"] == site.camera.jpeg
        assert site.camera.wanted
    until(lambda: not site.camera.wanted, 120.0, "the camera to stop encoding")


def test_foreign_names_are_refused_and_nothing_leaves_the_page(site: Site) -> None:
    port = httpx.URL(site.url).port
    for host, code in ((f"evil.example:{port}", 400), (f"localhost:{port}", 200), (f"[::1]:{port}", 200)):
        assert httpx.get(site.url, headers={"Host": host}).status_code == code
    page = httpx.get(site.url)
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert page.headers["cross-origin-resource-policy"] == "same-origin"
    assert httpx.get(f"{site.url}api/v1/health").headers["cache-control"] == "no-store"
    assert httpx.get(f"{site.url}static/../app.py").status_code == 404
    static = Path(twinface.web.__file__).parent / "static"
    names = [str(one.relative_to(static)) for one in static.rglob("*") if one.suffix in {".js", ".css", ".svg"}]
    assert "app.js" in names
    for name in names:
        text = httpx.get(f"{site.url}static/{name}").raise_for_status().text
        assert not re.search(r"https?://(?!www\.w3\.org/)", text), name


def test_the_vendored_module_is_the_one_that_was_made() -> None:
    vendor = Path(twinface.web.__file__).parent / "static/vendor"
    said, _ = (vendor / "preact.js.sha256").read_text().split()
    assert hashlib.sha256((vendor / "preact.js").read_bytes()).hexdigest() == said
    licences = (vendor / "LICENSES").read_text()
    assert all(f"{name} " in licences for name in ("preact", "@preact/signals", "htm"))


def test_the_page_is_small() -> None:
    static = Path(twinface.web.__file__).parent / "static"
    sent = sum(len(gzip.compress(one.read_bytes())) for one in static.rglob("*.js") if one.name != "entry.js")
    assert sent < 60_000


def test_a_port_that_is_taken_is_one_line(site: Site) -> None:
    site.stop_web()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        site.config.write_text(site.config.read_text().replace("port = 0", f"port = {port}"))
        environment = {**os.environ, "TWINFACE_CONFIG": str(site.config)}
        command = [sys.executable, "-P", "-m", "services.web"]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 2
    last = json.loads(done.stderr.splitlines()[-1])
    assert last["error"].startswith(f"cannot listen on 127.0.0.1 port {port} (Address already in use, by ")
    assert f", pid {os.getpid()}); set another" in last["error"]


@pytest.mark.parametrize(
    ("host", "allowed"),
    [
        ("127.0.0.1", ["localhost", "127.0.0.1", "[::1]", "127.0.0.1"]),
        ("::1", ["localhost", "127.0.0.1", "[::1]", "[::1]"]),
        ("0.0.0.0", ["*"]),
        ("192.168.1.4", ["*"]),
        ("box.lan", ["*"]),
    ],
)
def test_hosts_are_checked_on_loopback_only(host: str, allowed: list[str]) -> None:
    assert allowed_hosts(host) == allowed
