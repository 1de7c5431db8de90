"""One writer at a time in a folder, of all processes of the box."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinface.errors import ArtefactError
from twinface.gallery.features_folder import require_gallery
from twinface.locks import open_locked

WAIT_S = 5.0


@contextmanager
def writers_lock(folder: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the folder's lock; the system gives it back when the process ends, however it ends.

    Raises ArtefactError when another writer holds it for longer than `wait_s`, the folder cannot be written, or holds
    features and no gallery.
    """
    require_gallery(folder)
    try:
        descriptor = open_locked(folder / ".lock", os.O_RDWR | os.O_CREAT, wait_s)
    except BlockingIOError as error:
        raise ArtefactError(f"{folder}: another command is writing there; try again when it has ended") from error
    except OSError as error:
        raise ArtefactError(f"{folder}: cannot be written ({error.strerror}); check its owner and rights") from error
    try:
        yield
    finally:
        os.close(descriptor)
