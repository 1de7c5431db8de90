"""Which boxes of this user run, and which configuration and run directory are meant.

`twinface up` records its own box, so that others find it from anywhere.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import platformdirs

from twinface.bus.rundir import RUN_VARIABLE, find_run_directory
from twinface.config_file import ConfigFile, find_installed_config, find_nearby_config
from twinface.errors import InputError
from twinface.files import make_folder
from twinface.locks import try_lock
from twinface.settings import Settings


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
        try_lock(descriptor)  # made just now, under a name that nobody looks for
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


def find_running(config: Path) -> RunningBox | None:
    """The box that runs by this configuration, which need not be readable any more; None where none or several do."""
    boxes = [box for box in running_boxes() if Path(box.config).resolve() == config.resolve()]
    return boxes[0] if len(boxes) == 1 else None


def choose_config(named: Path | None) -> ConfigFile:
    """The configuration to work with: the one `named`, else by the rule of all commands.

    $TWINFACE_CONFIG, else ./pipeline.toml, else ./config/pipeline.toml, else that of the box that runs, else
    ~/.config/twinface/pipeline.toml, else /etc/twinface/pipeline.toml, else the one that came with the package.

    Raises InputError where the choice is between several boxes that run.
    """
    if named is not None:
        return ConfigFile(named.absolute(), "--config")
    if nearby := find_nearby_config():
        return nearby
    boxes = running_boxes()
    configs = {box.config for box in boxes}
    if len(configs) > 1:
        raise InputError(f"{len(configs)} boxes run: say which with --config, {' or '.join(sorted(configs))}")
    if configs:
        return ConfigFile(Path(*configs), f"the box that runs, pid {boxes[0].pid}")
    return find_installed_config()


def choose_run_path(config: Path, settings: Settings) -> Path:
    """The run directory of the box that runs by this configuration, else the one that the next would have.

    They differ where it is not configured and `twinface up` was called in another environment: as a service, by cron.

    Raises InputError where the choice is between several boxes that run.
    """
    if settings.run_directory is None and RUN_VARIABLE not in os.environ:
        boxes = [box for box in running_boxes() if Path(box.config).resolve() == config.resolve()]
        if len(boxes) > 1:
            runs = " or ".join(box.run_directory for box in boxes)
            raise InputError(f"{len(boxes)} boxes run by {config}: say which with {RUN_VARIABLE}={runs}")
        if boxes:
            return Path(boxes[0].run_directory)
    return find_run_directory(settings.run_directory)


def _read(path: Path) -> RunningBox | None:
    with path.open() as stream:
        if not try_lock(stream.fileno(), shared=True):
            return RunningBox(**json.load(stream))
    path.unlink()
    return None
