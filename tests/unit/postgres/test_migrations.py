"""Migrations are applied once and whole, or not at all."""

import psycopg
import pytest

from twinface.errors import DatabaseError
from twinface.postgres.connecting import connect
from twinface.postgres.migrations import Migration, all_migrations, migrate, schema_version

GOOD = Migration(1, "good", "CREATE TABLE good (a int); INSERT INTO good VALUES (1)")
STOPPED = Migration(2, "stopped", "CREATE TABLE half (a int); SELECT 1 / 0")


def test_all_of_them_are_applied_once_and_in_order(database: str) -> None:
    with connect(database, "twinface test") as connection:
        assert schema_version(connection) == 0
        assert migrate(connection) == [one.name for one in all_migrations()]
        assert migrate(connection) == []
        assert schema_version(connection) == all_migrations()[-1].number


def test_they_are_numbered_without_a_gap() -> None:
    numbers = [one.number for one in all_migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_one_that_is_stopped_in_the_middle_leaves_nothing_and_is_applied_whole_later(database: str) -> None:
    with connect(database, "twinface test") as connection:
        with pytest.raises(psycopg.Error, match="division by zero"):
            migrate(connection, [GOOD, STOPPED])
        assert schema_version(connection) == 1
        assert connection.execute("SELECT to_regclass('half')").fetchone() == (None,)
        mended = Migration(2, "stopped", "CREATE TABLE half (a int)")
        assert migrate(connection, [GOOD, mended]) == ["stopped"]
        assert connection.execute("SELECT count(*) FROM good").fetchone() == (1,)


def test_the_schema_of_a_later_twinface_is_refused(database: str) -> None:
    with connect(database, "twinface test") as connection:
        migrate(connection, [GOOD, Migration(2, "later", "CREATE TABLE later (a int)")])
        with pytest.raises(DatabaseError, match=r"of a later twinface .*update this box"):
            migrate(connection, [GOOD])


def test_two_boxes_that_start_together_apply_it_once(database: str) -> None:
    with connect(database, "first") as first, connect(database, "second") as second:
        with first.transaction():
            first.execute("SELECT pg_advisory_xact_lock(29815, 0)")
            second.execute("SET lock_timeout = '100ms'")
            with pytest.raises(psycopg.errors.LockNotAvailable):
                migrate(second, [GOOD])
        assert migrate(second, [GOOD]) == ["good"]
        assert migrate(first, [GOOD]) == []
