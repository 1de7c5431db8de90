"""Finding pictures to learn from."""

from collections.abc import Callable, Iterator
from pathlib import Path

from twinface.errors import InputError
from twinface.faces.pictures import is_folder, list_pictures

OnPicture = Callable[[Path, InputError | None], None]
"""Called for each picture when it is done, with the error when it was skipped."""


def pictures_below(folder: Path) -> Iterator[Path]:
    """The pictures of a folder, then those of its sub-folders, in byte order of their names, each folder once.

    A sub-folder that cannot be read stands for its pictures, so that reading it says why. Raises InputError when the
    folder is missing or cannot be read.
    """
    yield from list_pictures(folder)
    yield from _below(folder, {_identity(folder)})


def _below(folder: Path, seen: set[tuple[int, int]]) -> Iterator[Path]:
    for below in sorted(path for path in folder.iterdir() if is_folder(path)):
        if (identity := _identity(below)) in seen:
            continue
        seen.add(identity)
        try:
            yield from list_pictures(below)
        except InputError:
            yield below
        else:
            yield from _below(below, seen)


def _identity(folder: Path) -> tuple[int, int]:
    status = folder.stat()
    return status.st_dev, status.st_ino
