"""Files that are whole or not there: atomic writes, checksums, JSON that is the same bytes for the same content."""

import ctypes
import errno
import hashlib
import json
import math
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn, Self

from twinface.errors import ArtefactError, InputError
from twinface.locks import open_locked

MAX_JSON_BYTES = 16 * 1024 * 1024
"""Larger files of JSON are not read: a list of lists takes twenty times its size in memory."""

PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700
"""Modes of all that we make."""

NO_ROOM = {errno.ENOSPC, errno.EDQUOT}
"""Of an OSError: the disk is full, or what this user may have of it."""

LONE_SURROGATES = "backslashreplace"
"""How JSON is encoded: what stands for a byte of a file's name that is no UTF-8 becomes its escape in JSON, \\udc80."""

_MAX_DIGITS = 20
_MOST_PREFIX_BYTES = 200
_SHOWN_CHARACTERS = 40
_LOCK_WAIT_S = 5.0
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_CANNOT_EXCHANGE = {errno.EINVAL, errno.ENOSYS, errno.EPERM}


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing, for its owner only, whatever the umask. Raises OSError.

    One that is there already stays as it is.
    """
    for folder in (*reversed(path.parents), path):
        if not folder.is_dir():
            folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)


def write_atomically(path: Path, data: bytes) -> None:
    """Write `data` to `path`, creating its folder; a reader, a crash or Ctrl-C sees the old file or the new, whole.

    The file is for its owner only. Raises OSError, for example when the disk is full; `path` is then as it was.
    """
    stream_atomically(path, lambda stream: stream.write(data))


def stream_atomically(path: Path, write: Callable[[BinaryIO], object]) -> None:
    """Like write_atomically, of what `write` puts into the stream that it is given; it may raise anything.

    A temporary file in the same folder is fsynced and renamed over `path`, then the folder is fsynced. Its name is
    chosen before it is there, so that Ctrl-C at any moment leaves none behind.
    """
    make_folder(path.parent)
    prefix = os.fsdecode(os.fsencode(path.name)[:_MOST_PREFIX_BYTES])
    temporary = path.with_name(f".{prefix}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_FILE), "wb") as stream:
            write(stream)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    sync(path.parent)


def require_new(path: Path, mend: str) -> None:
    """Raise InputError, with the `mend`, where something has this path already: nothing is overwritten unasked."""
    if path.exists() or path.is_symlink():
        raise InputError(f"{path}: there already; {mend}")


def sync(path: Path) -> None:
    """Make what a file holds, or renames and removals in a folder, survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def exchange(first: Path, second: Path) -> bool:
    """Let two paths of one file system, both there, change places at once, so that nobody ever sees one missing.

    False where the kernel, the C library or the file system has no such thing (renameat2(2) with RENAME_EXCHANGE);
    nothing was done then. Raises OSError.
    """
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(first), _AT_FDCWD, os.fsencode(second), _RENAME_EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in _CANNOT_EXCHANGE:
        return False
    raise OSError(number, os.strerror(number), str(first))


@contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Hold the lock of whoever changes a folder that is replaced as a whole: that of the folder it lies in.

    Raises ArtefactError when another writer holds it for longer than 5 s, or it cannot be opened.
    """
    try:
        descriptor = open_locked(folder.parent, os.O_RDONLY | os.O_DIRECTORY, _LOCK_WAIT_S)
    except BlockingIOError as error:
        raise ArtefactError(f"{folder}: another command is writing it; try again when it has ended") from error
    except OSError as error:
        raise ArtefactError(f"{folder}: cannot be written ({error.strerror}); name another folder") from error
    try:
        yield
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class FileState:
    """Tells a file that was replaced, or written again, from one that was not."""

    inode: int
    modified_ns: int
    size: int

    @classmethod
    def of(cls, path: Path) -> Self | None:
        """That of a file or folder; None where there is none. Raises OSError where it cannot be looked at."""
        try:
            return cls.by(path.stat())
        except FileNotFoundError:
            return None

    @classmethod
    def by(cls, status: os.stat_result) -> Self:
        """That of a file that was looked at already."""
        return cls(status.st_ino, status.st_mtime_ns, status.st_size)


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, in hex. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and a final newline: the same bytes for the same content, readable and diffable.

    Names of files that are no UTF-8 come back as they were.
    Raises ValueError for NaN and infinities, which JSON does not know.
    """
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode("utf-8", LONE_SURROGATES)


def read_bounded(path: Path, max_bytes: int) -> bytes:
    """All of a regular file. Raises OSError where there is none, it cannot be read, or has more than `max_bytes`."""
    with open_regular(path) as stream:
        too_large = os.fstat(stream.fileno()).st_size > max_bytes
        data = b"" if too_large else stream.read(max_bytes + 1)
        if too_large or len(data) > max_bytes:
            raise OSError(errno.EFBIG, f"larger than {max_bytes:,} bytes", str(path))
        return data


def open_regular(path: Path) -> BinaryIO:
    """A file to read; OSError for a pipe or a device, which is never waited for."""
    stream = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb")
    if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
        stream.close()
        raise OSError(errno.EINVAL, "no regular file", str(path))
    return stream


def parse_json(data: bytes | str) -> Any:
    """The value of JSON text that somebody else may have made.

    Raises ValueError for everything else, and for what JSON allows and nobody needs: more than MAX_JSON_BYTES, numbers
    that no computer has, nested so deep that the parser gives up.
    """
    if len(data) > MAX_JSON_BYTES:
        raise ValueError(f"{len(data):,} bytes, at most {MAX_JSON_BYTES:,} are read")
    try:
        return json.loads(data, parse_int=_integer, parse_float=_finite, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("nested too deep") from None


def _integer(digits: str) -> int:
    return int(digits) if len(digits) <= _MAX_DIGITS else _no_number(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _no_number(digits)


def _no_number(digits: str) -> NoReturn:
    raise ValueError(f"a number that is none: {digits[:_SHOWN_CHARACTERS]}")


def shown(value: object) -> str:
    """A value from a file for a message: a number or a short text as it is, anything else by its type."""
    if isinstance(value, int | float | None) or (isinstance(value, str) and len(value) <= _SHOWN_CHARACTERS):
        return ascii(value)
    return f"a {type(value).__name__}"


def read_json_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file of ours. Raises ArtefactError when it is missing, unreadable or no JSON object."""
    try:
        value = parse_json(read_bounded(path, MAX_JSON_BYTES))
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error.strerror}); name the folder that holds it") from error
    except ValueError as error:
        raise ArtefactError(f"{path}: not valid JSON ({error}); make it again") from error
    if not isinstance(value, dict):
        raise ArtefactError(f"{path}: expected a JSON object, got {type(value).__name__}; make it again")
    return value
