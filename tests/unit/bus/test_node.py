import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import zmq
from harness import until

from twinface.box.accounts import read_links
from twinface.bus.node import Node
from twinface.bus.pubsub import latest_heartbeats
from twinface.bus.rundir import RunDirectory
from twinface.errors import ServiceError
from twinface.messages.schema import Heartbeat, Message
from twinface.messages.topics import CROPS, HEALTH, MATCHES, TRACKS, VECTORS
from twinface.types import Captured

_BEATING = """
import sys
from pathlib import Path
from twinface.bus.node import Node
from twinface.bus.rundir import RunDirectory

with Node(sys.argv[2], RunDirectory(Path(sys.argv[1]))) as node:
    node.loop.handle_signals()
    node.set_state("running", "for a test")
    print("up", flush=True)
    node.loop.run()
print("down", flush=True)
"""


def _descriptors() -> set[str]:
    return {str(path.readlink()) for path in Path("/proc/self/fd").iterdir() if path.exists()}


def test_everything_it_opened_is_closed(run: RunDirectory) -> None:
    before = _descriptors()
    with Node("extractor.0", run) as node:
        node.sender(VECTORS)
        node.reader(CROPS, ["camera.a", "camera.b"], lambda _: None)
        node.publisher(MATCHES)
        node.subscriber(HEALTH, ["matcher"], lambda _: None)
        node.answer(lambda _verb, _arguments: None)
        node.loop.turn(0.01)
        assert run.is_locked("extractor.0")
        context = node._context
    assert context.closed
    assert not run.is_locked("extractor.0")
    assert _descriptors() == before


def test_it_closes_after_an_error_too(run: RunDirectory) -> None:
    def fail() -> None:
        with Node("web", run) as node:
            node.reader(CROPS, ["camera.a"], lambda _: None)
            raise RuntimeError("on purpose")

    with pytest.raises(RuntimeError, match="on purpose"):
        fail()
    assert not run.is_locked("web")


def test_a_second_one_of_its_name_is_refused_before_it_binds_anything(run: RunDirectory) -> None:
    with Node("camera.a", run) as node:
        node.sender(CROPS)
        with pytest.raises(ServiceError, match="already running"):
            Node("camera.a", run)
        assert len(run.list_books()) == 1


def test_each_start_has_its_own_number_and_books(run: RunDirectory) -> None:
    epochs = []
    for _ in range(3):
        with Node("camera.a", run) as node:
            epochs.append(node.epoch)
    assert epochs == sorted(set(epochs))
    assert [epoch for _, epoch, _ in run.list_books()] == epochs


def answer_all(node: Node) -> None:
    reader = node.reader(TRACKS, ["camera.a"], lambda delivery: reader.settle(delivery))  # noqa: PLW0108  not made yet


def test_the_books_of_many_starts_are_cleared_but_what_was_answered_counts(
    run: RunDirectory, make_update: Callable[[int], Any], wait_for: Callable[..., None]
) -> None:
    with Node("camera.a", run) as camera:
        sender = camera.sender(TRACKS)
        for start in range(20):
            with Node("matcher", run) as matcher:
                answer_all(matcher)
                sender.offer(make_update(start), Captured.now(), pinned=True)
                wait_for(lambda: not sender.waiting and not sender.in_flight, camera, matcher)
        starts = [origin for origin, _, _ in run.list_books()]
        (link,) = read_links(run)
    assert starts == ["camera.a", *["matcher"] * 8]
    assert (link.sent, link.received, link.answered, link.balanced) == (20, 20, 20, True)


def test_a_heartbeat_tells_how_it_is(
    run: RunDirectory, node: Callable[[str], Node], wait_for: Callable[..., None]
) -> None:
    listener, matcher = node("listener"), node("matcher")
    heard: list[Message] = []
    listener.subscriber(HEALTH, ["matcher"], heard.append)
    matcher.meters.count("match", 3)
    matcher.meters.latency("decide", 2.0)
    wait_for(lambda: heard, listener, work=matcher.beat)
    beat = heard[-1].body
    assert isinstance(beat, Heartbeat)
    assert (beat.process, beat.pid, beat.state) == ("matcher", os.getpid(), "starting")
    assert beat.counters == {"match": 3}
    assert beat.latency_ms == {"decide": (2.0, 2.0)}
    assert beat.memory_mb == pytest.approx(psutil.Process().memory_info().rss / 1e6, rel=0.2)
    assert beat.cpu_s > 0
    matcher.set_state("running", "2 people")
    wait_for(lambda: heard[-1].body.state == "running", listener)  # type: ignore[union-attr]
    heard.clear()
    wait_for(lambda: heard, listener, matcher)


def test_heartbeats_of_real_processes_and_a_clean_stop(run: RunDirectory, child: Callable[..., Any]) -> None:
    processes = [child(_BEATING, [name]) for name in ("matcher", "camera.a")]
    for process in processes:
        assert process.stdout.readline() == "up\n"
    beats = latest_heartbeats(run, ["matcher", "camera.a"], timeout_s=120.0)
    assert set(beats) == {"matcher", "camera.a"}
    assert [beats[name].pid for name in ("matcher", "camera.a")] == [process.pid for process in processes]
    assert beats["matcher"].detail == "for a test"
    for process, number in zip(processes, (signal.SIGTERM, signal.SIGINT), strict=True):
        process.send_signal(number)
        assert process.wait(120.0) == 0
        assert process.stdout.readline() == "down\n"


def test_heartbeats_that_are_none_are_passed_over(run: RunDirectory, node: Callable[[str], Node], context: Any) -> None:
    import threading

    bad = context.socket(zmq.PUB)
    bad.bind(run.endpoint(HEALTH, "bad"))
    good = node("good")
    stopping = threading.Event()

    def publish() -> None:
        while not stopping.wait(0.02):
            bad.send_multipart([b"health", b"\xc1"])
            good.beat()

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        heard: set[str] = set()
        until(
            lambda: heard.update(latest_heartbeats(run, ["bad", "good"], timeout_s=0.5)) or heard, 120.0, "the good one"
        )
        assert heard == {"good"}
    finally:
        stopping.set()
        thread.join()
        bad.close()


def test_memory_that_was_freed_is_given_back_now_and_then(run: RunDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinface.bus.node._TRIM_S", 0.0)
    memory = psutil.Process().memory_info
    blocks = [bytearray(64_000) for _ in range(1600)]  # from the heap, not mapped each by itself
    last = bytearray(64_000)  # lies above them, so that the heap cannot shrink from its end
    with Node("web", run) as node:
        del blocks
        before = memory().rss
        node.loop.turn(0.0)
        assert before - memory().rss > 50e6
    assert last
