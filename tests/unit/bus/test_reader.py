from collections.abc import Callable, Iterator
from typing import Any

import pytest
import zmq
from clocks import Clock

from twinface.bus.books import Books, Column, read_books
from twinface.bus.credit import RENEW_EVERY_S, Answer, Credit, Verdict, unpack_credit
from twinface.bus.reader import WorkReader
from twinface.bus.rundir import RunDirectory
from twinface.errors import WireError
from twinface.messages.codec import encode
from twinface.messages.schema import Message, Stamp
from twinface.messages.topics import TRACKS
from twinface.types import Captured


class Source:
    """A sender by hand: a ROUTER that sends what the test says."""

    def __init__(self, context: Any, run: RunDirectory, name: str, make_update: Callable[[int], Any]) -> None:
        self.name = name
        self.endpoint = run.endpoint(TRACKS, name)
        self.socket = context.socket(zmq.ROUTER)
        self.socket.set(zmq.LINGER, 0)
        self.socket.set(zmq.ROUTER_HANDOVER, 1)
        self.socket.bind(self.endpoint)
        self._identity = b""
        self._make_update = make_update

    def credit(self) -> Credit | None:
        """The next credit, or None."""
        if not self.socket.poll(2000 if not self._identity else 200):
            return None
        self._identity, packed = self.socket.recv_multipart()
        return unpack_credit(packed)

    def send(self, sequence: int, *, epoch: int = 1, captured: Captured | None = None, pinned: bool = False) -> None:
        captured = captured or Captured.now()
        stamp = Stamp(self.name, epoch, sequence, captured, pinned)
        self.send_frames(*encode(TRACKS, Message(stamp, self._make_update(sequence))))

    def send_frames(self, *frames: Any) -> None:
        self.socket.send_multipart([self._identity, *frames])


@pytest.fixture
def sources(run: RunDirectory, context: Any, make_update: Callable[[int], Any]) -> Iterator[list[Source]]:
    made = [Source(context, run, f"camera.{name}", make_update) for name in "ab"]
    yield made
    for source in made:
        source.socket.close()


@pytest.fixture
def refused() -> list[WireError]:
    return []


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def reader(
    run: RunDirectory, context: Any, sources: list[Source], refused: list[WireError], clock: Clock
) -> Iterator[WorkReader]:
    endpoints = [source.endpoint for source in sources]
    books = Books(run.books_path("reader", 1))
    reader = WorkReader(
        context, endpoints, TRACKS, origin="reader", epoch=1, books=books, refuse=refused.append, clock=clock
    )
    reader.tick()
    for source in sources:
        assert source.credit() is not None
    yield reader
    reader.close()


def taken(clock: Clock, ago_ms: float) -> Captured:
    """What was captured some time ago."""
    return Captured(0, int((clock() - ago_ms / 1e3) * 1e9), 0.0)


def receive(reader: WorkReader, wait_for: Callable[..., None]) -> Any:
    """The next delivery, which must come."""
    found: list[Any] = []
    wait_for(lambda: found, work=lambda: found.extend(filter(None, [reader.receive()])))
    return found[0]


def count(run: RunDirectory, sender: str, column: Column) -> int:
    return read_books(run.books_path("reader", 1))[f"in tracks {sender}"][column]


def test_credits_are_renewed_and_numbered(reader: WorkReader, sources: list[Source], clock: Clock) -> None:
    granted: list[Credit] = []
    clock.run_until(
        lambda: len(granted) > 2,
        lambda: (reader.tick(), granted.extend(filter(None, [sources[0].credit()]))),
        step_s=RENEW_EVERY_S,
    )
    assert {(credit.window, credit.answer) for credit in granted} == {(TRACKS.window, None)}
    numbers = [credit.number for credit in granted]
    assert numbers == sorted(set(numbers))


def test_a_message_is_answered_for_when_its_work_is_done(
    run: RunDirectory, reader: WorkReader, sources: list[Source], wait_for: Callable[..., None]
) -> None:
    sources[0].send(7)
    delivery = receive(reader, wait_for)
    assert delivery.message.body.frame == 7
    assert sources[0].credit() is None
    reader.settle(delivery)
    assert sources[0].credit().answer == Answer(1, 7)  # type: ignore[union-attr]
    assert sources[1].credit() is None
    assert count(run, "camera.a@1", Column.RECEIVED) == count(run, "camera.a@1", Column.ANSWERED) == 1


def test_a_second_copy_is_not_handed_out_and_answered_only_when_the_first_is_done(
    run: RunDirectory, reader: WorkReader, sources: list[Source], wait_for: Callable[..., None]
) -> None:
    sources[0].send(7)
    delivery = receive(reader, wait_for)
    sources[0].send(7)
    sources[0].send(8)
    assert receive(reader, wait_for).message.body.frame == 8
    assert sources[0].credit() is None
    reader.settle(delivery)
    assert sources[0].credit().answer == Answer(1, 7)  # type: ignore[union-attr]
    sources[0].send(7)
    sources[0].send(9)
    assert receive(reader, wait_for).message.body.frame == 9
    assert sources[0].credit().answer == Answer(1, 7, Verdict.DONE_BEFORE)  # type: ignore[union-attr]
    assert count(run, "camera.a@1", Column.DUPLICATES) == 2
    assert count(run, "camera.a@1", Column.ANSWERED) == 1


def test_numbers_of_another_start_or_too_old_to_be_known_are_handed_out(
    run: RunDirectory, reader: WorkReader, sources: list[Source], wait_for: Callable[..., None]
) -> None:
    for sequence, epoch in ((5000, 1), (5000, 2), (3, 2), (4999, 2), (3, 2)):
        sources[0].send(sequence, epoch=epoch)
        delivery = receive(reader, wait_for)
        assert (delivery.message.stamp.sequence, delivery.message.stamp.epoch) == (sequence, epoch)
        reader.settle(delivery)
    assert count(run, "camera.a@2", Column.RECEIVED) == 4
    assert count(run, "camera.a@2", Column.DUPLICATES) == 0


def test_only_the_senders_heard_last_are_remembered(
    reader: WorkReader, sources: list[Source], wait_for: Callable[..., None]
) -> None:
    for number, epoch in enumerate((*range(1, 65), 1, 65)):
        sources[0].send(number, epoch=epoch)
        reader.settle(receive(reader, wait_for))
    assert [epoch for _, epoch in reader._senders] == [*range(3, 65), 1, 65]


def test_what_was_given_back_is_handed_out_when_it_comes_again(
    reader: WorkReader, sources: list[Source], wait_for: Callable[..., None]
) -> None:
    sources[0].send(7)
    reader.give_back(receive(reader, wait_for))
    assert sources[0].credit().answer == Answer(1, 7, Verdict.RETURNED)  # type: ignore[union-attr]
    sources[0].send(7)
    reader.settle(receive(reader, wait_for))
    assert sources[0].credit().answer == Answer(1, 7)  # type: ignore[union-attr]


def test_what_is_too_old_on_receipt_is_not_handed_out_unless_it_is_pinned(
    run: RunDirectory, reader: WorkReader, sources: list[Source], clock: Clock, wait_for: Callable[..., None]
) -> None:
    old = taken(clock, 2 * TRACKS.stale_after_ms)
    sources[0].send(6, captured=old)
    sources[0].send(7, captured=old, pinned=True)
    assert receive(reader, wait_for).message.body.frame == 7
    assert sources[0].credit().answer == Answer(1, 6, Verdict.OUTDATED)  # type: ignore[union-attr]
    assert count(run, "camera.a@1", Column.OUTDATED) == 1


def test_what_would_be_too_old_once_it_is_done_is_not_begun(
    reader: WorkReader, sources: list[Source], clock: Clock, wait_for: Callable[..., None]
) -> None:
    reader._work_s = 0.4 * TRACKS.stale_after_ms / 1000.0
    sources[0].send(6, captured=taken(clock, 0.7 * TRACKS.stale_after_ms))
    sources[0].send(7)
    assert receive(reader, wait_for).message.body.frame == 7


def test_a_slow_reader_takes_on_less_and_a_quick_one_more_again(
    reader: WorkReader, sources: list[Source], clock: Clock, wait_for: Callable[..., None]
) -> None:
    assert reader._window() == TRACKS.window
    sources[0].send(1)
    delivery = receive(reader, wait_for)
    clock.now_s += 0.4
    reader.settle(delivery)
    assert sources[0].credit().window == 1  # type: ignore[union-attr]
    for sequence in range(2, 60):
        sources[0].send(sequence)
        reader.settle(receive(reader, wait_for))
    assert reader._window() == TRACKS.window


def test_credits_say_how_many_messages_are_in_hand(
    reader: WorkReader, sources: list[Source], wait_for: Callable[..., None]
) -> None:
    sources[0].send(1)
    delivery = receive(reader, wait_for)
    sources[0].send(2)
    assert reader.sockets[0].poll(10_000)
    reader._grant(0, None)
    assert sources[0].credit().held == 2  # type: ignore[union-attr]
    reader.settle(receive(reader, wait_for))
    reader.settle(delivery)
    assert [sources[0].credit().held for _ in range(2)] == [1, 0]  # type: ignore[union-attr]


def test_the_same_number_of_another_start_or_sender_is_another_message(
    reader: WorkReader, sources: list[Source], wait_for: Callable[..., None]
) -> None:
    sources[0].send(7)
    sources[0].send(7, epoch=2)
    sources[1].send(7)
    stamps = [receive(reader, wait_for).message.stamp for _ in range(3)]
    expected = {("camera.a", 1), ("camera.a", 2), ("camera.b", 1)}
    assert {(stamp.origin, stamp.epoch) for stamp in stamps} == expected


def test_senders_take_turns(reader: WorkReader, sources: list[Source], wait_for: Callable[..., None]) -> None:
    for sequence in range(3):
        for source in sources:
            source.send(sequence)
    taken: list[str] = []
    while len(taken) < 6:
        for source, socket in zip(sources, reader.sockets, strict=True):
            assert taken.count(source.name) == 3 or socket.poll(120_000)
        taken.append(receive(reader, wait_for).message.stamp.origin)
    assert taken == taken[:2] * 3
    assert set(taken) == {"camera.a", "camera.b"}


def test_what_is_no_message_is_refused_and_not_answered_for(
    reader: WorkReader, sources: list[Source], refused: list[WireError], wait_for: Callable[..., None]
) -> None:
    sources[0].send_frames(b"garbage")
    sources[0].send_frames(b"tracks", b"\xc1")
    sources[0].send_frames(b"crops", b"\x80", b"\0")
    sources[0].send(1)
    assert receive(reader, wait_for).message.body.frame == 1
    assert len(refused) == 3
    assert sources[0].credit() is None


def test_a_message_larger_than_the_topic_allows_does_not_stop_the_reader(
    reader: WorkReader, sources: list[Source], clock: Clock, wait_for: Callable[..., None]
) -> None:
    sources[0].send_frames(b"tracks", bytes(10_000_000))
    clock.run_until(sources[0].credit, reader.tick, step_s=RENEW_EVERY_S)
    sources[0].send(1)
    assert receive(reader, wait_for).message.body.frame == 1


def test_a_sender_that_is_not_there_is_waited_for_and_warned_of_once(
    run: RunDirectory, context: Any, make_update: Callable[[int], Any], caplog: pytest.LogCaptureFixture
) -> None:
    endpoint = run.endpoint(TRACKS, "camera.later")
    books = Books(run.books_path("reader", 2))
    reader = WorkReader(context, [endpoint], TRACKS, origin="reader", epoch=1, books=books, refuse=pytest.fail)
    for _ in range(200):
        reader._grant(0, None)
    assert len(caplog.records) == 1
    source = Source(context, run, "camera.later", make_update)
    assert source.credit() is not None
    source.socket.close()
    reader.close()
