"""Folders that appear whole or not at all."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinface.errors import ArtefactError
from twinface.files import sync_folder


@contextmanager
def published(folder: Path) -> Iterator[Path]:
    """A temporary folder to fill; when the block ends well it takes the place of `folder`, else it vanishes.

    Files are fsynced before. A folder that is there already is moved aside first, so that for an instant there may be
    none, never a mixture. Raises ArtefactError when it cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise ArtefactError(f"{folder}: cannot be made ({error.strerror}); name another folder") from error
    try:
        yield temporary
        temporary.chmod(0o755)
        _replace(folder, temporary)
    except OSError as error:
        raise ArtefactError(f"{folder}: cannot be written ({error.strerror}); it is as it was") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _replace(folder: Path, temporary: Path) -> None:
    for path in temporary.iterdir():
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    sync_folder(temporary)
    if folder.exists():
        before = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.")) / "before"
        folder.rename(before)
        temporary.rename(folder)
        shutil.rmtree(before.parent)
    else:
        temporary.rename(folder)
    sync_folder(folder.parent)
