"""Arrays in files that somebody else may have made: nothing is unpacked or allocated before its size is known."""

import math
import zipfile
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from twinface.files import open_regular

_MAX_ARRAYS = 1024
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_READ_HEADER = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def read_npz(path: Path, max_bytes: int) -> dict[str, NDArray[Any]]:
    """The arrays of an .npz file, by their names.

    Raises OSError where it cannot be read, and ValueError, with no word of its content, where it is damaged, holds
    something that is no array of numbers, or unpacks to more than `max_bytes`.
    """
    with open_regular(path) as stream:
        try:
            _check(stream, max_bytes)
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as archive:
                return {name: archive[name] for name in archive.files}
        except OSError:
            raise
        except Exception as error:  # zipfile, zlib and numpy's parser of headers raise a dozen kinds
            reason = str(error) if type(error) is _UnfitError else type(error).__name__
            raise ValueError(reason) from error


class _UnfitError(ValueError):
    """What is wrong with a file, in our own words."""


def _check(stream: BinaryIO, max_bytes: int) -> None:
    with zipfile.ZipFile(stream) as archive:
        members = archive.infolist()
        if len(members) > _MAX_ARRAYS or sum(member.file_size for member in members) > max_bytes:
            raise _UnfitError(f"more than {_MAX_ARRAYS} arrays or {max_bytes:,} bytes once unpacked")
        for member in members:
            if member.compress_type not in _METHODS:
                raise _UnfitError("packed in a way that numpy does not")
            with archive.open(member) as content:
                _check_array(content, member.file_size)


def _check_array(content: Any, size_bytes: int) -> None:
    version = np.lib.format.read_magic(content)
    if version not in _READ_HEADER:
        raise _UnfitError("arrays of another format")
    shape, _, dtype = _READ_HEADER[version](content)
    if dtype.kind not in "fiub":
        raise _UnfitError("something that is no array of numbers")
    if math.prod(shape) * dtype.itemsize != size_bytes - content.tell():
        raise _UnfitError("a shape that does not fit its bytes")
