"""The run directory: sockets, locks, books and logs of one running system, for its owner only."""

import fcntl
import os
import stat
import tempfile
import time
from pathlib import Path

from twinface.errors import ServiceError, SettingsError
from twinface.files import make_folder
from twinface.messages.topics import Topic

RUN_VARIABLE = "TWINFACE_RUN"
"""Environment variable with the run directory; `twinface up` sets it for the processes."""

_MAX_IPC_PATH_BYTES = 107
"""sun_path of a Unix socket on Linux, its closing zero included."""

_KEPT_STARTS = 8

_LOCK_POLL_S = 0.01
_LOCK_PATIENCE_S = 0.5
"""Somebody who asks whether a lock is held has it for a moment; a process that was killed, too."""


def default_run_directory() -> Path:
    """$TWINFACE_RUN, else $XDG_RUNTIME_DIR/twinface, else <temporary folder>/twinface-<uid>."""
    named = os.environ.get(RUN_VARIABLE)
    if named:
        return Path(named)
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "twinface" if runtime else Path(tempfile.gettempdir()) / f"twinface-{os.getuid()}"


class RunDirectory:
    """A folder with mode 0700 that belongs to this user.

    Raises SettingsError when it cannot be made, belongs to somebody else, or its path is too long for a socket.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            make_folder(self.path)
            status = self.path.stat()
            if {status.st_uid, self.path.lstat().st_uid} != {os.getuid()}:
                raise SettingsError(f"{self.path} belongs to another user; set run_directory in the configuration")
            if stat.S_IMODE(status.st_mode) != 0o700:
                self.path.chmod(0o700)
            for folder in ("locks", "books", "logs"):
                make_folder(self.path / folder)
        except OSError as error:
            raise SettingsError(f"run directory {self.path} cannot be used: {error}") from error

    def endpoint(self, topic: Topic, origin: str) -> str:
        """The ipc endpoint that `origin` ("camera.front") binds for `topic`."""
        return f"ipc://{self.socket_path(f'{topic.name}.{origin}')}"

    def socket_path(self, name: str) -> Path:
        """Path of the Unix socket `name`; SettingsError when it is too long for the system."""
        path = self.path / name
        if len(os.fsencode(path)) >= _MAX_IPC_PATH_BYTES:
            raise SettingsError(f"{path} is too long for a socket; set a shorter run_directory in the configuration")
        return path

    def lock(self, name: str) -> int:
        """Take the lock `name` for as long as this process lives; returns the open file descriptor.

        A second bind on an ipc path would silently take the traffic away from the first: so one process holds one
        name. Raises ServiceError when another process holds it.
        """
        descriptor = os.open(self.path / "locks" / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        give_up_at_s = time.monotonic() + _LOCK_PATIENCE_S
        while not _try_lock(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > give_up_at_s:
                os.close(descriptor)
                raise ServiceError(f"{name} is already running in {self.path}; `twinface down` stops it", "locked")
            time.sleep(_LOCK_POLL_S)
        os.truncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        return descriptor

    def is_locked(self, name: str) -> bool:
        """Whether a living process holds the lock `name`."""
        try:
            descriptor = os.open(self.path / "locks" / name, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not _try_lock(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)

    def clear_books(self) -> None:
        """Forget the books of earlier runs; only for who holds the lock of the whole system."""
        for path in (self.path / "books").iterdir():
            path.unlink()

    def next_epoch(self, origin: str) -> int:
        """The number of a start of `origin`: the time, or one more than its last where the clock went backwards."""
        return max([time.time_ns(), *(epoch + 1 for own, epoch, _ in self.list_books() if own == origin)])

    def list_books(self) -> list[tuple[str, int, Path]]:
        """(origin, epoch, file) of all books, by origin and epoch."""
        found = []
        for path in (self.path / "books").iterdir():
            origin, _, epoch = path.name.rpartition("@")
            if not origin.startswith(".") and epoch.isdecimal():
                found.append((origin, int(epoch), path))
        return sorted(found)

    def outdated_books(self, origin: str) -> list[Path]:
        """The books of all its starts but the latest: a process that fails every few seconds must not fill the disk."""
        return [path for own, _, path in self.list_books() if own == origin][:-_KEPT_STARTS]

    def books_path(self, origin: str, epoch: int) -> Path:
        """Where `origin` keeps the books of this `epoch`."""
        return self.path / "books" / f"{origin}@{epoch}"


def _try_lock(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
