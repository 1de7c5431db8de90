"""One writer at a time in a folder, of all processes of the box."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinface.errors import ArtefactError
from twinface.files import wait_for_lock
from twinface.gallery.features_folder import require_gallery

WAIT_S = 5.0


@contextmanager
def writers_lock(folder: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the folder's lock; the system gives it back when the process ends, however it ends.

    Raises ArtefactError when another writer holds it for longer than `wait_s`, the folder cannot be written, or holds
    features and no gallery.
    """
    require_gallery(folder)
    try:
        descriptor = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ArtefactError(f"{folder}: cannot be written ({error.strerror}); check its owner and rights") from error
    try:
        if not wait_for_lock(descriptor, wait_s):
            raise ArtefactError(f"{folder}: another command is writing there; try again when it has ended")
        yield
    finally:
        os.close(descriptor)
