"""Processes that start one after the other, in an order that supervisord would not choose."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from harness import Pipeline, until

from twinface.bus.pubsub import latest_heartbeats

pytestmark = pytest.mark.pipeline

_ORDERS = (
    ("who sends first", ("camera 0", "camera 1", "extractor 0", "extractor 1", "matcher", "web")),
    ("who reads first", ("web", "matcher", "extractor 1", "extractor 0", "camera 1", "camera 0")),
    ("the middle last", ("camera 1", "matcher", "camera 0", "web", "extractor 1", "extractor 0")),
)
_NAMES = {
    "camera 0": "camera.door",
    "camera 1": "camera.lab",
    "extractor 0": "extractor.0",
    "extractor 1": "extractor.1",
}


@contextmanager
def _running(pipeline: Pipeline, order: tuple[str, ...]) -> Iterator[None]:
    """Each started when the heart of the one before beats."""
    environment = {
        **os.environ,
        "TWINFACE_CONFIG": str(pipeline.config),
        "TWINFACE_KEY_FILE": str(pipeline.folder / "key"),
    }
    started: list[subprocess.Popen[bytes]] = []
    try:
        for process in order:
            kind, *number = process.split()
            command = [sys.executable, "-P", "-m", f"services.{kind}", *number]
            started.append(subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL))
            name = _NAMES.get(process, kind)
            until(lambda: latest_heartbeats(pipeline.run, [name]), 120.0, f"the heart of {name}")  # noqa: B023
        yield
    finally:
        for one in started:
            one.terminate()
        for one in started:
            assert one.wait(120.0) == 0


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(order, id=name, marks=[pytest.mark.long] * bool(count))
        for count, (name, order) in enumerate(_ORDERS)
    ],
)
def test_the_order_of_start_makes_no_difference(pipeline: Pipeline, portraits: Path, order: tuple[str, ...]) -> None:
    source = f'source = "{portraits}"\nloop = true\npicture_seconds = 0.6'
    pipeline.configure(f'name = "door"\n{source}', f'name = "lab"\n{source}', extractors=2)
    pipeline.enrol("Ada", portraits / "person_a_1.jpg")
    with _running(pipeline, order):
        for camera in ("door", "lab"):
            until(
                lambda: any(event["camera"] == camera and event["name"] == "Ada" for event in pipeline.events()),  # noqa: B023
                120.0,
                f"Ada at {camera}",
            )
    assert {event["name"] for event in pipeline.events()} <= {None, "Ada"}
