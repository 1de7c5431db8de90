"""What is ours is for its owner only: what libraries make, and what was left open to others."""

import logging
import os
import stat
from pathlib import Path

from twinface.errors import ArtefactError

log = logging.getLogger(__name__)

PRIVATE_UMASK = 0o077
"""For processes of ours: what libraries make, such as SQLite and ZeroMQ, is for its owner only, too."""

_OWN_FOLDER = "twinface"
_OF_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH


def keep_private(path: Path) -> None:
    """See to it that a file or folder of ours is for its owner only; says so in the log where it was not.

    So is the folder that it lies in, where that is one of our own: who may write there can put another in its place.
    Raises ArtefactError where it belongs to another user, OSError where it cannot be looked at.
    """
    from platformdirs import user_config_path, user_data_path, user_state_path  # slow to load for a help text

    if path.parent in (user_config_path(_OWN_FOLDER), user_data_path(_OWN_FOLDER), user_state_path(_OWN_FOLDER)):
        keep_private(path.parent)
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        status = os.fstat(descriptor)
        if status.st_uid != os.geteuid():
            raise ArtefactError(
                f"{path}: belongs to another user (uid {status.st_uid}); work as that user, or name another"
            )
        if not status.st_mode & _OF_OTHERS:
            return
        could = "change" if status.st_mode & _WRITABLE_BY_OTHERS else "read"
        try:
            os.fchmod(descriptor, stat.S_IMODE(status.st_mode) & ~_OF_OTHERS)
        except OSError as error:
            log.warning("%s: others can %s it, and that cannot be changed (%s)", path, could, error.strerror)
        else:
            log.warning("%s: others could %s it; from now on it is for its owner only", path, could)
    finally:
        os.close(descriptor)
