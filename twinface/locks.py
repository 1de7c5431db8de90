"""Locks of files and folders between processes (flock): given back when their process ends, however it ends."""

import fcntl
import os
import time
from pathlib import Path

_RETRY_S = 0.01


def open_locked(path: Path, flags: int, wait_s: float) -> int:
    """Open a file or folder with `flags` of os.open and take its lock, which lasts until the descriptor is closed.

    A file that is made is for its owner only. Raises BlockingIOError when somebody else holds the lock for longer than
    `wait_s`, OSError when the file cannot be opened.
    """
    descriptor = os.open(path, flags | os.O_CLOEXEC, 0o600)
    try:
        give_up_at_s = time.monotonic() + wait_s
        while not try_lock(descriptor):
            if time.monotonic() >= give_up_at_s:
                raise BlockingIOError(f"{path}: locked by another process")
            time.sleep(_RETRY_S)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def try_lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take the lock of an open file or folder, `shared` with others who share it; False when somebody else holds it."""
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
