"""One writer at a time in a folder, of all processes of the box."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinface.errors import ArtefactError

WAIT_S = 5.0
_RETRY_S = 0.02


@contextmanager
def writers_lock(folder: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the folder's lock; the system gives it back when the process ends, however it ends.

    Raises ArtefactError when another writer holds it for longer than `wait_s`, or the folder cannot be written.
    """
    try:
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ArtefactError(f"{folder}: cannot be written ({error.strerror}); check its owner and rights") from error
    try:
        deadline = time.monotonic() + wait_s
        while not _try_lock(descriptor):
            if time.monotonic() > deadline:
                raise ArtefactError(f"{folder}: another command is writing there; try again when it has ended")
            time.sleep(_RETRY_S)
        yield
    finally:
        os.close(descriptor)


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
