"""Which boxes of this user run: `twinface up` records its own, so that other commands find it from anywhere."""

import fcntl
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from twinface.files import make_folder


@dataclass(frozen=True, slots=True)
class RunningBox:
    """A `twinface up` that runs: its configuration and run directory, absolute, and its process."""

    config: str
    run_directory: str
    pid: int


def _folder() -> Path:
    return platformdirs.user_state_path("twinface") / "running"


@contextmanager
def record_running(config: Path, run_directory: Path) -> Iterator[OSError | None]:
    """Have this process found by `running_boxes` while the block runs; what is given says why it is not.

    The record is locked as long as the process lives, so that what a kill left behind is not believed. It gets its
    name once it is locked and whole.
    """
    try:
        record, descriptor = _write(RunningBox(str(config.absolute()), str(run_directory), os.getpid()))
    except OSError as error:
        yield error
        return
    try:
        yield None
    finally:
        record.unlink(missing_ok=True)
        os.close(descriptor)


def _write(box: RunningBox) -> tuple[Path, int]:
    """The record and the descriptor that holds its lock."""
    folder = _folder()
    make_folder(folder)
    descriptor, temporary = tempfile.mkstemp(prefix=".", dir=folder)
    record = folder / f"{Path(temporary).name[1:]}.json"
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, json.dumps(asdict(box)).encode())
        Path(temporary).rename(record)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        os.close(descriptor)
        raise
    return record, descriptor


def running_boxes() -> list[RunningBox]:
    """The boxes that run, sorted; records of others are removed."""
    found = []
    for path in _folder().glob("*.json"):
        with suppress(OSError, ValueError, TypeError):
            if box := _read(path):
                found.append(box)
    return sorted(found, key=lambda box: (box.config, box.run_directory))


def pid_of_box(run_directory: Path) -> int | None:
    """The `twinface up` that works in a run directory, also where that was emptied; None where none does."""
    return next((box.pid for box in running_boxes() if Path(box.run_directory) == run_directory), None)


def _read(path: Path) -> RunningBox | None:
    with path.open() as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return RunningBox(**json.load(stream))
    path.unlink()
    return None
