"""The run directory: sockets, locks, books and logs of one running system, for its owner only."""

import os
import stat
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from twinface.errors import ArtefactError, ServiceError, SettingsError
from twinface.files import NO_ROOM, make_folder
from twinface.locks import open_locked, try_lock
from twinface.messages.topics import Topic
from twinface.private_files import keep_private

RUN_VARIABLE = "TWINFACE_RUN"
"""Environment variable with the run directory; `twinface up` sets it for the processes."""

_MAX_IPC_PATH_BYTES = 107
"""sun_path of a Unix socket on Linux, its closing zero included."""

_KEPT_STARTS = 8
_MEND = "set run_directory in the configuration"

_LOCK_PATIENCE_S = 0.5
"""Somebody who asks whether a lock is held has it for a moment; a process that was killed, too."""


def find_run_directory(configured: Path | None) -> Path:
    """$TWINFACE_RUN, else the configured one, else systemd's $RUNTIME_DIRECTORY, else $XDG_RUNTIME_DIR/twinface, else
    <temporary folder>/twinface-<uid>.
    """
    if named := os.environ.get(RUN_VARIABLE):
        return Path(named)
    if configured:
        return configured
    if made := os.environ.get("RUNTIME_DIRECTORY"):
        return Path(made.partition(":")[0])
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "twinface" if runtime else Path(tempfile.gettempdir()) / f"twinface-{os.getuid()}"


class RunDirectory:
    """A folder with mode 0700 that belongs to this user.

    Raises SettingsError when it cannot be made, belongs to somebody else, or lies where everybody may put something
    else in its place, and OSError when the disk is full.
    """

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        try:
            make_folder(self.path)
            _check_place(self.path)
            keep_private(self.path)
            for folder in ("locks", "books", "logs"):
                make_folder(self.path / folder)
        except ArtefactError as error:
            raise SettingsError(f"run directory {error}; {_MEND}") from error
        except OSError as error:
            if error.errno in NO_ROOM:
                raise
            raise SettingsError(f"run directory {self.path} cannot be used ({error.strerror}); {_MEND}") from error

    def endpoint(self, topic: Topic, origin: str, peer: str = "") -> str:
        """The ipc endpoint that `origin` ("camera.front") binds for `topic`, and for the box `peer` only."""
        return f"ipc://{self.socket_of(topic, origin, peer)}"

    def socket_of(self, topic: Topic, origin: str, peer: str = "") -> Path:
        """The socket of that endpoint."""
        return self.socket_path(f"{topic.name}.{origin}.{peer}" if peer else f"{topic.name}.{origin}")

    def copies_of(self, topic: Topic, origin: str) -> str:
        """The endpoint where `origin` publishes copies of what it sends on a work link, to who asks for them."""
        return f"ipc://{self.socket_path(f'{topic.name}-copies.{origin}')}"

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
        try:
            descriptor = open_locked(self.path / "locks" / name, os.O_RDWR | os.O_CREAT, _LOCK_PATIENCE_S)
        except BlockingIOError:
            message = f"{name} is already running in {self.path}; `twinface down` stops it"
            raise ServiceError(message, "locked") from None
        with suppress(OSError):  # who it is matters less than to work on a full disk
            os.truncate(descriptor, 0)
            os.write(descriptor, f"{os.getpid()}\n".encode())
        return descriptor

    def holds(self, descriptor: int, name: str) -> bool:
        """Whether the lock that was taken is still the one in this folder, which somebody may have emptied."""
        try:
            return os.path.samestat(os.fstat(descriptor), (self.path / "locks" / name).stat())
        except FileNotFoundError:
            return False

    def is_locked(self, name: str) -> bool:
        """Whether a living process holds the lock `name`."""
        try:
            descriptor = os.open(self.path / "locks" / name, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not try_lock(descriptor, shared=True)
        finally:
            os.close(descriptor)

    def sweep(self) -> None:
        """Remove what earlier runs left: books, sockets, half-written files; only for who holds the lock of the whole.

        Logs stay, and sockets of processes that live, started by hand.
        """
        for path in (*(self.path / "books").iterdir(), *self.path.iterdir()):
            if not path.is_dir() and not self.is_locked(path.name.partition(".")[2]):
                path.unlink(missing_ok=True)

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


def _check_place(path: Path) -> None:
    """Raise SettingsError where somebody else could have made the folder, or could put another one in its place."""
    parent = path.parent.stat()
    for_everybody = bool(parent.st_mode & stat.S_IWOTH)
    if path.lstat().st_uid != os.geteuid() or (for_everybody and path.is_symlink()):
        raise SettingsError(f"run directory {path} was made by another user, or is a link; {_MEND}")
    if for_everybody and not parent.st_mode & stat.S_ISVTX:
        raise SettingsError(f"run directory {path} can be replaced by everybody, who may write {path.parent}; {_MEND}")
