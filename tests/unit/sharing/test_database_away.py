"""A database that is killed and started again while a box goes on storing: every event arrives once."""

import random
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from postgres_server import PostgresServer, make_server
from seen_by_boxes import an_event

from twinface.events import EventStore
from twinface.events.outbox import read_backlogs
from twinface.postgres.connecting import connect
from twinface.sharing.forwarding import Forwarder
from twinface.sharing.link import Link

_KILLS = 3
_CAUGHT_UP_WITHIN_S = 10.0


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    server = make_server()
    server.start()
    yield server
    server.stop()
    shutil.rmtree(server.folder)


def test_nothing_is_lost_or_doubled_where_the_database_is_killed(server: PostgresServer, tmp_path: Path) -> None:
    url, rng = server.url(server.create_database()), random.Random(7)
    path, changed = tmp_path / "events.sqlite", threading.Event()
    with EventStore(path) as store, closing(Forwarder(path, "a")) as forwarder:
        link = Link(url, "test", [forwarder], changed.set)
        link.start()
        for _ in range(_KILLS):
            begun = forwarder.forwarded
            while forwarder.forwarded < begun + 50:
                store.append([an_event() for _ in range(rng.randrange(1, 20))])
            server.stop("immediate")
            store.append([an_event() for _ in range(700)])
            assert read_problem(link, changed)
            server.start()
            back_s = time.monotonic()
            while (
                waiting := read_backlogs(path)["database"].waiting
            ) and time.monotonic() - back_s < _CAUGHT_UP_WITHIN_S:
                changed.wait(0.05)
            assert not waiting
        link.stop()
        newest = store.newest()
    with connect(url, "test") as connection:
        row = connection.execute("SELECT count(*), count(DISTINCT sequence), min(sequence), max(sequence) FROM events")
        assert row.fetchone() == (newest, newest, 1, newest)


def read_problem(link: Link, changed: threading.Event) -> str:
    """What is wrong with the link, once something is."""
    until_s = time.monotonic() + 30
    while not link.problem and time.monotonic() < until_s:
        changed.wait(0.1)
        changed.clear()
    return link.problem
