"""Events that go from the stores of boxes to one database: order, exactly once, looks, and what cannot be had."""

import random
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from psycopg import Connection, OperationalError
from seen_by_boxes import NOW_NS, a_look, a_track_that_ends, an_event, store

from twinface.events import Backlog, EventStore
from twinface.events.database import changing
from twinface.sharing.forwarding import Forwarded, Forwarder

Rows = list[tuple[Any, ...]]


def rows_of(connection: "Connection[Any]", box: str = "a") -> Rows:
    return connection.execute("SELECT sequence, name FROM events WHERE box = %s ORDER BY sequence", [box]).fetchall()


@contextmanager
def forwarder(path: Path, box: str = "a") -> Iterator[Forwarder]:
    with closing(Forwarder(path, box)) as one:
        yield one


def test_events_arrive_in_their_order_also_those_from_before(connection: "Connection[Any]", tmp_path: Path) -> None:
    path = store(tmp_path / "events.sqlite", an_event(name="Anna"), an_event(name="Bo"))
    with forwarder(path) as one:
        assert one.backlog == Backlog(2, 0)
        assert one.forward(connection).events == 2
        store(path, an_event(name="Cy"))
        assert one.forward(connection).events == 1
        assert (one.forward(connection), one.backlog) == (Forwarded(), Backlog(0, 0))
    assert rows_of(connection) == [(1, "Anna"), (2, "Bo"), (3, "Cy")]


def test_two_boxes_have_the_same_numbers_for_other_events(connection: "Connection[Any]", tmp_path: Path) -> None:
    for box in ("a", "b"):
        with forwarder(store(tmp_path / f"{box}.sqlite", an_event(name=box)), box) as one:
            one.forward(connection)
    assert (rows_of(connection, "a"), rows_of(connection, "b")) == ([(1, "a")], [(1, "b")])


def test_what_was_committed_there_and_not_noted_here_is_stored_once(
    connection: "Connection[Any]", tmp_path: Path
) -> None:
    path = store(tmp_path / "events.sqlite", an_event(), an_event())
    with forwarder(path) as one:
        one.forward(connection)
    with changing(path, "the cursor cannot be put back") as sqlite:
        sqlite.execute("UPDATE consumers SET acknowledged = 0")
    with forwarder(path) as again:
        assert again.forward(connection).events == 0
        assert again.backlog.waiting == 0
    assert [number for number, _ in rows_of(connection)] == [1, 2]


def test_numbers_of_a_store_that_was_made_again_are_other_events(connection: "Connection[Any]", tmp_path: Path) -> None:
    for at_ns in (NOW_NS, NOW_NS + 1):
        path = store(tmp_path / f"{at_ns}.sqlite", an_event(at_ns=at_ns))
        with forwarder(path) as one:
            assert one.forward(connection).events == 1
    assert len(rows_of(connection)) == 2


def test_looks_come_with_the_end_of_their_track_exact_and_to_be_searched(
    connection: "Connection[Any]", tmp_path: Path
) -> None:
    looks = (a_look(crop=0), a_look(crop=1))
    path = store(tmp_path / "events.sqlite", an_event(), looks=looks)
    with forwarder(path) as one:
        one.forward(connection)
        assert connection.execute("SELECT count(*) FROM looks").fetchone() == (0,)
        store(path, a_track_that_ends())
        assert one.forward(connection).tracks == (looks[0].key,)
    kept = connection.execute("SELECT vector, search::text FROM looks ORDER BY crop").fetchall()
    for look, (exact, searched) in zip(looks, kept, strict=True):
        np.testing.assert_array_equal(np.frombuffer(exact, "<f4"), look.vector)
        np.testing.assert_allclose(np.fromstring(searched[1:-1], sep=","), look.vector, rtol=1e-3, atol=1e-3)


def test_an_event_that_no_database_takes_keeps_no_other_back(connection: "Connection[Any]", tmp_path: Path) -> None:
    path = store(tmp_path / "events.sqlite", an_event(name="Anna"), an_event(name="a\0b"), an_event(name="Cy"))
    with forwarder(path) as one:
        assert one.turn(connection) is False
        assert (one.forwarded, one.refused, one.backlog.waiting) == (2, 1, 0)
    assert rows_of(connection) == [(1, "Anna"), (3, "Cy")]


def test_a_database_that_is_restored_from_a_backup_gets_what_it_lacks_with_the_next_event(
    connection: "Connection[Any]", tmp_path: Path
) -> None:
    path = store(tmp_path / "events.sqlite", *[an_event() for _ in range(5)])
    with forwarder(path) as one:
        one.forward(connection)
        connection.execute("DELETE FROM events WHERE sequence > 2")
        connection.execute("UPDATE forwarded SET through = 2")
        store(path, an_event())
        assert one.forward(connection).events == 4
        connection.execute("DELETE FROM events")
        connection.execute("DELETE FROM forwarded")
        with changing(path, "nothing is erased") as sqlite:
            sqlite.execute("DELETE FROM events WHERE sequence = 1")
        store(path, an_event())
        assert one.forward(connection).events == 6
    assert [number for number, _ in rows_of(connection)] == [2, 3, 4, 5, 6, 7]
    assert connection.execute("SELECT through, passed_over FROM forwarded").fetchone() == (7, 0)


def test_what_retention_took_first_is_counted_here_and_there(connection: "Connection[Any]", tmp_path: Path) -> None:
    path = store(tmp_path / "events.sqlite", *[an_event() for _ in range(5)])
    with forwarder(path) as one:
        with changing(path, "nothing is erased") as sqlite:
            sqlite.execute("DELETE FROM events WHERE sequence < 4")
        one.forward(connection)
        assert one.backlog == Backlog(0, 3)
    assert connection.execute("SELECT through, events, passed_over FROM forwarded").fetchone() == (5, 2, 3)


def test_events_of_a_day_are_in_its_own_table_and_those_of_wrong_clocks_in_the_last(
    connection: "Connection[Any]", tmp_path: Path
) -> None:
    (now_ns,) = connection.execute("SELECT (extract(epoch FROM now()) * 1e9)::bigint").fetchone() or (0,)
    path = store(tmp_path / "events.sqlite", *(an_event(at_ns=at_ns) for at_ns in (now_ns, 1_000, 2**62)))
    with forwarder(path) as one:
        one.forward(connection)
    tables = connection.execute("SELECT tableoid::regclass::text FROM events ORDER BY sequence").fetchall()
    assert tables == [(f"events_{now_ns // 86_400_000_000_000}",), ("events_of_other_days",), ("events_of_other_days",)]


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_lost_or_doubled_however_often_a_transaction_is_broken_off(
    connection: "Connection[Any]", database: str, tmp_path: Path, seed: int
) -> None:
    rng, path, cuts, made = random.Random(seed), tmp_path / "events.sqlite", 0, 0
    with forwarder(path) as one, EventStore(path) as writer:
        while cuts < 20:
            writer.append([an_event(name=f"p{made + number}") for number in range(rng.randrange(1, 40))])
            made = writer.newest()
            with Connection.connect(database, autocommit=True) as cut:
                if rng.random() < 0.7:
                    with connection.transaction():
                        connection.execute("LOCK TABLE forwarded IN ACCESS EXCLUSIVE MODE")
                        cut.execute(f"SET lock_timeout = {rng.randrange(1, 5)}")
                        with pytest.raises(OperationalError):
                            one.forward(cut)
                    cuts += 1
                else:
                    while one.forward(cut).events:
                        pass
        while one.forward(connection).events:
            pass
        assert rows_of(connection) == [(number + 1, f"p{number}") for number in range(made)]


def test_what_was_erased_before_it_was_forwarded_is_counted_once(connection: "Connection[Any]", tmp_path: Path) -> None:
    path = store(tmp_path / "events.sqlite", an_event())
    with forwarder(path) as one:
        one.forward(connection)
        store(path, an_event(), an_event())
        with changing(path, "nothing is erased") as sqlite:
            sqlite.execute("DELETE FROM events WHERE sequence > 1")
        one.forward(connection)
        store(path, an_event())
        one.forward(connection)
        assert one.backlog == Backlog(0, 2)
    assert connection.execute("SELECT through, events, passed_over FROM forwarded").fetchone() == (4, 2, 2)


def test_a_damaged_look_stays_here_and_all_else_goes(connection: "Connection[Any]", tmp_path: Path) -> None:
    path = store(
        tmp_path / "events.sqlite", a_track_that_ends(), an_event(), looks=tuple(a_look(crop=n) for n in range(4))
    )
    with changing(path, "it cannot be damaged") as sqlite:
        sqlite.execute("UPDATE looks SET vector = x'00' WHERE crop = 0")
        sqlite.execute("UPDATE looks SET details = '{' WHERE crop = 1")
        sqlite.execute("UPDATE looks SET network = 'none; DROP TABLE looks' WHERE crop = 2")
    with forwarder(path) as one:
        one.turn(connection)
        assert (one.forwarded, one.looks_refused, one.backlog.waiting) == (2, 3, 0)
    assert [crop for (crop,) in connection.execute("SELECT crop FROM looks")] == [3]
    with changing(path, "it cannot be counted") as sqlite:
        assert sqlite.execute("SELECT count(*) FROM looks").fetchone() == (4,)


def test_a_look_that_no_database_takes_stays_here(connection: "Connection[Any]", tmp_path: Path) -> None:
    looks = (a_look(crop=0), a_look(crop=1, name="a\0b"), a_look(crop=2))
    path = store(tmp_path / "events.sqlite", a_track_that_ends(), looks=looks)
    with forwarder(path) as one:
        one.turn(connection)
        assert (one.forwarded, one.looks_refused, one.backlog.waiting) == (1, 1, 0)
    assert [crop for (crop,) in connection.execute("SELECT crop FROM looks ORDER BY crop")] == [0, 2]
