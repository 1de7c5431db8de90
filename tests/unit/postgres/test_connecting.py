"""What keeps a database from being used is one line that names the mend."""

import os
import shutil
import socket

import pytest
from postgres_server import PostgresServer, make_server
from small_disk import small_disk

from twinface.errors import DatabaseError, InputError
from twinface.postgres import connecting
from twinface.postgres.connecting import check_server, connect, errors_of


def test_a_database_with_pgvector_is_taken(database: str) -> None:
    with connect(database, "twinface test") as connection:
        check_server(connection)
        row = connection.execute(
            "SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()"
        ).fetchone()
    assert row == ("twinface test",)


def test_without_pgvector_the_command_of_the_administrator_is_named(postgres: PostgresServer) -> None:
    name = postgres.create_database(vector=False)
    command = f"psql --dbname={name} --command='CREATE EXTENSION vector'"
    with connect(postgres.url(name), "twinface test") as connection, pytest.raises(DatabaseError, match=command):
        check_server(connection)


@pytest.mark.parametrize(
    ("name", "oldest", "words"),
    [
        ("OLDEST_SERVER", 19, r"is PostgreSQL 18, and this takes 19 or later; upgrade it"),
        (
            "OLDEST_VECTOR",
            (9, 1),
            r"has pgvector 0\.\S+, and this takes 9\.1 or later; .*'ALTER EXTENSION vector UPDATE'",
        ),
    ],
)
def test_a_server_or_an_extension_that_is_too_old_is_refused_with_the_mend(
    database: str, monkeypatch: pytest.MonkeyPatch, name: str, oldest: object, words: str
) -> None:
    monkeypatch.setattr(connecting, name, oldest)
    with connect(database, "twinface test") as connection, pytest.raises(DatabaseError, match=words):
        check_server(connection)


def test_a_server_that_takes_no_more_connections_says_so(database: str) -> None:
    with connect(database, "administrator") as administrator:
        administrator.execute("DROP ROLE IF EXISTS crowded")
        administrator.execute("CREATE ROLE crowded LOGIN CONNECTION LIMIT 0")
    with pytest.raises(DatabaseError, match=r'cannot be reached: too many connections for role "crowded"'):
        connect(database.replace("postgres@", "crowded@"), "twinface test")


def test_a_disk_that_is_full_is_said_and_nothing_was_stored(postgres: PostgresServer, database: str) -> None:
    with small_disk(postgres.folder / "full", 512) as folder, connect(database, "administrator") as administrator:
        if os.geteuid() == 0:
            shutil.chown(folder, "nobody", "nogroup")
        administrator.execute(f"CREATE TABLESPACE small LOCATION '{folder}'".encode())
        administrator.execute("CREATE TABLE many (text text) TABLESPACE small")
        with pytest.raises(DatabaseError, match=r"is full: could not .*; nothing was stored"), errors_of(database):
            administrator.execute("INSERT INTO many SELECT md5(n::text) FROM generate_series(1, 100000) AS n")
        assert administrator.execute("SELECT count(*) FROM many").fetchone() == (0,)
        administrator.execute("DROP TABLE many")
        administrator.execute("DROP TABLESPACE small")


def test_nobody_there_is_one_line_without_the_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_PASSWORD", "geh/eim@x")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DatabaseError) as failed:
        connect(f"postgresql://ada:${{DATABASE_PASSWORD}}@127.0.0.1:{port}/faces", "twinface test")
    assert f"the database 127.0.0.1:{port}/faces cannot be reached" in str(failed.value)
    assert "refused" in str(failed.value)
    assert "geh" not in str(failed.value)
    assert "\n" not in str(failed.value)


def test_a_database_that_does_not_exist_and_an_address_that_is_none_are_said(postgres: PostgresServer) -> None:
    with pytest.raises(DatabaseError, match='database "nowhere" does not exist'):
        connect(postgres.url("nowhere"), "twinface test")
    with pytest.raises(DatabaseError, match="is no address of PostgreSQL"):
        connect("the cellar", "twinface test")
    with pytest.raises(InputError, match="NOT_SET_ANYWHERE"):
        connect("${NOT_SET_ANYWHERE}", "twinface test")


def test_a_statement_that_the_server_refuses_or_is_stopped_in_is_said() -> None:
    server = make_server()
    server.start()
    try:
        url = server.url("postgres")
        with connect(url, "twinface test") as connection:
            with pytest.raises(DatabaseError, match=r'refuses: relation "nothing" does not exist'), errors_of(url):
                connection.execute("SELECT * FROM nothing")
            server.stop()
            with pytest.raises(DatabaseError, match=r"was stopped|cannot be reached"), errors_of(url):
                connection.execute("SELECT 1")
    finally:
        server.stop()
        shutil.rmtree(server.folder)
