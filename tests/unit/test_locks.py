"""Locks between processes, held by real ones."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from twinface.files import FileState, write_atomically
from twinface.locks import open_locked, try_lock

FLAGS = os.O_RDWR | os.O_CREAT
HOLD = """
import os, sys
from twinface.locks import open_locked
open_locked(sys.argv[1], os.O_RDWR | os.O_CREAT, 0.0)
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_another(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", HOLD, path]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"held\n"
        yield other
        other.kill()


def test_a_lock_of_another_process_is_waited_for_and_no_longer(tmp_path: Path) -> None:
    with held_by_another(tmp_path / "lock"), pytest.raises(BlockingIOError):
        open_locked(tmp_path / "lock", FLAGS, wait_s=0.05)


def test_a_process_that_is_killed_gives_its_lock_back(tmp_path: Path) -> None:
    with held_by_another(tmp_path / "lock") as other:
        other.kill()
        os.close(open_locked(tmp_path / "lock", FLAGS, wait_s=30.0))


def test_a_lock_that_could_not_be_had_leaves_no_descriptor_open(tmp_path: Path) -> None:
    held = open_locked(tmp_path / "lock", FLAGS, wait_s=0.0)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        with pytest.raises(BlockingIOError):
            open_locked(tmp_path / "lock", FLAGS, wait_s=0.0)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    os.close(held)


def test_those_who_share_a_lock_keep_out_who_does_not(tmp_path: Path) -> None:
    one, two, three = (os.open(tmp_path / "lock", FLAGS, 0o600) for _ in range(3))
    assert try_lock(one, shared=True)
    assert try_lock(two, shared=True)
    assert not try_lock(three)
    os.close(one)
    os.close(two)
    assert try_lock(three)
    os.close(three)


def test_a_file_that_is_replaced_has_another_state(tmp_path: Path) -> None:
    path = tmp_path / "file"
    assert FileState.of(path) is None
    write_atomically(path, b"one")
    first = FileState.of(path)
    assert FileState.of(path) == first
    write_atomically(path, b"two")
    assert FileState.of(path) not in {None, first}


def test_a_file_that_is_written_again_at_the_same_moment_is_told_by_its_size(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one")
    first, status = FileState.of(path), path.stat()
    path.write_bytes(b"and two")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert FileState.of(path) != first
