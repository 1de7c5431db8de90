"""Files that are whole or not there: atomic writes, checksums, JSON that is the same bytes for the same content."""

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from twinface.errors import ArtefactError


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write `data` to `path`, creating its folder; a reader, a crash or Ctrl-C sees the old file or the new, whole.

    Raises OSError, for example when the disk is full; `path` is then as it was.
    """
    with writing_atomically(path, mode) as stream:
        stream.write(data)


@contextmanager
def writing_atomically(path: Path, mode: int = 0o644) -> Iterator[BinaryIO]:
    """Like write_atomically, for what does not fit into memory; when the block fails, `path` stays as it was.

    A temporary file in the same folder is fsynced and renamed over `path`, then the folder is fsynced.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            os.fchmod(descriptor, mode)
            yield stream
            stream.flush()
            os.fsync(descriptor)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes, in hex. Raises OSError."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def canonical_json(value: Any) -> bytes:
    """JSON with sorted keys and a final newline: the same bytes for the same content, readable and diffable.

    Raises ValueError for NaN and infinities, which JSON does not know.
    """
    return (json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n").encode()


def read_json_object(path: Path) -> dict[str, Any]:
    """The object in a JSON file of ours. Raises ArtefactError when it is missing, unreadable or no JSON object."""
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error.strerror}); name the folder that holds it") from error
    except ValueError as error:
        raise ArtefactError(f"{path}: not valid JSON ({error}); make it anew") from error
    if not isinstance(value, dict):
        raise ArtefactError(f"{path}: expected a JSON object, got {type(value).__name__}; make it anew")
    return value
