import math
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from fake_box import short_run_directory

from twinface.bus.node import Node
from twinface.bus.pubsub import Publisher
from twinface.live.preview import PreviewMaker
from twinface.messages.schema import CropTally, Message, PreviewMeta, TrackBox, TracksUpdate
from twinface.messages.topics import PREVIEW
from twinface.settings import WebSettings
from twinface.types import Captured, Frame

_TRACKS = (TrackBox(1, (10.0, 20.0, 30.0, 40.0), 0.9),)


@pytest.fixture
def nodes() -> Iterator[tuple[Node, Node]]:
    with short_run_directory() as run, Node("camera.front", run) as camera, Node("web", run) as web:
        yield camera, web


def make(publisher: Publisher, settings: WebSettings) -> PreviewMaker:
    return PreviewMaker(publisher.wanted, publisher.publish, settings)


def offer(maker: PreviewMaker, index: int, width_px: int = 640, at_s: float | None = None) -> None:
    image = np.full((width_px * 9 // 16, width_px, 3), index % 250, np.uint8)
    update = TracksUpdate("front", 1, index, width_px, image.shape[0], _TRACKS, (), (), (), CropTally(), False)
    maker.offer(Frame(image, index, Captured(0, 0, 0.0)), update, now_s=float(index) if at_s is None else at_s)


def count_encodings(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    encoded: list[Any] = []
    encode = cv2.imencode
    monkeypatch.setattr(cv2, "imencode", lambda *arguments: (encoded.append(arguments), encode(*arguments))[1])
    return encoded


def test_nothing_is_encoded_for_nobody(nodes: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = count_encodings(monkeypatch)
    maker = make(nodes[0].publisher(PREVIEW), WebSettings())
    for index in range(20):
        offer(maker, index)
    assert encoded == []


@pytest.mark.parametrize(("width_px", "shown"), [(1280, (180, 320)), (200, (112, 200))])
def test_a_viewer_gets_a_small_picture_and_the_boxes(
    nodes: tuple[Node, Node], width_px: int, shown: tuple[int, int]
) -> None:
    camera, web = nodes
    publisher = camera.publisher(PREVIEW)
    maker = make(publisher, WebSettings(preview_width_px=320, preview_fps=1000.0))
    heard: list[Message] = []
    web.subscriber(PREVIEW, ["camera.front"], heard.append)
    for index in range(1000):
        offer(maker, index, width_px)
        web.loop.turn(0.01)
        if heard:
            break
    meta, jpeg = heard[0].body, heard[0].array
    assert meta == PreviewMeta("front", heard[0].body.frame, width_px, width_px * 9 // 16, _TRACKS)  # type: ignore[union-attr]
    assert jpeg is not None
    picture = cv2.imdecode(jpeg, cv2.IMREAD_COLOR)
    assert picture is not None
    assert picture.shape[:2] == shown


def test_it_keeps_to_its_rate(nodes: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch) -> None:
    camera, web = nodes
    publisher = camera.publisher(PREVIEW)
    encoded = count_encodings(monkeypatch)
    maker = make(publisher, WebSettings(preview_fps=0.01))
    web.subscriber(PREVIEW, ["camera.front"], lambda _: None)
    for _ in range(1000):
        if publisher.wanted():
            break
        web.loop.turn(0.01)
    for index in range(50):
        offer(maker, index)
    assert len(encoded) == 1


def test_a_camera_of_as_many_frames_a_second_as_are_wanted_is_shown_whole(
    nodes: tuple[Node, Node], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where its frames come some milliseconds early or late; one of more frames is not shown faster."""
    camera, web = nodes
    publisher = camera.publisher(PREVIEW)
    encoded = count_encodings(monkeypatch)
    web.subscriber(PREVIEW, ["camera.front"], lambda _: None)
    for _ in range(1000):
        if publisher.wanted():
            break
        web.loop.turn(0.01)
    jitter_s = np.random.default_rng(7).uniform(-0.01, 0.01, 300)
    for fps, least, most in ((15.0, 295, 300), (25.0, 178, 182)):
        encoded.clear()
        maker = make(publisher, WebSettings(preview_fps=15.0))
        for index in range(300):
            offer(maker, index, 64, at_s=100.0 + index / fps + float(jitter_s[index]))
        assert least <= len(encoded) <= most, fps


def test_it_says_when_the_next_picture_is_due_and_never_while_nobody_watches(nodes: tuple[Node, Node]) -> None:
    camera, web = nodes
    maker = make(camera.publisher(PREVIEW), WebSettings(preview_fps=4.0))
    offer(maker, 0)
    assert maker.due_at_s == math.inf
    heard: list[Message] = []
    viewer = web.subscriber(PREVIEW, ["camera.front"], heard.append)
    for index in range(1, 1000):
        offer(maker, index)
        web.loop.turn(0.01)
        if heard:
            break
    assert maker.due_at_s == index + 0.25
    offer(maker, index)
    assert maker.due_at_s == index + 0.25, "too soon for another one"
    viewer.listen(False)
    for index in range(1000, 2000):
        offer(maker, index)
        if maker.due_at_s == math.inf:
            return
        web.loop.turn(0.01)
    raise AssertionError("nobody watches any more")
