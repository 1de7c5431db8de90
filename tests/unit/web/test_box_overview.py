"""How the box is, in words and over time, as the real web process says it."""

import httpx
from harness import until
from web_site import Site

from twinface.messages.topics import CROPS


def test_the_box_says_how_it_is_and_what_to_do(site: Site) -> None:
    site.wait_until_healthy()
    box = httpx.get(f"{site.url}api/v1/box").json()
    assert (box["url"], box["tls"], box["problems"]) == (site.url, False, [])
    assert box["version"].count(".") == 2
    (camera,) = box["cameras"]
    assert (camera["camera"], camera["state"], camera["ok"]) == ("front", "running", True)
    assert box["disk"]["free_mb"] > 0.0
    assert (box["disk"]["max_mb"], box["disk"]["events_mb"]) == (500.0, None)
    assert box["books"] == {"balance": True, "lines": []}

    site.camera.do(lambda: site.camera.node.set_state("waiting", "connection refused"))
    site.extractor.stop()
    until(lambda: len(httpx.get(f"{site.url}api/v1/box").json()["problems"]) == 2, 120.0, "what is wrong to show")
    box = httpx.get(f"{site.url}api/v1/box").json()
    camera, extractor = box["problems"]
    assert (camera["process"], camera["words"]) == ("camera.front", "waiting, connection refused")
    assert camera["mend"].startswith("it tries again by itself")
    assert extractor["process"] == "extractor.0"
    assert str(site.run.path / "logs" / "extractor.0.log") in extractor["mend"]
    assert (box["cameras"][0]["state"], box["cameras"][0]["ok"]) == ("waiting", False)


def test_the_books_of_a_link_have_a_line(site: Site) -> None:
    sender = site.camera.do(lambda: site.camera.node.sender(CROPS))
    assert sender is not None
    site.wait_until_healthy()
    (line,) = httpx.get(f"{site.url}api/v1/box").json()["books"]["lines"]
    assert line == "crops of camera.front: 0 sent, 0 received, 0 dropped, 0 lost, 0 waiting, 0 in flight"


def test_the_last_hours_are_told_for_every_process_that_was_heard(site: Site) -> None:
    site.wait_until_healthy()
    until(lambda: _cpu_of_web(site), 120.0, "a second heartbeat")
    past = httpx.get(f"{site.url}api/v1/box/history", params={"hours": 1}).json()
    assert past["step_s"] == 15.0
    assert past["processes"].keys() == {"camera.front", "extractor.0", "matcher", "web", "sentinel"}
    for taken in past["processes"].values():
        assert len(taken["cpu"]) == len(taken["memory_mb"]) == len(past["at_ns"])
    assert 30.0 < past["processes"]["web"]["memory_mb"][-1] < 120.0
    for hours in ("0", "7", "nan", "x"):
        assert httpx.get(f"{site.url}api/v1/box/history", params={"hours": hours}).status_code == 422


def _cpu_of_web(site: Site) -> bool:
    past = httpx.get(f"{site.url}api/v1/box/history").json()
    return any(past["processes"].get("web", {"cpu": []})["cpu"])
