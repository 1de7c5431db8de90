"""A database that boxes share, with its tables."""

from collections.abc import Iterator
from typing import Any

import pytest
from sharing_galleries import door, gate, make_box

from twinface.postgres.connecting import connect
from twinface.postgres.migrations import migrate

__all__ = ["door", "gate", "make_box"]


@pytest.fixture
def connection(database: str) -> "Iterator[Any]":
    with connect(database, "test") as connection:
        migrate(connection)
        yield connection
