"""Signed pickles: an HMAC stands before the payload and is checked before a byte of it is parsed.

    magic (8) │ format (4) │ payload length (8) │ HMAC-SHA256 (32) of the three fields and the payload │ payload

The payload is a pickle of builtin containers, numbers, strings and bytes; an array is `{dtype, shape, bytes}`. It is
read by `plain_pickle`, so that even a payload signed with a stolen key runs no code and takes no more memory or time
than its size allows (RFC 2104 for the HMAC).
"""

import hmac
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError, SignatureError
from twinface.files import read_bounded, shown, write_atomically
from twinface.gallery.plain_pickle import read_plain_pickle
from twinface.outputs import starts_with

FORMAT = 1
MAX_BYTES = 512 * 1024 * 1024
"""Larger files are neither written nor read: 262,144 vectors of 512 numbers, or 1,337 of an unpooled ResNet50."""

_MAGIC = b"TWINFACE"
_HEADER = struct.Struct("<8sIQ")
_MAC_BYTES = 32
_MAX_SIDES = 2
_MEND = "delete it and make it again"


def seal(value: dict[str, Any], key: bytes) -> bytes:
    """The bytes of a signed file.

    Raises ArtefactError when nobody could read them again: more than MAX_BYTES, or no plain data.
    """
    payload = pickle.dumps(value, protocol=5)
    if len(payload) > MAX_BYTES:
        raise ArtefactError(f"{len(payload):,} bytes for one person, at most {MAX_BYTES:,} fit: use fewer pictures")
    try:
        read_plain_pickle(memoryview(payload))
    except ValueError as error:
        raise ArtefactError(f"data that nobody could read again ({error}): use fewer pictures") from error
    header = _HEADER.pack(_MAGIC, FORMAT, len(payload))
    return b"".join((header, _mac(header, payload, key), payload))


def write_sealed(path: Path, value: dict[str, Any] | None, key: bytes, *, sweep: bool = False) -> None:
    """Write a signed file, whole or not at all, readable by its owner only; without a value remove it.

    With `sweep` go what writers left who were killed; for who holds the lock. Raises ArtefactError when nobody could
    read the file again, or it cannot be written (full disk); what was there before is then still there.
    """
    sealed = None if value is None else seal(value, key)
    try:
        for leftover in path.parent.glob(f".{path.name}.*") if sweep else ():
            leftover.unlink()
        if sealed is None:
            path.unlink(missing_ok=True)
        else:
            write_atomically(path, sealed)
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be written ({error.strerror}); the file is as it was") from error


def is_sealed(path: Path) -> bool:
    """Whether a file looks like a signed one, whoever signed it."""
    return starts_with(path, _MAGIC)


def unseal(path: Path, key: bytes) -> dict[str, Any]:
    """The dictionary in a signed file.

    Raises ArtefactError (missing, not ours, cut short, too large, another format) or SignatureError (changed, or
    signed by another box), always before unpickling.
    """
    try:
        data = memoryview(read_bounded(path, _HEADER.size + _MAC_BYTES + MAX_BYTES))
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error.strerror}); {_MEND}") from error
    except MemoryError as error:
        raise ArtefactError(f"{path}: does not fit into memory; {_MEND} of fewer pictures") from error
    header, mac = bytes(data[: _HEADER.size]), data[_HEADER.size : _HEADER.size + _MAC_BYTES]
    payload = data[_HEADER.size + _MAC_BYTES :]
    _check_header(path, header, len(payload))
    if not hmac.compare_digest(mac, _mac(header, payload, key)):
        raise SignatureError(f"{path}: the signature does not fit (changed, or written by another box); {_MEND}")
    try:
        value = read_plain_pickle(payload)
    except (ValueError, MemoryError) as error:
        raise ArtefactError(f"{path}: signed, but not data of twinface ({error or 'too large'}); {_MEND}") from error
    if not isinstance(value, dict):
        raise ArtefactError(f"{path}: signed, but holds a {type(value).__name__}, not a dictionary; {_MEND}")
    return value


def check_format(path: Path, value: dict[str, Any], known: int, what: str) -> None:
    """Raise ArtefactError where the dictionary of a signed file, which holds `what`, is not of the format `known`."""
    if value.get("format") != known:
        raise ArtefactError(f"{path}: {what} of format {shown(value.get('format'))}; update twinface or {_MEND}")


def _check_header(path: Path, header: bytes, payload_bytes: int) -> None:
    if not header.startswith(_MAGIC):
        raise ArtefactError(f"{path}: not a signed file of twinface; {_MEND}")
    if len(header) < _HEADER.size:
        raise ArtefactError(f"{path}: cut short after {len(header)} bytes; {_MEND}")
    _, version, length = _HEADER.unpack(header)
    if version != FORMAT:
        raise ArtefactError(f"{path}: format {version}, this twinface reads {FORMAT}; update twinface or {_MEND}")
    if length > MAX_BYTES:
        raise ArtefactError(f"{path}: says it holds {length:,} bytes, at most {MAX_BYTES:,} are read; {_MEND}")
    if payload_bytes < length:
        raise ArtefactError(f"{path}: cut short, {payload_bytes:,} of {length:,} bytes; {_MEND}")


def _mac(header: bytes, payload: bytes | memoryview, key: bytes) -> bytes:
    digest = hmac.new(key, header, "sha256")
    digest.update(payload)
    return digest.digest()


def pack_array(array: NDArray[np.float32]) -> dict[str, Any]:
    """A float32 array as builtins."""
    return {"dtype": "<f4", "shape": array.shape, "bytes": np.ascontiguousarray(array, dtype="<f4").tobytes()}


def unpack_array(packed: object) -> NDArray[np.float32]:
    """A read-only float32 array over the packed bytes, not copied.

    Raises ValueError when dtype, shape and number of bytes do not fit each other.
    """
    if not isinstance(packed, dict):
        raise ValueError(f"an array is a dictionary, not a {type(packed).__name__}")
    shape, data = packed.get("shape"), packed.get("bytes")
    if packed.get("dtype") != "<f4" or not isinstance(shape, tuple) or not isinstance(data, bytes):
        raise ValueError("an array needs dtype '<f4', a shape and bytes")
    if len(shape) > _MAX_SIDES or not all(type(side) is int and side >= 0 for side in shape):
        raise ValueError("a shape that is none")
    expected = 4
    for side in shape:
        expected *= side
    if expected != len(data):
        raise ValueError(f"shape {shape} needs {expected} bytes, not {len(data)}")
    return np.frombuffer(data, dtype="<f4").reshape(shape)
