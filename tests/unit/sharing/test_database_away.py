"""A database that is killed and started again while a box goes on storing: every event arrives once."""

import random
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from harness import until
from postgres_server import PostgresServer, running_server
from seen_by_boxes import an_event

from twinface.events import EventStore
from twinface.events.outbox import read_backlogs
from twinface.postgres.connecting import connect
from twinface.sharing.forwarding import Forwarder
from twinface.sharing.link import Link

_KILLS = 3


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    with running_server() as server:
        yield server


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
            until(lambda: link.problem, 60.0, "the link to notice")
            server.start()
            until(lambda: not read_backlogs(path)["database"].waiting, 60.0, "what has waited to be forwarded")
        link.stop()
        newest = store.newest()
    with connect(url, "test") as connection:
        row = connection.execute("SELECT count(*), count(DISTINCT sequence), min(sequence), max(sequence) FROM events")
        assert row.fetchone() == (newest, newest, 1, newest)
