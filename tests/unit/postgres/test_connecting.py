"""What keeps a database from being used is one line that names the mend."""

import socket

import pytest
from postgres_server import PostgresServer, make_server

from twinface.errors import DatabaseError, InputError
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
