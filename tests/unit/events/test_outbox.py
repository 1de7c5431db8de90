"""Consumers of events on real files: begin, order, acknowledgement, restarts, and what is erased before it was sent."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from twinface.errors import ArtefactError
from twinface.events import Backlog, Event, EventStore, Outbox
from twinface.events.database import migrate
from twinface.events.event import NameSpan
from twinface.events.forgetting import forget_person

MakeEvent = Callable[..., Event]


def numbers(outbox: Outbox, limit: int = 100) -> list[int | None]:
    return [event.sequence for event in outbox.pending(limit)]


def test_a_consumer_begins_with_what_is_stored_after_it(path: Path, make_event: MakeEvent) -> None:
    with EventStore(path) as store:
        store.append([make_event()] * 3)
        with closing(Outbox(path, "mqtt")) as outbox:
            assert numbers(outbox) == []
            store.append([make_event(), make_event()])
            assert numbers(outbox, limit=1) == [4]
            assert numbers(outbox) == [4, 5]
            assert outbox.backlog() == Backlog(waiting=2, passed_over=0)


def test_a_consumer_may_begin_before_there_is_a_store(path: Path, make_event: MakeEvent) -> None:
    with closing(Outbox(path, "mqtt")) as outbox, EventStore(path) as store:
        store.append([make_event()])
        assert numbers(outbox) == [1]
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_not_acknowledged_comes_again_after_a_restart(path: Path, make_event: MakeEvent) -> None:
    with closing(Outbox(path, "mqtt")) as outbox, EventStore(path) as store:
        store.append([make_event()] * 4)
        assert numbers(outbox) == [1, 2, 3, 4]
        outbox.acknowledge(2)
        outbox.acknowledge(1)
    with closing(Outbox(path, "mqtt")) as again:
        assert numbers(again) == [3, 4]
        again.acknowledge(4)
        assert (numbers(again), again.backlog()) == ([], Backlog(0, 0))


def test_consumers_do_not_know_each_other(path: Path, make_event: MakeEvent) -> None:
    with closing(Outbox(path, "mqtt")) as one, closing(Outbox(path, "webhook")) as other, EventStore(path) as store:
        store.append([make_event()] * 2)
        assert numbers(one) == [1, 2]
        one.acknowledge(2)
        assert numbers(other) == [1, 2]


def test_what_was_erased_before_it_was_sent_is_passed_over_and_counted(path: Path, make_event: MakeEvent) -> None:
    with closing(Outbox(path, "mqtt")) as outbox, EventStore(path) as store:
        store.append(
            [make_event(name="Ada"), make_event(track=2), make_event(track=3, name="Ada"), make_event(track=4)]
        )
        forget_person(path, [NameSpan("Ada")])
        assert numbers(outbox) == [2, 4]
        outbox.acknowledge(4)
        assert outbox.backlog() == Backlog(waiting=0, passed_over=2)
        store.append([make_event()] * 2)
        assert store.let_go(2**62, 2**40).events == 4
        assert (numbers(outbox), outbox.backlog()) == ([], Backlog(waiting=0, passed_over=4))


def test_an_event_that_cannot_be_read_holds_up_nobody(path: Path, make_event: MakeEvent) -> None:
    with closing(Outbox(path, "mqtt")) as outbox, EventStore(path) as store:
        store.append([make_event()] * 3)
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE events SET kind = 'sang' WHERE sequence < 3")
        assert numbers(outbox, limit=2) == [3]
        outbox.acknowledge(3)
        assert outbox.backlog() == Backlog(waiting=0, passed_over=2)


def test_numbers_of_a_store_that_was_moved_away_acknowledge_nothing_in_the_next(
    path: Path, make_event: MakeEvent
) -> None:
    with closing(Outbox(path, "mqtt")) as outbox:
        with EventStore(path) as store:
            store.append([make_event()] * 9)
        assert len(numbers(outbox)) == 9
        path.rename(path.with_name("old.sqlite"))
        with EventStore(path) as store:
            assert numbers(outbox) == []
            outbox.acknowledge(9)
            store.append([make_event()] * 2)
            assert numbers(outbox) == [1, 2]


def test_a_store_that_is_none_is_an_error_that_passes(path: Path, make_event: MakeEvent) -> None:
    with closing(Outbox(path, "mqtt")) as outbox:
        path.unlink()
        path.write_bytes(b"no database" * 100)
        with pytest.raises(ArtefactError, match="events cannot be passed on"):
            outbox.pending(1)
        path.unlink()
        assert numbers(outbox) == []


def test_who_was_slower_to_make_the_store_takes_it_as_it_is(path: Path) -> None:
    path.parent.mkdir()

    def another_is_quicker(statement: str) -> None:
        if statement == "BEGIN IMMEDIATE":
            Outbox(path, "quicker").close()

    with closing(sqlite3.connect(path, isolation_level=None)) as slower:
        slower.set_trace_callback(another_is_quicker)
        migrate(slower, path)
        assert slower.execute("SELECT name FROM consumers").fetchall() == [("quicker",)]
