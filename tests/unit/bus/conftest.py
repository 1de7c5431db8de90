"""Real sockets on short ipc paths, each with linger 0, and bounded waiting for what has to happen."""

import dataclasses
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import zmq

from twinface.bus.books import Account, Books, Column
from twinface.bus.credit import Answer, Credit, Verdict, pack_credit
from twinface.bus.node import Node
from twinface.bus.rundir import RunDirectory
from twinface.bus.sender import WorkSender
from twinface.errors import WireError
from twinface.messages.codec import decode
from twinface.messages.schema import CropTally, Message, TracksUpdate
from twinface.messages.topics import TRACKS, Topic
from twinface.types import Captured, Clock

_PATIENCE_S = 120.0
_GONE = (
    Column.SETTLED,
    Column.DROPPED_REPLACED,
    Column.DROPPED_OVERFLOW,
    Column.DROPPED_STALE,
    Column.LOST_EXPIRED,
    Column.WAITING,
    Column.IN_FLIGHT,
)

Context = zmq.Context[zmq.Socket[bytes]]


def update(frame: int) -> TracksUpdate:
    """A small body that is told apart by its frame."""
    return TracksUpdate("a", 1, frame, 640, 360, (), (), (), (), CropTally(), lossless=False)


@pytest.fixture
def make_update() -> Callable[[int], TracksUpdate]:
    return update


@pytest.fixture
def wait_for() -> Callable[..., None]:
    """Turns the loops of nodes, or calls `work`, until a condition holds; fails when that takes far too long."""

    def wait(condition: Callable[[], object], *nodes: Node, work: Callable[[], object] | None = None) -> None:
        give_up_at_s = time.monotonic() + _PATIENCE_S
        while not condition():
            assert time.monotonic() < give_up_at_s, "it did not happen in time"
            for node in nodes:
                node.loop.turn(0.01)
            if work is not None:
                work()

    return wait


@pytest.fixture
def run() -> Iterator[RunDirectory]:
    """A run directory whose path is short enough for sockets."""
    folder = tempfile.mkdtemp(dir="/tmp", prefix="tf-")
    yield RunDirectory(Path(folder) / "run")
    shutil.rmtree(folder)


@pytest.fixture
def node(run: RunDirectory) -> Iterator[Callable[[str], Node]]:
    """Opens nodes by name; what the test does not close is closed after it."""
    with ExitStack() as nodes:
        yield lambda name: nodes.enter_context(Node(name, run))


@pytest.fixture
def context() -> Iterator[Context]:
    context: Context = zmq.Context()
    yield context
    context.destroy(linger=0)


class Peer:
    """The other end of a work link by hand: a DEALER that grants credits and answers as the test says."""

    def __init__(self, context: Context, endpoint: str, identity: str, sender: WorkSender) -> None:
        self.socket = context.socket(zmq.DEALER)
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.ROUTING_ID, identity.encode())
        self.socket.connect(endpoint)
        self._sender = sender
        self._number = 0

    def grant(
        self,
        window: int,
        *,
        settles: Message | None = None,
        verdict: Verdict = Verdict.DONE,
        number: int | None = None,
        held: int = 1,
    ) -> None:
        """Send a credit, and let the sender read it."""
        self._number = self._number + 1 if number is None else number
        answer = Answer(settles.stamp.epoch, settles.stamp.sequence, verdict) if settles else None
        self.send(pack_credit(Credit(self._number, window, held, answer)))

    def send(self, *frames: bytes) -> None:
        """Send anything, and let the sender read it."""
        self.socket.send_multipart(frames)
        assert self._sender.socket.poll(120_000)
        self._sender.on_readable()

    def take(self, timeout_ms: int = 120_000) -> Message | None:
        """The next message, or None."""
        return decode(self.socket.recv_multipart(), TRACKS) if self.socket.poll(timeout_ms) else None

    def take_frames(self) -> list[int]:
        """Frame numbers of all messages that have come."""
        frames = []
        while (message := self.take(300)) is not None:
            assert isinstance(message.body, TracksUpdate)
            frames.append(message.body.frame)
        return frames


@dataclasses.dataclass
class Link:
    """A sender under test and what stands around it."""

    sender: WorkSender
    account: Account
    refused: list[WireError]
    outcomes: dict[int, list[str]]
    clock: Clock
    _open: Callable[[str], Peer]
    _peers: list[Peer] = dataclasses.field(default_factory=list)

    def offer(self, frame: int, **options: Any) -> None:
        """Offer a message and note its outcomes."""
        ends = self.outcomes.setdefault(frame, [])
        captured = Captured(0, int(self.clock() * 1e9), 0.0)
        self.sender.offer(update(frame), captured, on_outcome=ends.append, **options)

    def peer(self, identity: str) -> Peer:
        """A reader by hand."""
        self._peers.append(self._open(identity))
        return self._peers[-1]

    def close(self) -> None:
        """Close every socket."""
        for peer in self._peers:
            peer.socket.close()
        self.sender.close()

    def get(self, column: Column) -> int:
        """A column of the books."""
        return self.account.get(column)

    @property
    def balanced(self) -> bool:
        """Whether the books know of everything, and every message has at most one outcome."""
        ends = [outcome for outcomes in self.outcomes.values() for outcome in outcomes]
        return (
            self.get(Column.OFFERED) == sum(self.get(column) for column in _GONE)
            and all(len(outcomes) <= 1 for outcomes in self.outcomes.values())
            and len(ends) == self.get(Column.OFFERED) - self.sender.waiting - self.sender.in_flight
        )


@pytest.fixture
def link(run: RunDirectory, context: Context) -> Iterator[Callable[..., Link]]:
    """Makes a sender of `tracks`, with changes to its row of the table; its books must balance in the end."""
    links: list[Link] = []

    def make(topic: Topic = TRACKS, clock: Clock = time.monotonic, **changes: Any) -> Link:
        endpoint = run.endpoint(topic, f"sender.{len(links)}")
        account = Books(run.books_path("sender", len(links))).account("out", lasting=True)
        refused: list[WireError] = []
        sender = WorkSender(
            context,
            endpoint,
            dataclasses.replace(topic, **changes),
            origin="sender",
            epoch=1,
            account=account,
            refuse=refused.append,
            clock=clock,
        )
        links.append(Link(sender, account, refused, {}, clock, lambda name: Peer(context, endpoint, name, sender)))
        return links[-1]

    yield make
    for one in links:
        one.close()
        assert one.balanced, [(column.name, one.get(column)) for column in Column]


@pytest.fixture
def child(run: RunDirectory) -> Iterator[Callable[[str, Sequence[str]], "subprocess.Popen[str]"]]:
    """Runs a script in a real process, with the run directory as its first argument; killed after the test."""
    children: list[subprocess.Popen[str]] = []

    def start(script: str, arguments: Sequence[str] = ()) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", script, str(run.path), *arguments]
        children.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True))
        return children[-1]

    yield start
    for one in children:
        one.kill()
        one.wait()
        for pipe in (one.stdin, one.stdout):
            assert pipe is not None
            pipe.close()
