"""What a check of the doctor looks at, and what it says."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from twinface.box.supervision import UP_LOCK
from twinface.bus.rundir import RunDirectory
from twinface.settings import Settings


class Mark(StrEnum):
    """How a check came out: WARN works and should be known, FAIL does not work."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Subject:
    """What is examined: a configuration, and the run directory of the box that runs, or would run, by it."""

    config: Path
    settings: Settings
    run: RunDirectory

    @property
    def is_running(self) -> bool:
        """Whether `twinface up` runs there."""
        return self.run.is_locked(UP_LOCK)


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, how it is, and, where that is not well, what mends it behind a semicolon."""

    check: str
    mark: Mark
    says: str


Check = Callable[[Subject], Iterator[Finding]]
"""Looks at one thing. What it raises of UserError and OSError is a finding, too: it fails."""


def nearest_folder(path: Path) -> Path:
    """The folder that exists at or above a path."""
    return next(folder for folder in (path, *path.absolute().parents) if folder.is_dir())
