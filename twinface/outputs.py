"""What a command may write to: nothing that it reads, and no file that it did not make.

Files of ours say so themselves, so that a command can be run again into the same folder: pictures by a text chunk, the
others by how they begin or by what is in their folder.
"""

import os
import struct
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

from twinface.errors import InputError

REASONS_FILE = "reasons.json"
"""In a folder of pictures that were set aside: why each of them was."""

_HEAD_BYTES = 33
"""Of a PNG: its signature and its first chunk, which says how large it is."""

_LEFT_BY_DESKTOPS = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


_MARK = _chunk(b"tEXt", b"Software\0twinface")


def mark_png(png: bytes) -> bytes:
    """The same picture, which says that twinface made it."""
    return png[:_HEAD_BYTES] + _MARK + png[_HEAD_BYTES:]


def is_marked_png(path: Path) -> bool:
    """Whether a file is a picture that `mark_png` marked."""
    return starts_with(path, _MARK, _HEAD_BYTES)


def starts_with(path: Path, expected: bytes, offset: int = 0) -> bool:
    """Whether a file has these bytes there; not where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(offset + len(expected))[offset:] == expected
    except OSError:
        return False


def is_within(path: Path, folder: Path) -> bool:
    """Whether `path`, which need not be there, is `folder` or lies in it, however it is spelt and whatever links lead
    there; `folder` may be a file, too.
    """
    place = Path(os.path.realpath(path))
    return any(is_same(one, folder) for one in (place, *place.parents))


def is_same(one: Path, two: Path) -> bool:
    """Whether both are there and are one file or folder."""
    try:
        return one.samefile(two)
    except OSError:
        return False


def refuse_inputs(output: Path, inputs: Iterable[Path | str | None], mend: str, *, replaced: bool = False) -> None:
    """Raise InputError where `output` is one of the inputs or lies in one, or one of them lies in it and it is to be
    `replaced` as a whole. Inputs that are not there, such as names and URLs, do not count.
    """
    for one in inputs:
        if one is None:
            continue
        if is_within(output, Path(one)):
            raise InputError(f"{output}: nothing is written to {one}, which is read; {mend}")
        if replaced and is_within(Path(one), output):
            raise InputError(f"{output}: would be replaced, and {one} in it is read; {mend}")


def require_ours(path: Path, is_ours: Callable[[Path], bool], mend: str) -> None:
    """Raise InputError where something is at `path` that is not a file of ours."""
    if os.path.lexists(path) and not (path.is_file() and is_ours(path)):
        raise InputError(f"{path}: is there already, and twinface did not make it; {mend}")


def require_own_folder(folder: Path, marker: str, names: Iterable[str], mend: str) -> None:
    """Raise InputError where a folder that is to be replaced holds anything that is not of `names`, or no `marker`."""
    if not os.path.lexists(folder):
        return
    try:
        entries = {path.name for path in folder.iterdir()} - _LEFT_BY_DESKTOPS
    except OSError as error:
        raise InputError(f"{folder}: cannot be replaced ({error.strerror}); {mend}") from error
    if entries and (foreign := sorted(entries - {marker, *names}) or ([] if marker in entries else sorted(entries))):
        raise InputError(f"{folder}: would be replaced with all that is in it, and {foreign[0]} is not ours; {mend}")
