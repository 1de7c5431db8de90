"""Somebody forgotten at one box: erased from the database at once, at the others when they are there, and confirmed."""

import json
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from harness import until
from psycopg import Connection
from seen_by_boxes import NOW_NS, an_event, join, see_anna, store

from twinface.events import EventQuery, read_events
from twinface.events.event import NameSpan
from twinface.events.forgetting import forget_person
from twinface.postgres.connecting import connect
from twinface.sharing.erasing import (
    Erasures,
    ask_erasure,
    erased_since,
    pending_erasures,
    read_receipts,
)
from twinface.sharing.forwarding import Forwarder
from twinface.sharing.link import WHILE_NOTHING_IS_FORWARDED

ANNA = [NameSpan("Anna")]


def names_in(connection: "Connection[Any]", table: str = "events") -> list[tuple[Any, ...]]:
    return connection.execute(f"SELECT box, name FROM {table} ORDER BY box, at_ns, sequence".encode()).fetchall()


def test_rows_of_all_boxes_go_in_one_transaction_and_others_stay(connection: "Connection[Any]", tmp_path: Path) -> None:
    for box in ("a", "b"):
        see_anna(connection, tmp_path, box)
    assert ask_erasure(connection, "a", ANNA) == 2 * (4 + 1 + 1)
    assert names_in(connection) == [("a", "Bo"), ("b", "Bo")]
    assert connection.execute("SELECT count(*) FROM events WHERE details IS NOT NULL").fetchone() == (0,)
    assert connection.execute("SELECT count(*) FROM looks").fetchone() == (0,)


def test_a_box_erases_confirms_and_is_pending_until_then(connection: "Connection[Any]", tmp_path: Path) -> None:
    join(connection, door="a", gate="b", cellar="c")
    path = see_anna(connection, tmp_path, "b")
    ask_erasure(connection, "a", ANNA)
    assert [one.erased_at_s for one in read_receipts(connection, "Anna")] == [None] * 3
    store(path, an_event())  # seen before the box hears of it
    with closing(Forwarder(path, "b")) as forwarder:
        forwarder.turn(connection)
    assert ("b", "Anna") in names_in(connection)
    erasures = Erasures("b", lambda names: bool(forget_person(path, names)), lambda: ())
    erasures.turn(connection)
    assert ("b", "Anna") not in names_in(connection)
    assert [event.name for event in read_events(path, EventQuery())] == ["Bo"]
    receipts = {one.box_name: (one.erased_at_s is not None, one.rows) for one in read_receipts(connection, "Anna")}
    assert receipts == {"gate": (True, 1), "cellar": (False, None), "door": (False, None)}
    assert (pending_erasures(connection, "b"), erasures.erased) == ([], 1)


def test_the_name_goes_once_every_box_has_confirmed_and_its_digest_stays(
    connection: "Connection[Any]", tmp_path: Path
) -> None:
    join(connection, door="a", gate="b")
    ask_erasure(connection, "a", ANNA)
    for box in ("a", "b"):
        assert "Anna" in json.dumps(connection.execute("SELECT name, spans FROM erasures").fetchall())
        Erasures(box, lambda _names: True, lambda: ()).turn(connection)
    assert connection.execute("SELECT name, spans FROM erasures").fetchall() == [(None, None)]
    assert len(read_receipts(connection, "Anna")) == 2
    assert read_receipts(connection, "Bo") == []
    assert erased_since(connection, ["Anna", "Bo"], 0.0) == ["Anna"]
    assert erased_since(connection, ["Anna"], 4e9) == []


def test_a_box_that_comes_back_when_only_the_digest_is_left_erases_them_too(
    connection: "Connection[Any]", tmp_path: Path
) -> None:
    ask_erasure(connection, "a", ANNA)
    Erasures("a", lambda _names: True, lambda: ()).turn(connection)
    erased: list[Any] = []
    Erasures("z", lambda names: not erased.extend(names), lambda: ("Bo", "Anna")).turn(connection)
    assert [one.name for one in erased] == ["Anna"]
    assert erased[0].until_ns > NOW_NS - 400 * 86_400 * 10**9


def test_what_cannot_be_erased_here_is_not_confirmed(connection: "Connection[Any]") -> None:
    def fails(_names: object) -> bool:
        raise OSError("a broken disk")

    join(connection, door="a")
    ask_erasure(connection, "b", ANNA)
    with pytest.raises(OSError, match="broken disk"):
        Erasures("a", fails, lambda: ()).turn(connection)
    assert len(pending_erasures(connection, "a")) == 1


def test_who_is_in_this_boxs_copy_still_is_not_confirmed_to_be_erased(connection: "Connection[Any]") -> None:
    answers = iter([False, True])
    join(connection, door="a")
    ask_erasure(connection, "b", ANNA)
    erasures = Erasures("a", lambda _names: next(answers), lambda: ())
    erasures.turn(connection)
    assert len(pending_erasures(connection, "a")) == 1
    erasures.turn(connection)
    assert pending_erasures(connection, "a") == []


def test_nothing_that_was_read_before_it_was_erased_is_forwarded_after_it(
    connection: "Connection[Any]", database: str, tmp_path: Path
) -> None:
    path = store(tmp_path / "a.sqlite", an_event(), an_event(name="Bo"))
    with connect(database, "forwards") as other, closing(Forwarder(path, "a")) as forwarder:
        forwards = threading.Thread(target=forwarder.turn, args=[other])
        with connection.transaction():
            connection.execute(WHILE_NOTHING_IS_FORWARDED)
            forwards.start()
            waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            until(lambda: connection.execute(waits).fetchone() == (1,), 30.0, "the forwarder to wait")
            forget_person(path, ANNA)
        forwards.join()
    assert names_in(connection) == [("a", "Bo")]
