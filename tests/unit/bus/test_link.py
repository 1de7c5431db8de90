"""Both ends of a work link in their nodes, and what happens when one of them dies."""

import time
from collections.abc import Callable
from typing import Any

import pytest
import zmq

from twinface.box.accounts import LinkBooks, read_links
from twinface.bus.books import Column
from twinface.bus.node import Node
from twinface.bus.reader import Delivery
from twinface.bus.rundir import RunDirectory
from twinface.bus.sender import WorkSender
from twinface.messages.topics import TRACKS
from twinface.types import Captured

OpenNode = Callable[[str], Node]
WaitFor = Callable[..., None]

_READER = """
import sys
from pathlib import Path
from twinface.bus.node import Node
from twinface.bus.rundir import RunDirectory
from twinface.messages.topics import TRACKS

def take(delivery):
    print(delivery.message.body.frame, flush=True)

with Node("reader.1", RunDirectory(Path(sys.argv[1]))) as node:
    node.reader(TRACKS, ["camera.a"], take)
    node.loop.run()
"""

_SENDER = """
import sys
from pathlib import Path
from twinface.bus.node import Node
from twinface.bus.rundir import RunDirectory
from twinface.types import Captured
from twinface.messages.schema import CropTally, TracksUpdate
from twinface.messages.topics import TRACKS

with Node("camera.a", RunDirectory(Path(sys.argv[1]))) as node:
    sender = node.sender(TRACKS)
    for frame in range(int(sys.argv[2])):
        sender.offer(
            TracksUpdate("a", node.epoch, frame, 1, 1, (), (), (), (), CropTally(), False), Captured.now(), pinned=True
        )
    print(node.epoch, flush=True)
    node.loop.run()
"""


class Worker:
    """A reader in a node of its own that answers at once, or never."""

    def __init__(self, node: Node, origins: list[str], *, answers: bool = True) -> None:
        self.frames: list[int] = []
        self.epochs: set[int] = set()
        self._answers = answers
        self._reader = node.reader(TRACKS, origins, self._take)

    def _take(self, delivery: Delivery) -> None:
        self.frames.append(delivery.message.body.frame)  # type: ignore[union-attr]
        self.epochs.add(delivery.message.stamp.epoch)
        if self._answers:
            self._reader.settle(delivery)


@pytest.fixture
def offer(make_update: Callable[[int], Any]) -> Callable[[WorkSender, int], None]:
    """Offers so many messages that nothing replaces, and returns nothing."""

    def offer(sender: WorkSender, count: int) -> None:
        for frame in range(count):
            sender.offer(make_update(frame), Captured.now(), pinned=True)

    return offer


def books(run: RunDirectory, sender: str = "camera.a") -> LinkBooks:
    """The books of the newest start of a sender, which must balance, like all others."""
    links = read_links(run)
    assert all(link.balanced for link in links), links
    return [link for link in links if link.sender == sender][-1]


def test_everything_that_was_offered_is_received(
    run: RunDirectory, node: OpenNode, wait_for: WaitFor, offer: Callable[..., None]
) -> None:
    camera, reader = node("camera.a"), node("reader.0")
    sender, worker = camera.sender(TRACKS), Worker(reader, ["camera.a"])
    offer(sender, 100)
    wait_for(lambda: len(worker.frames) == 100 and not sender.in_flight, camera, reader)
    assert worker.frames == [*range(100)]
    link = books(run)
    assert (link.sent, link.received, link.answered, link.waiting, link.in_flight) == (100, 100, 100, 0, 0)
    assert link.alive
    assert (link.topic, link.epoch) == ("tracks", camera.epoch)


def test_two_readers_share_the_work_of_two_senders(
    run: RunDirectory, node: OpenNode, wait_for: WaitFor, offer: Callable[..., None]
) -> None:
    cameras, readers = [node("camera.a"), node("camera.b")], [node("reader.0"), node("reader.1")]
    senders = [camera.sender(TRACKS) for camera in cameras]
    workers = [Worker(reader, ["camera.a", "camera.b"]) for reader in readers]
    wait_for(lambda: all(len(sender._readers) == 2 for sender in senders), *cameras, *readers)
    for sender in senders:
        offer(sender, 100)
    nodes = (*cameras, *readers)
    wait_for(lambda: all(not sender.waiting and not sender.in_flight for sender in senders), *nodes)
    assert sorted(workers[0].frames + workers[1].frames) == sorted([*range(100)] * 2)
    assert min(len(worker.frames) for worker in workers) > 20
    assert [books(run, name).received for name in ("camera.a", "camera.b")] == [100, 100]


def test_a_sender_that_starts_anew_is_taken_up(
    run: RunDirectory, node: OpenNode, wait_for: WaitFor, offer: Callable[..., None]
) -> None:
    reader = node("reader.0")
    worker = Worker(reader, ["camera.a"])
    for start in (1, 2, 3):
        with Node("camera.a", run) as camera:
            sender = camera.sender(TRACKS)
            offer(sender, 20)
            wait_for(lambda: len(worker.frames) == 20 * start and not sender.in_flight, camera, reader)  # noqa: B023
    assert len(worker.epochs) == 3
    links = read_links(run)
    assert [(link.received, link.alive, link.balanced) for link in links] == [(20, False, True)] * 3


def test_a_reader_that_starts_anew_gets_the_rest(
    run: RunDirectory, node: OpenNode, wait_for: WaitFor, offer: Callable[..., None]
) -> None:
    camera = node("camera.a")
    sender = camera.sender(TRACKS)
    offer(sender, 20)
    with Node("reader.0", run) as first:
        busy = Worker(first, ["camera.a"], answers=False)
        wait_for(lambda: len(busy.frames) == TRACKS.window, camera, first)
        assert books(run).in_flight == TRACKS.window
    second = node("reader.0")
    worker = Worker(second, ["camera.a"])
    wait_for(lambda: not sender.waiting and not sender.in_flight, camera, second)
    assert worker.frames == [*range(20)]
    link = books(run)
    assert (link.received, link.answered, link.redelivered) == (20, 20, TRACKS.window)


def test_what_a_killed_reader_had_goes_to_the_other(
    run: RunDirectory, node: OpenNode, child: Callable[..., Any], wait_for: WaitFor, offer: Callable[..., None]
) -> None:
    camera, reader = node("camera.a"), node("reader.0")
    sender = camera.sender(TRACKS)
    victim = child(_READER)
    wait_for(lambda: sender._readers, camera)
    offer(sender, 20)
    assert [int(victim.stdout.readline()) for _ in range(TRACKS.window)] == [*range(TRACKS.window)]
    victim.kill()
    victim.wait()
    worker = Worker(reader, ["camera.a"])
    wait_for(lambda: not sender.waiting and not sender.in_flight, camera, reader)
    assert sorted(worker.frames) == [*range(20)]
    link = books(run)
    assert (link.received, link.redelivered, sum(link.lost.values())) == (20, TRACKS.window, 0)


def test_the_books_of_a_killed_sender_say_what_died_with_it(
    run: RunDirectory, node: OpenNode, child: Callable[..., Any], wait_for: WaitFor
) -> None:
    reader = node("reader.0")
    worker = Worker(reader, ["camera.a"])
    victim = child(_SENDER, ["500"])
    epoch = int(victim.stdout.readline())
    wait_for(lambda: len(worker.frames) > 50, reader)
    victim.kill()
    victim.wait()
    link = books(run)
    assert (link.epoch, link.alive, link.sent) == (epoch, False, 500)
    assert link.received == link.answered == len(worker.frames) < 500
    assert link.lost == {"expired": 0, "sender_died": 500 - len(worker.frames)}
    assert (link.waiting, link.in_flight) == (0, 0)


def test_an_answer_on_its_way_to_a_sender_that_died_counts(
    run: RunDirectory, node: OpenNode, wait_for: WaitFor, offer: Callable[..., None]
) -> None:
    reader = node("reader.0")
    worker = Worker(reader, ["camera.a"])
    with Node("camera.a", run) as camera:
        sender = camera.sender(TRACKS)
        wait_for(lambda: sender._readers, camera, reader)
        offer(sender, 5)
        wait_for(lambda: len(worker.frames) == 5, reader)  # the camera does not read the answers
    link = books(run)
    assert (link.received, link.answered, link.lost["sender_died"]) == (5, 5, 0)


def test_a_message_answered_for_by_two_readers_is_received_once(
    run: RunDirectory, node: OpenNode, wait_for: WaitFor, offer: Callable[..., None]
) -> None:
    camera, slow, quick = node("camera.a"), node("reader.0"), node("reader.1")
    sender = camera.sender(TRACKS)
    held: list[Delivery] = []
    reader = slow.reader(TRACKS, ["camera.a"], held.append)
    wait_for(lambda: sender._readers, camera, slow)
    offer(sender, 1)
    wait_for(lambda: held, camera, slow)
    wait_for(lambda: sender._readers.find_free(time.monotonic()) is None, camera)
    worker = Worker(quick, ["camera.a"])
    sender._leases[0].expires_at_s = 0.0
    wait_for(lambda: worker.frames, camera, quick)
    reader.settle(held[0])
    wait_for(lambda: sender._account.get(Column.IN_VAIN), camera, quick)
    link = books(run)
    assert (link.sent, link.received, link.answered, link.in_vain) == (1, 1, 2, 1)


def test_corrupt_frames_stop_neither_end(
    run: RunDirectory, node: OpenNode, context: Any, wait_for: WaitFor, offer: Callable[..., None]
) -> None:
    camera, reader = node("camera.a"), node("reader.0")
    sender = camera.sender(TRACKS)
    bad_camera = context.socket(zmq.ROUTER)
    bad_camera.bind(run.endpoint(TRACKS, "camera.bad"))
    worker = Worker(reader, ["camera.bad", "camera.a"])
    bad_reader = context.socket(zmq.DEALER)
    bad_reader.set(zmq.LINGER, 0)
    bad_reader.connect(run.endpoint(TRACKS, "camera.a"))
    wait_for(lambda: bad_camera.poll(0), camera, reader)
    identity = bad_camera.recv_multipart()[0]
    for number in range(50):
        bad_reader.send_multipart([bytes([number]) * number])
        bad_camera.send_multipart([identity, b"tracks", bytes([number]) * number])
    offer(sender, 50)
    wait_for(lambda: len(worker.frames) == 50 and not sender.in_flight, camera, reader)
    wait_for(lambda: [_refused(camera), _refused(reader)] == [50, 50], camera, reader)
    assert books(run).received == 50
    bad_reader.close()
    bad_camera.close(linger=0)


def _refused(node: Node) -> int:
    return node.meters.read()[0].get("refused_messages", 0)
