"""Work links between two boxes: two run directories, real TCP with CURVE between them, each with keys of its own."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import zmq
from fake_box import short_run_directory

from twinface.box.accounts import LinkBooks, read_links
from twinface.bus.books import Column, read_books
from twinface.bus.far import FarSender
from twinface.bus.node import Node
from twinface.bus.peer_keys import KeyFolder
from twinface.bus.reader import Delivery, WorkReader
from twinface.bus.relay import Relay
from twinface.bus.rundir import RunDirectory
from twinface.errors import SettingsError
from twinface.messages.topics import TRACKS, VECTORS
from twinface.types import Captured

WaitFor = Callable[..., None]

_CAMERA_BOX = """
import sys, time
from pathlib import Path
from twinface.bus.peer_keys import KeyFolder
from twinface.bus.node import Node
from twinface.bus.rundir import RunDirectory
from twinface.messages.schema import CropTally, TracksUpdate
from twinface.messages.topics import TRACKS
from twinface.types import Captured

run = RunDirectory(Path(sys.argv[1]))
with Node("camera.a", run) as node, Node("relay", run) as door:
    relay = door.relay("tcp://127.0.0.1:*", KeyFolder(Path(sys.argv[2])), {TRACKS: ["camera.a"]})
    sender = node.sender(TRACKS)
    print(relay.address, flush=True)
    frame = 0
    while True:
        frame += 1
        update = TracksUpdate("a", node.epoch, frame, 1, 1, (), (), (), (), CropTally(), False)
        sender.offer(update, Captured(7, time.monotonic_ns(), 0.0), pinned=True)
        node.loop.turn(0.02)
        door.loop.turn(0.02)
"""


@dataclass
class Box:
    """A box with its key: nodes of a run directory of its own."""

    run: RunDirectory
    keys: KeyFolder
    node: Callable[[str], Node]


@dataclass
class Reader:
    """A reader of tracks on one box from camera.a on the other; acknowledges at once, or never."""

    far: FarSender
    node: Node
    answers: bool = True

    def __post_init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.ages_ms: list[float] = []
        self.reader: WorkReader = self.node.reader(TRACKS, [], self._take, [self.far])

    def _take(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self.ages_ms.append(delivery.message.stamp.captured.age_ms(time.monotonic()))
        if self.answers:
            self.reader.settle(delivery)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[Callable[[str], Box]]:
    with ExitStack() as stack:

        def make(name: str) -> Box:
            run = stack.enter_context(short_run_directory())
            keys = KeyFolder(tmp_path / f"{name}-keys")
            keys.make()
            return Box(run, keys, lambda process: stack.enter_context(Node(process, run)))

        yield make


@pytest.fixture
def door(box: Callable[[str], Box]) -> Box:
    return box("door")


@pytest.fixture
def cellar(box: Callable[[str], Box], door: Box) -> Box:
    """It is on the list of the door."""
    cellar = box("cellar")
    door.keys.allow("cellar", cellar.keys.own().public.hex())
    return cellar


def open_relay(box: Box, address: str = "tcp://127.0.0.1:*") -> tuple[Node, Relay]:
    node = box.node("relay")
    return node, node.relay(address, box.keys, {TRACKS: ["camera.a"], VECTORS: ["extractor.0"]})


def far(reading: Box, sending: Box, relay: Relay, origin: str = "camera.a") -> FarSender:
    return FarSender("door", relay.address, sending.keys.own().public, reading.keys.own(), origin)


def link(box: Box) -> LinkBooks:
    (found,) = read_links(box.run)
    return found


def test_what_a_reader_elsewhere_does_stands_in_the_books_here(
    door: Box, cellar: Box, make_update: Callable[[int], Any], wait_for: WaitFor
) -> None:
    relay_node, relay = open_relay(door)
    camera = door.node("camera.a")
    sender = camera.sender(TRACKS)
    reader = Reader(far(cellar, door, relay), cellar.node("matcher"))
    for frame in range(50):
        sender.offer(make_update(frame), Captured.now(), pinned=True)
    wait_for(lambda: sender.waiting + sender.in_flight == 0, camera, relay_node, reader.node)
    assert [one.message.body.frame for one in reader.deliveries] == list(range(50))  # type: ignore[union-attr]
    assert {one.peer for one in reader.deliveries} == {"door"}
    books = link(door)
    assert (books.sent, books.received, books.answered, books.balanced) == (50, 50, 50, True)
    epoch = reader.node.epoch
    there = read_books(cellar.run.books_path("matcher", epoch))[f"in tracks camera.a@{camera.epoch}"]
    assert there[Column.ANSWERED] == there[Column.RECEIVED] == 50
    assert relay.peers == {"cellar"}


def test_who_is_not_on_the_list_or_takes_the_relay_for_another_gets_nothing(
    door: Box, box: Callable[[str], Box], make_update: Callable[[int], Any], wait_for: WaitFor
) -> None:
    relay_node, relay = open_relay(door)
    camera = door.node("camera.a")
    sender = camera.sender(TRACKS)
    stranger = box("stranger")
    reader = Reader(far(stranger, door, relay), stranger.node("matcher"))
    sender.offer(make_update(0), Captured.now(), pinned=True)
    counters = lambda: relay_node.meters.read()[0]  # noqa: E731
    wait_for(lambda: counters().get("refused_connections", 0) >= 1, camera, relay_node, reader.node)
    assert (sender.readers, sender.waiting, relay.readers, reader.deliveries) == (0, 1, 0, [])
    # Let in later, it comes by itself.
    door.keys.allow("stranger", stranger.keys.own().public.hex())
    wait_for(lambda: reader.deliveries, camera, relay_node, reader.node, work=relay.look)
    # The relay's key is not the one that was expected: the reader does not talk to it.
    deceived = replace(far(stranger, door, relay), key=stranger.keys.own().public)
    other = Reader(deceived, stranger.node("matcher2"))
    sender.offer(make_update(1), Captured.now(), pinned=True)
    wait_for(lambda: len(reader.deliveries) == 2, camera, relay_node, reader.node, other.node)
    assert other.deliveries == []


def test_plain_tcp_gets_nothing(door: Box, make_update: Callable[[int], Any], wait_for: WaitFor) -> None:
    relay_node, relay = open_relay(door)
    camera = door.node("camera.a")
    camera.sender(TRACKS).offer(make_update(0), Captured.now())
    with zmq.Context() as context, context.socket(zmq.DEALER) as plain:
        plain.set(zmq.LINGER, 0)
        plain.set(zmq.ROUTING_ID, b"tracks camera.a matcher@1 0")
        with plain.get_monitor_socket(zmq.EVENT_HANDSHAKE_FAILED_PROTOCOL | zmq.EVENT_DISCONNECTED) as monitor:
            plain.connect(relay.address)
            plain.send(b"a credit")
            wait_for(lambda: monitor.poll(0), camera, relay_node)
            assert not plain.poll(0)
            plain.disable_monitor()
    assert relay.readers == 0


def test_a_key_that_is_revoked_is_cut_off_and_what_it_had_goes_to_another(
    door: Box, cellar: Box, make_update: Callable[[int], Any], wait_for: WaitFor
) -> None:
    relay_node, relay = open_relay(door)
    camera = door.node("camera.a")
    sender = camera.sender(TRACKS)
    reader = Reader(far(cellar, door, relay), cellar.node("matcher"), answers=False)
    sender.offer(make_update(0), Captured.now(), pinned=True)
    wait_for(lambda: len(reader.deliveries) == 1, camera, relay_node, reader.node)
    door.keys.revoke("cellar")
    relay.look()
    assert (relay.readers, relay_node.meters.read()[0]["revoked_readers"]) == (0, 1)
    refused = relay_node.meters.read()[0].get("refused_messages", 0)
    sender.offer(make_update(1), Captured.now(), pinned=True)
    at_home: list[Delivery] = []
    local = door.node("matcher")
    local_reader = local.reader(TRACKS, ["camera.a"], at_home.append)
    wait_for(lambda: len(at_home) == 2, camera, relay_node, reader.node, local)
    for delivery in at_home:
        local_reader.settle(delivery)
    wait_for(lambda: sender.in_flight == 0, camera, relay_node, local)
    assert len(reader.deliveries) == 1, "nothing more came to whom the key was taken"
    counted = lambda: relay_node.meters.read()[0].get("refused_messages", 0) > refused  # noqa: E731
    wait_for(counted, relay_node, reader.node)
    assert link(door).balanced


def test_an_acknowledgement_that_is_lost_with_the_relay_is_counted_when_it_comes_again(
    door: Box, cellar: Box, make_update: Callable[[int], Any], wait_for: WaitFor
) -> None:
    with Node("relay", door.run) as relay_node:
        relay = relay_node.relay("tcp://127.0.0.1:*", door.keys, {TRACKS: ["camera.a"]})
        address = relay.address
        camera = door.node("camera.a")
        sender = camera.sender(TRACKS)
        reader = Reader(far(cellar, door, relay), cellar.node("matcher"), answers=False)
        sender.offer(make_update(0), Captured.now(), pinned=True)
        wait_for(lambda: reader.deliveries, camera, relay_node, reader.node)
        reader.reader.settle(reader.deliveries[0])  # which this relay never reads
    second, _ = open_relay(door, address)
    wait_for(lambda: sender.in_flight == sender.waiting == 0, camera, second, reader.node)
    assert len(reader.deliveries) == 1, "its work was done once"
    books = link(door)
    assert (books.sent, books.received, books.answered, books.redelivered) == (1, 1, 1, 1)
    assert books.balanced


def test_vectors_are_read_by_the_box_only_that_they_are_for(door: Box, box: Callable[[str], Box]) -> None:
    relay_node, relay = open_relay(door)
    extractor = door.node("extractor.0")
    for_yard = extractor.sender(VECTORS, "yard")
    yard, cellar = box("yard"), box("cellar")
    for name, one in (("yard", yard), ("cellar", cellar)):
        door.keys.allow(name, one.keys.own().public.hex())
    relay.look()
    nodes = [extractor, relay_node]
    for one in (yard, cellar):
        nodes.append(one.node("matcher"))
        nodes[-1].reader(VECTORS, [], lambda _delivery: None, [far(one, door, relay, "extractor.0")])
    give_up_at_s = time.monotonic() + 60.0
    while for_yard.readers == 0 or relay.peers != {"yard", "cellar"}:
        assert time.monotonic() < give_up_at_s
        for node in nodes:
            node.loop.turn(0.01)
    assert for_yard.readers == 1


@pytest.mark.parametrize("hours", [1, -1])
def test_an_age_is_right_whatever_the_clock_there_says(
    door: Box, cellar: Box, wait_for: WaitFor, tmp_path: Path, hours: int
) -> None:
    """The box of the camera is in a time namespace whose monotonic clock is an hour ahead, or behind."""
    there = [shutil.which("unshare") or "unshare", "--time", "--monotonic", str(3600 * hours)]
    if subprocess.run([*there, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no time namespace can be made here (unshare --time)")
    command = [*there, sys.executable, "-c", _CAMERA_BOX, str(door.run.path), str(door.keys.folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            address = child.stdout.readline().strip()
            sender = FarSender("door", address, door.keys.own().public, cellar.keys.own(), "camera.a")
            reader = Reader(sender, cellar.node("matcher"))
            wait_for(lambda: len(reader.ages_ms) >= 20, reader.node)
        finally:
            child.kill()
    assert all(-5.0 < age_ms < 2000.0 for age_ms in reader.ages_ms), reader.ages_ms
    assert reader.deliveries[0].message.stamp.captured.at_ns == 7, "the wall clock is the camera's"


def test_what_is_no_credit_is_counted_and_changes_nothing(
    door: Box, cellar: Box, make_update: Callable[[int], Any], wait_for: WaitFor
) -> None:
    relay_node, relay = open_relay(door)
    camera = door.node("camera.a")
    camera.sender(TRACKS).offer(make_update(0), Captured.now(), pinned=True)
    names = [
        b"tracks camera.a matcher@1 0",
        b"x" * 255,
        b"tracks camera.a matcher 0",
        b"tracks ../a matcher@1 0",
        b"\xff a b c",
    ]
    names += [
        b"tracks camera.b matcher@1 0",
        b"health camera.a matcher@1 0",
        b"tracks camera.a " + b"m" * 200 + b"@1 0",
    ]
    junk = [[b""], [b"credit"], [b"\x96\x01\x08\x00\xc0\xc0\xc0", b"x"], [bytes(4000)] * 2, [b"a"] * 50]
    good = [b"\x96\x01\x08\x00\xc0\xc0\xc0"]
    keys, sent = cellar.keys.own(), 0
    with zmq.Context() as context:
        for name in names:
            with context.socket(zmq.DEALER) as peer:
                peer.set(zmq.ROUTING_ID, name)
                peer.set(zmq.CURVE_SERVERKEY, door.keys.own().public)
                peer.set(zmq.CURVE_PUBLICKEY, keys.public)
                peer.set(zmq.CURVE_SECRETKEY, keys.secret)
                peer.connect(relay.address)
                for frames in [*junk, *([good] if name != names[0] else [])]:
                    peer.send_multipart(frames)
                    sent += 1
                wait_for(lambda: relay_node.meters.read()[0].get("refused_messages", 0) == sent, camera, relay_node)  # noqa: B023
    assert relay.readers == 0
    reader = Reader(far(cellar, door, relay), cellar.node("matcher"))
    wait_for(lambda: reader.deliveries, camera, relay_node, reader.node)


def test_an_address_that_cannot_be_listened_on_is_named(door: Box) -> None:
    with pytest.raises(SettingsError, match=r"\[relay\] listen = 'tcp://192\.0\.2\.1:1'"):
        open_relay(door, "tcp://192.0.2.1:1")
