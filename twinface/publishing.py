"""Folders that appear whole or not at all."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from twinface.errors import ArtefactError
from twinface.files import PRIVATE_FILE, PRIVATE_FOLDER, exchange, make_folder, only_writer, sync


@contextmanager
def published(folder: Path) -> Iterator[Path]:
    """A draft to fill; when the block ends well it takes the place of `folder`, else it vanishes.

    Raises ArtefactError as `draft_of` and `put_in_place` do.
    """
    with draft_of(folder) as draft:
        yield draft
        with only_writer(folder):
            put_in_place(draft, folder)


@contextmanager
def draft_of(folder: Path) -> Iterator[Path]:
    """A temporary folder beside `folder`, which vanishes with all that is in it when the block ends.

    Raises ArtefactError when it cannot be made, or the block cannot write (full disk).
    """
    try:
        make_folder(folder.parent)
        draft = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}."))
    except OSError as error:
        raise ArtefactError(f"{folder}: cannot be made ({error.strerror}); name another folder") from error
    try:
        yield draft
    except OSError as error:
        raise ArtefactError(f"{folder}: cannot be written ({error.strerror}); it is as it was") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def put_in_place(draft: Path, folder: Path) -> None:
    """Let a draft take the place of `folder`, fsynced; what stood there is then the draft.

    Both change places at once. Only where the file system cannot do that there is for an instant none, never a mixture,
    and what stood there is gone. Raises OSError.
    """
    for path in draft.rglob("*"):
        path.chmod(PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)
        sync(path)
    sync(draft)
    if not folder.exists():
        draft.rename(folder)
    elif not exchange(draft, folder):
        before = Path(tempfile.mkdtemp(dir=folder.parent, prefix=f".{folder.name}.")) / "before"
        folder.rename(before)
        draft.rename(folder)
        shutil.rmtree(before.parent)
    sync(folder.parent)
