"""Finding pictures to learn from."""

from collections.abc import Callable, Iterator
from pathlib import Path

from twinface.errors import InputError
from twinface.faces import list_pictures

OnPicture = Callable[[Path, InputError | None], None]
"""Called for each picture when it is done, with the error when it was skipped."""


def pictures_below(folder: Path) -> Iterator[Path]:
    """The pictures of a folder, then those of its sub-folders, in byte order of their names.

    Raises InputError when the folder is missing or cannot be read.
    """
    yield from list_pictures(folder)
    for below in sorted(path for path in folder.iterdir() if path.is_dir()):
        yield from pictures_below(below)
