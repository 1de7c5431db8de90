"""What the writer does when the disk does not: it never raises, never blocks, and says what it could not do."""

import logging
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest
from clocks import Clock
from harness import until
from small_disk import small_disk

from twinface.events import Event, EventQuery, EventStore, EventWriter, Upkeep, read_events

MakeEvent = Callable[..., Event]

_DAY_NS = 86_400 * 10**9


def numbers(path: Path) -> list[int | None]:
    return [event.sequence for event in read_events(path, EventQuery())]


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 512 KiB."""
    with small_disk(tmp_path / "disk", 512) as folder:
        yield folder


def _fill(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(b"x" * 512)


def test_what_is_put_is_stored_in_order(path: Path, make_event: MakeEvent) -> None:
    with closing(EventWriter(path, Upkeep(1e6))) as writer:
        for track in range(1200):
            writer.put([make_event(track=track)])
    assert [event.track for event in read_events(path, EventQuery())] == list(range(1200))
    assert (writer.stored, writer.waiting, writer.lost, writer.failures, writer.problem) == (1200, 0, 0, 0, "")


def test_old_events_are_forgotten_by_the_way(path: Path, make_event: MakeEvent) -> None:
    now_ns = time.time_ns()
    with EventStore(path) as store:
        store.append([make_event(at_ns=now_ns - days * _DAY_NS) for days in (31, 29, 0)])
    with closing(EventWriter(path, Upkeep(30.0))) as writer:
        writer.put([make_event(at_ns=now_ns)])
    assert numbers(path) == [2, 3, 4]


def test_a_full_disk_is_waited_out(disk: Path, make_event: MakeEvent, caplog: pytest.LogCaptureFixture) -> None:
    path = disk / "events.sqlite"
    writer = EventWriter(path, Upkeep(1e6), retry_s=0.02)
    with closing(writer), caplog.at_level(logging.INFO):
        writer.put([make_event()])
        until(lambda: writer.stored, 120.0, "the first event")
        ballast = disk / "ballast"
        with pytest.raises(OSError, match="No space left"):
            _fill(ballast)
        writer.put([make_event(reason="x" * 1000) for _ in range(100)])
        until(lambda: writer.failures > 20, 120.0, "the disk to be full")
        assert writer.problem == f"events are not stored: {path}: database or disk is full"
        assert (writer.stored, writer.waiting, writer.lost) == (1, 100, 0)
        told = [record.created for record in caplog.records if record.levelname == "ERROR"]
        assert told
        assert all(after - before > 59 for before, after in pairwise(told)), "not once per attempt"
        ballast.unlink()
        until(lambda: writer.stored == 101, 120.0, "the events that waited")
        assert writer.problem == ""
    assert caplog.records[-1].message == "events are stored again"
    assert numbers(path) == list(range(1, 102))


def test_a_database_that_may_not_grow(path: Path, make_event: MakeEvent) -> None:
    with EventStore(path) as store:
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(Exception, match="database or disk is full"):
            store.append([make_event(reason="x" * 1000) for _ in range(100)])
        assert numbers(path) == []
        store._connection.execute("PRAGMA max_page_count = 100000")
        store.append([make_event()])
    assert numbers(path) == [1]


@pytest.mark.parametrize("what", ["no database", "a folder"])
def test_a_broken_database_is_waited_out_too(path: Path, make_event: MakeEvent, what: str) -> None:
    path.parent.mkdir()
    if what == "a folder":
        path.mkdir()
    else:
        path.write_bytes(b"x" * 10_000)
    writer = EventWriter(path, Upkeep(1e6), retry_s=0.02)
    with closing(writer):
        assert writer.problem.startswith(f"events are not stored: {path}: ")
        assert writer.past.unfinished == ()
        writer.put([make_event()])
        until(lambda: writer.failures > 3, 120.0, "a few attempts")
        path.rename(path.with_name("set aside"))
        until(lambda: writer.stored == 1, 120.0, "the event to be stored")
    assert numbers(path) == [1]


def test_what_cannot_be_stored_is_logged_once_a_minute(
    path: Path, make_event: MakeEvent, caplog: pytest.LogCaptureFixture
) -> None:
    path.mkdir(parents=True)
    clock = Clock()
    with closing(EventWriter(path, Upkeep(1e6), retry_s=0.02, clock=clock)) as writer:
        writer.put([make_event()])
        for times in (1, 2):
            failures = writer.failures
            until(lambda failures=failures: writer.failures > failures + 3, 120.0, "a few attempts")
            assert [record.message for record in caplog.records] == ["events not stored"] * times
            clock.now_s += 60.0
        path.rmdir()
        until(lambda: writer.stored == 1, 120.0, "the event to be stored")


def test_a_file_that_is_taken_away_is_made_anew(path: Path, make_event: MakeEvent) -> None:
    with closing(EventWriter(path, Upkeep(1e6), retry_s=0.02)) as writer:
        writer.put([make_event(), make_event()])
        until(lambda: writer.stored == 2, 120.0, "two events")
        path.unlink()
        writer.put([make_event(camera="hall")])
        until(lambda: writer.stored == 3, 120.0, "the third")
    assert [(event.sequence, event.camera) for event in read_events(path, EventQuery())] == [(1, "hall")]


def test_the_oldest_is_lost_when_too_many_wait(path: Path, make_event: MakeEvent) -> None:
    path.mkdir(parents=True)
    writer = EventWriter(path, Upkeep(1e6), retry_s=60.0)
    writer.put(make_event(track=track) for track in range(11_000))
    assert (writer.lost + writer.waiting, writer.stored) == (11_000, 0)
    assert 10_000 <= writer.waiting <= 10_500
    writer.close()


def test_closing_does_not_wait_for_a_store_that_does_not_come_back(
    path: Path, make_event: MakeEvent, caplog: pytest.LogCaptureFixture
) -> None:
    path.mkdir(parents=True)
    writer = EventWriter(path, Upkeep(1e6), retry_s=3600.0)
    writer.put([make_event()])
    until(lambda: writer.failures > 1, 120.0, "an attempt")
    writer.close()
    assert caplog.records[-1].message == "events lost"


def test_somebody_who_holds_the_database_is_waited_out(path: Path, make_event: MakeEvent) -> None:
    EventStore(path).close()
    with (
        closing(EventWriter(path, Upkeep(1e6), retry_s=0.02)) as writer,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        writer.put([make_event()])
        assert writer.failures == 0, "the writer's attempt is not waited for"
        until(lambda: "locked" in writer.problem, 120.0, "the writer to give up")
        other.execute("ROLLBACK")
        until(lambda: writer.stored == 1, 120.0, "the event")
    assert numbers(path) == [1]
