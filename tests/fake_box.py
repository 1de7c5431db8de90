"""Stand-ins for the processes of a box: the real bus and sockets, the work behind them scripted by the test."""

import dataclasses
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Self

import cv2
import numpy as np

from twinface.bus.node import Node
from twinface.bus.rundir import RunDirectory
from twinface.errors import ServiceError
from twinface.messages.schema import MatchEvent, PreviewMeta, TrackBox
from twinface.messages.topics import MATCHES, PREVIEW
from twinface.types import Captured


@contextmanager
def short_run_directory() -> Iterator[RunDirectory]:
    """A run directory whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="tf-") as folder:
        yield RunDirectory(Path(folder) / "run")


class FakeProcess:
    """A node called `name`, in a thread of its own; a context manager."""

    def __init__(self, run: RunDirectory, name: str) -> None:
        self.run = run
        self.name = name
        self._calls: SimpleQueue[tuple[Callable[[], Any], Future[Any]]] = SimpleQueue()
        self._node: Future[Node] = Future()
        self._thread = threading.Thread(target=self._work, name=name)

    @property
    def node(self) -> Node:
        return self._node.result(120.0)

    def set_up(self, node: Node) -> None:
        node.set_state("running")

    def do(self, call: Callable[[], Any]) -> Any:
        """Call something in the node's thread; its result."""
        result: Future[Any] = Future()
        self._calls.put((call, result))
        self.node.loop.wake()
        return result.result(120.0)

    def __enter__(self) -> Self:
        self._thread.start()
        self._node.result(120.0)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        if self._thread.is_alive():
            with suppress(OSError):  # the thread may see that it has to stop, and close the loop, before it is woken
                self.node.loop.stop()
            self._thread.join()

    def _work(self) -> None:
        with Node(self.name, self.run) as node:
            self.set_up(node)
            self._node.set_result(node)
            while not node.loop.stopping:
                node.loop.turn()
                self._answer_calls()

    def _answer_calls(self) -> None:
        while True:
            try:
                call, result = self._calls.get_nowait()
            except Empty:
                return
            result.set_result(call())


class FakeMatcher(FakeProcess):
    """Publishes the events it is told to; `asked` are the verbs it was asked, `tracks` what its snapshot says."""

    def __init__(self, run: RunDirectory) -> None:
        super().__init__(run, "matcher")
        self.events: list[MatchEvent] = []
        self.kept_from = 0
        self.tracks: list[dict[str, Any]] = []
        self.streams_open = 1
        self.asked: list[str] = []

    def set_up(self, node: Node) -> None:
        self._publisher = node.publisher(MATCHES)
        node.answer(self._answer)
        node.set_state("running", "2 people")

    def event(self, type: str, *, lost: bool = False, **fields: Any) -> MatchEvent:  # noqa: A002  as in MatchEvent
        """Let something happen; `lost` = no subscriber hears of it."""
        return self.do(lambda: self._publish(type, lost, fields))  # type: ignore[no-any-return]

    def send_garbage(self) -> None:
        """Publish bytes that are no message."""
        self.do(lambda: self._publisher.socket.send_multipart([MATCHES.name.encode(), b"\xc1garbage"]))

    def _publish(self, kind: str, lost: bool, fields: Mapping[str, Any]) -> MatchEvent:
        defaults: dict[str, Any] = {
            "epoch": self.node.epoch,
            "sequence": len(self.events),
            "camera": "front",
            "camera_epoch": 1,
            "track": None if kind == "end" else 1,
            "name": None,
            "state": None if kind == "end" else "pending",
            "score": None if kind == "end" else 0.0,
            "box_xyxy": None if kind == "end" else (10.0, 20.0, 60.0, 90.0),
            "frame": 7,
            "captured": Captured(time.time_ns(), time.monotonic_ns(), 280.0),
            "latency_ms": 31.5,
        }
        event = MatchEvent(type=kind, **{**defaults, **fields})
        self.events.append(event)
        if event.streams_open is not None:
            self.streams_open = event.streams_open
        if not lost:
            self._publisher.publish(event, Captured.now())
        return event

    def _answer(self, verb: str, arguments: Mapping[str, Any]) -> Any:
        self.asked.append(verb)
        if verb == "snapshot":
            return {
                "epoch": self.node.epoch,
                "next_sequence": len(self.events),
                "streams_open": self.streams_open,
                "gallery_version": 1,
                "streams": [],
                "tracks": self.tracks,
            }
        if verb == "explain":
            if arguments["event"] is not None:
                raise ServiceError(f"no event has the number {arguments['event']}", "user")
            return {"event": None, "tracks": [{"track": arguments["track"]}]}
        since = max(arguments["since"], self.kept_from)
        page = self.events[since : since + arguments["limit"]]
        return {"epoch": self.node.epoch, "events": [dataclasses.asdict(event) for event in page]}


class FakeCamera(FakeProcess):
    """Shows a drawn face as track 1 to whoever watches."""

    def __init__(self, run: RunDirectory, camera: str) -> None:
        super().__init__(run, f"camera.{camera}")
        self._camera = camera
        self.wanted = False
        self.paused = False
        self.jpeg = draw_face()
        self.faces = [(260.0, 110.0, 380.0, 250.0)]

    def set_up(self, node: Node) -> None:
        self._publisher = node.publisher(PREVIEW)
        node.loop.every(0.1, self._show)
        node.set_state("running", "a drawn face")

    def _show(self) -> None:
        self.wanted = self._publisher.wanted()
        if self.wanted and not self.paused:
            self._publish(self.jpeg)

    def show_once(self, jpeg: bytes) -> None:
        """Show this picture, and no other one after it."""
        self.paused = True
        self.do(lambda: self._publish(jpeg))

    def _publish(self, jpeg: bytes) -> None:
        meta = PreviewMeta(
            self._camera, 0, 640, 360, tuple(TrackBox(1 + at, box, 0.9) for at, box in enumerate(self.faces))
        )
        self._publisher.publish(meta, Captured.now(), np.frombuffer(jpeg, np.uint8))


def draw_face(width_px: int = 640) -> bytes:
    """A JPEG, 16:9, with a face in its middle."""
    image = np.full((360, 640, 3), (90, 80, 70), np.uint8)
    cv2.ellipse(image, (320, 180), (48, 62), 0, 0, 360, (150, 180, 225), -1)
    for x in (302, 338):
        cv2.circle(image, (x, 168), 5, (40, 40, 40), -1)
    cv2.ellipse(image, (320, 205), (18, 8), 0, 0, 180, (60, 60, 160), 2)
    image = cv2.resize(image, (width_px, width_px * 9 // 16))
    return bytes(cv2.imencode(".jpg", image)[1])
