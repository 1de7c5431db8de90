"""What the real web process tells Prometheus and probes of a box of stand-ins."""

import re
import shutil
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from harness import until
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from web_site import Site, running_site

from twinface.bus.node import Node
from twinface.messages.topics import CROPS

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def _scrape(site: Site) -> Samples:
    """What the strict parser of OpenMetrics reads, by name and labels."""
    answer = httpx.get(f"{site.url}metrics", headers=OPENMETRICS)
    assert (answer.status_code, answer.headers["content-type"].partition(";")[0]) == (
        200,
        "application/openmetrics-text",
    )
    found = {
        (sample.name, frozenset(sample.labels.items())): float(sample.value)
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
    assert len(found) == sum(len(family.samples) for family in text_string_to_metric_families(answer.text))
    return found


def _value(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((f"twinface_{name}", frozenset(labels.items())))


def _say_everything(site: Site) -> None:
    """Have the stand-ins count what the real processes do."""

    def camera(node: Node) -> None:
        for name, number in (("frames", 90), ("detections", 30), ("boxes", 40), ("crops", 12)):
            node.meters.count(name, number)
        node.meters.gauge("frames_skipped", 3.0)
        node.meters.latency("frame", 12.0)

    def matcher(node: Node) -> None:
        for name, number in (("match", 7), ("match known", 4), ("match unknown", 3), ("exit", 1), ("exit unknown", 1)):
            node.meters.count(name, number)
        for name, value in (("people", 2), ("known_vectors", 5), ("gallery_version", 9), ("events_mb", 1.5)):
            node.meters.gauge(name, value)
        for name in ("events_stored", "events_waiting", "events_lost", "event_failures"):
            node.meters.gauge(name, 1.0)
        node.meters.latency("capture_to_match", 150.0)

    site.camera.do(lambda: camera(site.camera.node))
    site.camera.do(lambda: site.camera.node.sender(CROPS))
    site.extractor.do(lambda: site.extractor.node.meters.latency("embed", 8.0))
    site.matcher.do(lambda: matcher(site.matcher.node))
    site.wait_until_healthy()
    until(lambda: _value(_scrape(site), "gallery_people") == 2.0, 120.0, "the matcher's gauges")
    until(lambda: _value(_scrape(site), "camera_frames_total", camera="front") == 90.0, 120.0, "the camera's counts")


@pytest.fixture(scope="module")
def busy_site(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with running_site(tmp_path_factory.mktemp("metrics")) as site:
        _say_everything(site)
        yield site


def test_everything_that_is_counted_is_told(busy_site: Site) -> None:
    samples = _scrape(busy_site)
    counted = [_value(samples, f"camera_{what}_total", camera="front") for what in ("detections", "boxes", "crops")]
    assert counted == [30.0, 40.0, 12.0]
    assert _value(samples, "camera_frames_skipped_total", camera="front") == 3.0
    assert [_value(samples, "matches_total", state=one) for one in ("known", "unknown", "uncertain", "pending")] == [
        4,
        3,
        0,
        0,
    ]
    assert _value(samples, "tracks_total", state="unknown") == 1.0
    assert (_value(samples, "gallery_vectors"), _value(samples, "gallery_version")) == (5.0, 9.0)
    assert (_value(samples, "events_bytes"), _value(samples, "events_max_bytes")) == (1.5e6, 500e6)
    assert _value(samples, "link_messages_total", topic="crops", sender="camera.front", outcome="sent") == 0.0
    assert _value(samples, "link_queue", topic="crops", sender="camera.front", place="waiting") == 0.0
    stage = {"stage": "capture_to_match", "process": "matcher"}
    bounds = [_value(samples, "stage_duration_seconds_bucket", **stage, le=le) for le in ("0.1", "0.2", "5.0", "+Inf")]
    assert bounds == [0.0, 1.0, 1.0, 1.0]
    assert _value(samples, "stage_duration_seconds_sum", **stage) == pytest.approx(0.15)
    own_bytes = psutil.Process().memory_info().rss
    for process in ("camera.front", "extractor.0", "matcher", "web", "sentinel"):
        assert _value(samples, "process_up", process=process) == _value(samples, "process_ok", process=process) == 1.0
        most_bytes = 300e6 if process == "web" else 2 * own_bytes  # the stand-ins are threads of this process
        assert 10e6 < (_value(samples, "process_resident_memory_bytes", process=process) or 0.0) < most_bytes
        assert (_value(samples, "heartbeat_age_seconds", process=process) or 0.0) < 60.0


def test_a_day_of_strangers_and_a_restart_add_no_series(busy_site: Site) -> None:
    before = {key for key in _scrape(busy_site) if not key[0].endswith("_info")}
    for track in range(2000):
        busy_site.matcher.event("match", track=track, name=f"stranger {track}", state="unknown", score=0.1)
        busy_site.matcher.do(lambda: busy_site.matcher.node.meters.count("match unknown"))
    until(lambda: (_value(_scrape(busy_site), "matches_total", state="unknown") or 0) >= 2003, 120.0, "the strangers")
    after = _scrape(busy_site)
    assert {key for key in after if not key[0].endswith("_info")} == before
    assert not [key for key in after if "stranger" in str(key)]


def test_what_rules_and_dashboard_name_is_there(busy_site: Site) -> None:
    told = {name for name, _ in _scrape(busy_site)}
    files = [DEPLOY / "prometheus" / "alerts.yml", *sorted((DEPLOY / "grafana").glob("*.json"))]
    named = {one for path in files for one in re.findall(r"\btwinface_\w+", path.read_text(encoding="utf-8"))}
    assert len(named) > 15
    assert named - told == set()


def test_each_rule_fires_where_it_should_and_only_there() -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not installed; Debian's package prometheus has it")
    for command in (["check", "rules", "alerts.yml"], ["test", "rules", "tests/alerts.yml"]):
        folder = DEPLOY / "prometheus"
        done = subprocess.run([promtool, *command], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_restarts_are_counted_and_a_probe_says_whether_faces_get_names(site: Site) -> None:
    site.wait_until_healthy()
    assert httpx.get(f"{site.url}readyz").json() == {"ready": True, "reasons": []}
    assert _value(_scrape(site), "process_restarts_total", process="extractor.0") == 0.0
    site.extractor.do(lambda: site.extractor.node.set_state("waiting", "no network"))
    until(lambda: httpx.get(f"{site.url}readyz").status_code == 503, 120.0, "the extractor's trouble")
    assert httpx.get(f"{site.url}readyz").json() == {"ready": False, "reasons": ["extractor.0: waiting, no network"]}
    assert httpx.get(f"{site.url}livez").json() == {"alive": True}
    assert _value(_scrape(site), "process_ok", process="extractor.0") == 0.0
    site.extractor.stop()
    with type(site.extractor)(site.run, "extractor.0"):
        until(lambda: httpx.get(f"{site.url}readyz").status_code == 200, 120.0, "the new extractor")
        assert _value(_scrape(site), "process_restarts_total", process="extractor.0") == 1.0
    site.matcher.do(lambda: site.matcher.node.meters.gauge("people", 0.0))
    site.matcher.do(lambda: site.matcher.node.set_state("degraded", "the head cannot be read"))
    said = "matcher: degraded, the head cannot be read"
    until(lambda: said in httpx.get(f"{site.url}readyz").json()["reasons"], 120.0, "the matcher's trouble")


def test_a_scrape_is_quick(busy_site: Site) -> None:
    with httpx.Client() as client:
        took_s = []
        for _ in range(30):
            began_s = time.perf_counter()
            assert client.get(f"{busy_site.url}metrics").status_code == 200
            took_s.append(time.perf_counter() - began_s)
    assert min(took_s) < 0.05, "10 ms on an idle machine"
