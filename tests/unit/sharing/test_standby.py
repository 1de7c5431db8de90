"""Real processes on a real server: one acts, another takes over, and never two at once."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from harness import until
from network_namespaces import linked_namespace
from postgres_server import PostgresServer
from shared_boxes import shared_box

from twinface.errors import SettingsError
from twinface.postgres.connecting import connect
from twinface.settings_file import load_settings

WORKER = Path(__file__).resolve().parents[2] / "standby_worker.py"

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a worker on a database, which writes into a file of its number; all are ended."""
    started: list[subprocess.Popen[bytes]] = []

    def run(url: str, *prefix: str) -> "subprocess.Popen[bytes]":
        command = [*prefix, sys.executable, str(WORKER), url, "pair", str(tmp_path / f"{len(started)}.acts")]
        started.append(subprocess.Popen(command))
        return started[-1]

    yield run
    for one in started:
        one.kill()
        one.wait()


def acts(folder: Path, number: int) -> list[int]:
    """When the worker of this number has acted, in ns."""
    path = folder / f"{number}.acts"
    return [int(line) for line in path.read_text().split("\n")[:-1]] if path.exists() else []


def none_at_once(folder: Path, number: int) -> None:
    """That the times of `number` workers, one after the other, do not mix."""
    times = sorted((at, one) for one in range(number) for at in acts(folder, one))
    turns = [second for (_, first), (_, second) in pairwise(times) if first != second]
    assert len(turns) == len({*turns}), "one has acted, then another, and then the first one again"


def acting(folder: Path, number: int) -> None:
    until(lambda: acts(folder, number), 20.0, f"worker {number} to act")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP, signal.SIGTERM])
def test_another_takes_over_from_one_that_is_killed_or_stopped(
    database: str, tmp_path: Path, start: Start, number: signal.Signals
) -> None:
    first = start(database)
    acting(tmp_path, 0)
    start(database)
    first.send_signal(number)
    acting(tmp_path, 1)
    if number is signal.SIGSTOP:
        first.send_signal(signal.SIGCONT)
        assert first.wait(20.0) == 3, "it has noticed before it acted again"
    none_at_once(tmp_path, 2)


def test_one_whose_session_an_administrator_ends_acts_no_more(database: str, tmp_path: Path, start: Start) -> None:
    first = start(database)
    acting(tmp_path, 0)
    start(database)
    with connect(database, "administrator") as administrator:
        administrator.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted")
    assert first.wait(20.0) == 3
    first_again = start(database)
    acting(tmp_path, 1)
    assert first_again.poll() is None
    none_at_once(tmp_path, 3)


@pytest.fixture
def namespace() -> Iterator[str]:
    """A network namespace at 10.99.7.2 with this machine at 10.99.7.1, by veth."""
    with linked_namespace(f"tf{os.getpid()}", "10.99.7") as name:
        yield name


def test_another_takes_over_from_one_whose_link_is_cut(
    postgres: PostgresServer, tmp_path: Path, start: Start, namespace: str
) -> None:
    name = postgres.create_database()
    far = start(postgres.url(name, "10.99.7.1"), "ip", "netns", "exec", namespace)
    acting(tmp_path, 0)
    start(postgres.url(name))
    subprocess.run(["ip", "link", "set", namespace, "down"], check=True)
    acting(tmp_path, 1)
    assert far.wait(20.0) == 3
    none_at_once(tmp_path, 2)


def test_a_matcher_stands_by_and_takes_over(database: str, tmp_path: Path) -> None:
    lines = (f'url = "{database}"', 'standby = "pair"')
    with shared_box(tmp_path / "gate", "gate", *lines) as gate, shared_box(tmp_path / "door", "door", *lines) as door:
        gate.start("matcher")
        gate.says("matcher", "running")
        door.start("matcher")
        assert door.says("matcher", "stands by, gate is active").state == "idle"
        gate.end("matcher")
        door.says("matcher", "running")
        gate.start("matcher")
        gate.says("matcher", "stands by, door is active")
        assert door.end("matcher", signal.SIGTERM) == 0
        gate.says("matcher", "running")


def test_a_standby_without_a_database_is_refused(tmp_path: Path) -> None:
    config = tmp_path / "pipeline.toml"
    config.write_text('[database]\nstandby = "pair"\n')
    with pytest.raises(SettingsError, match="set url"):
        load_settings(config)
