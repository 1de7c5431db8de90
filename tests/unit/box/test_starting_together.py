import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from twinface.box import starting_together
from twinface.box.starting_together import wait_for_the_others
from twinface.bus.node import Node
from twinface.bus.rundir import RunDirectory
from twinface.messages.topics import CROPS, TRACKS
from twinface.settings import CameraSettings, ExtractorSettings, Settings, TrackingSettings

_SETTINGS = Settings(
    camera=(CameraSettings(name="door", source="0"), CameraSettings(name="lab", source="1")),
    extractor=ExtractorSettings(count=1),
)


@pytest.fixture
def run(tmp_path: Path) -> RunDirectory:
    return RunDirectory(tmp_path / "run")


@pytest.fixture
def others() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture(autouse=True)
def supervised(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUPERVISOR_ENABLED", "1")


def _start(others: ExitStack, run: RunDirectory, *names: str) -> None:
    for name in names:
        node = others.enter_context(Node(name, run))
        if name.startswith("camera"):
            node.sender(CROPS)
        if name.startswith("extractor"):
            node.reader(CROPS, ["camera.door", "camera.lab"], lambda _: None)
        if name == "matcher":
            node.reader(TRACKS, ["camera.door", "camera.lab"], lambda _: None)


def _wait(node: Node, settings: Settings = _SETTINGS) -> float:
    readers = {node.sender(CROPS): 1, node.sender(TRACKS): 1}
    began_s = time.monotonic()
    wait_for_the_others(node, settings, readers)
    assert not any(sender.readers < count for sender, count in readers.items())
    return time.monotonic() - began_s


@pytest.mark.parametrize("late", [("sentinel", "extractor.0"), ("extractor.0", "sentinel")])
def test_a_camera_looks_when_everybody_has_loaded_and_reads(
    run: RunDirectory, others: ExitStack, late: tuple[str, str]
) -> None:
    _start(others, run, "camera.lab", "matcher", "web")
    coming = list(late)
    with Node("camera.door", run) as node:
        node.loop.every(0.1, lambda: _start(others, run, *[coming.pop(0)] if coming else []))
        _wait(node)
    assert not coming


def test_cameras_that_start_together_begin_one_after_the_other(run: RunDirectory, others: ExitStack) -> None:
    _start(others, run, "camera.door", "extractor.0", "matcher", "web")
    late = iter(["sentinel"])
    with Node("camera.lab", run) as node:
        node.loop.every(0.02, lambda: _start(others, run, *late))
        assert _wait(node) >= 0.25


def test_a_camera_that_starts_again_alone_has_no_turn(
    run: RunDirectory, others: ExitStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(starting_together, "_TURN_S", 60.0)
    settings = _SETTINGS.model_copy(update={"tracking": TrackingSettings(look_interval_ms=1e6)})
    _start(others, run, "camera.door", "extractor.0", "matcher", "web", "sentinel")
    with Node("camera.lab", run) as node:
        assert _wait(node, settings) < 60.0


def test_who_does_not_come_is_not_waited_for_for_ever(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting_together, "_AT_MOST_S", 0.1)
    with Node("camera.door", run) as node:
        wait_for_the_others(node, _SETTINGS, {node.sender(CROPS): 1})
        assert not node.loop.stopping


def test_a_stop_ends_the_wait(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting_together, "_AT_MOST_S", 1e9)
    with Node("camera.door", run) as node:
        node.loop.every(0.05, node.loop.stop)
        wait_for_the_others(node, _SETTINGS, {node.sender(CROPS): 1})


def test_a_camera_started_by_hand_waits_for_nobody(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUPERVISOR_ENABLED")
    turned: list[None] = []
    with Node("camera.door", run) as node:
        node.loop.every(0.0, lambda: turned.append(None))
        wait_for_the_others(node, _SETTINGS, {node.sender(CROPS): 1})
    assert not turned
