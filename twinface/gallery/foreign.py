"""Pickles of the original siamese network scripts: one a person, an (n, d) float array. Only on the user's own demand.

They are not signed, so they are read by an unpickler that runs none of the code they name: the constructors of numpy's
arrays are the only globals it knows, and it puts stand-ins in their place, which remember what they were given. The
array is made of that afterwards, once its shape is known to fit its bytes.
"""

import errno
import pickle
import pickletools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from twinface.errors import ArtefactError
from twinface.files import read_bounded, shown
from twinface.types import Vectors

MAX_FOREIGN_BYTES = 256 * 1024 * 1024
"""Larger files are not read: some 16,000 vectors of 2048 double numbers."""

_SUFFIXES = {"", ".pkl", ".pickle", ".cpickle", ".p"}
_MAX_OPERATIONS = 1000
_MAX_INTEGER_BYTES = 8
_MAX_NAME_CHARACTERS = 100
_NEEDED = (
    {"PROTO", "GLOBAL", "REDUCE", "BUILD", "MARK", "STOP", "NONE", "NEWTRUE", "NEWFALSE"}
    | {"INT", "LONG", "BININT", "BININT1", "BININT2", "LONG1"}
    | {"STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE"}
    | {"EMPTY_TUPLE", "TUPLE", "TUPLE1", "TUPLE2", "TUPLE3"}
    | {"GET", "BINGET", "LONG_BINGET", "PUT", "BINPUT", "LONG_BINPUT"}
)
"""What protocols 0 to 2 write for an array. None makes a dictionary or a set, whose keys would be hashed: a tuple that
holds another twice, which holds another twice, and so on, takes a life to hash."""

_OPERATIONS = {operation.code: operation for operation in pickletools.opcodes if operation.name in _NEEDED}
_DTYPES = {"f2", "f4", "f8"}
_ORDERS = {"<", ">", "=", "|"}


@dataclass
class _Stub:
    """Stands for whatever numpy would have made."""

    arguments: tuple[Any, ...] = ()
    state: Any = None

    def __setstate__(self, state: Any) -> None:
        self.state = state


def _stub(*arguments: Any) -> _Stub:
    return _Stub(arguments)


def _encode(text: Any, encoding: Any = "") -> bytes:
    """What python 3 writes for bytes in protocols 0 to 2."""
    if not isinstance(text, str) or encoding != "latin1":
        raise pickle.UnpicklingError("bytes in an unknown encoding")
    return text.encode("latin1")


_GLOBALS: dict[tuple[str, str], Callable[..., Any]] = {
    ("numpy.core.multiarray", "_reconstruct"): _stub,
    ("numpy._core.multiarray", "_reconstruct"): _stub,
    ("numpy", "ndarray"): _stub,
    ("numpy", "dtype"): _stub,
    ("_codecs", "encode"): _encode,
}


class _StubUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Callable[..., Any]:
        try:
            return _GLOBALS[module, name]
        except KeyError:
            asked = f"{module}.{name}"[:_MAX_NAME_CHARACTERS]
            raise pickle.UnpicklingError(f"asks for {asked}, which is no array of numpy") from None


def find_foreign_people(folder: Path) -> dict[str, list[Path]]:
    """Pickles by person: those directly in the folder are named after their person, those one deeper by their folder.

    Raises ArtefactError when there are none.
    """
    if not folder.is_dir():
        raise ArtefactError(f"{folder}: no such folder; name the one with a pickle for each person")
    people: dict[str, list[Path]] = {}
    for path in sorted((*folder.iterdir(), *folder.glob("*/*"))):
        if path.is_file() and path.suffix.lower() in _SUFFIXES and not path.name.startswith("."):
            name = path.stem if path.parent == folder else path.parent.name
            people.setdefault(name, []).append(path)
    if not people:
        raise ArtefactError(f"{folder}: no pickles in it (.pkl, .pickle, .p or no ending)")
    return people


def read_foreign_vectors(path: Path) -> Vectors:
    """The float array (n, d) in a pickle of the original scripts, protocols 0 to 2, python 2 or 3; as float32.

    Raises ArtefactError for anything else: larger than MAX_FOREIGN_BYTES, cut short, not an array of float numbers,
    names a global that is no array constructor, is not finite.
    """
    try:
        data = read_bounded(path, MAX_FOREIGN_BYTES)
    except OSError as error:
        mend = "split it into several" if error.errno == errno.EFBIG else "name a pickle that can be"
        raise ArtefactError(f"{path}: cannot be read ({error.strerror}); {mend}") from error
    try:
        _check_operations(data)
        vectors = _array_of(_StubUnpickler(BytesIO(data), encoding="latin1").load())
    except Exception as error:  # a hostile pickle may raise anything at all
        reason = " ".join(str(error).split())
        raise ArtefactError(f"{path}: no pickled (n, d) array of float numbers: {reason}; nothing of it ran") from error
    if not np.isfinite(vectors).all():
        raise ArtefactError(f"{path}: has numbers that are not finite; extract this person's features again")
    return vectors


def _check_operations(data: bytes) -> None:
    """Walk through the pickle without running it: an array needs few operations, and none with a large number.

    A pickle of a few bytes may ask for a memo of 4 billion entries, and the unpickler makes it before it looks.
    """
    for count, (name, argument) in enumerate(_operations(data)):
        if count > _MAX_OPERATIONS:
            raise ValueError("more operations than an array needs")
        number = argument if isinstance(argument, int) else 0
        if number.bit_length() > 8 * _MAX_INTEGER_BYTES:
            raise ValueError("an integer larger than an array has")
        if name == "PROTO" and number > 2:
            raise ValueError(f"protocol {number}, expected 0 to 2")
        if "PUT" in name and number > _MAX_OPERATIONS:
            raise ValueError("a memo larger than an array needs")


def _operations(data: bytes) -> Iterator[tuple[str, object]]:
    """Name and argument of each operation, as pickletools.genops, but for strings of python 2 that are not ASCII."""
    stream = BytesIO(data)
    while code := stream.read(1):
        operation = _OPERATIONS.get(code.decode("latin1"))
        if operation is None:
            raise ValueError(f"the operation {code!a}, which no array needs")
        if operation.name == "STRING":
            yield operation.name, stream.readline()
        else:
            yield operation.name, operation.arg.reader(stream) if operation.arg else None
        if operation.name == "STOP":
            return
    raise ValueError("cut short")


def _array_of(value: Any) -> Vectors:
    """Check what the stubs were given, then make the array; numpy's state is (version, shape, dtype, order, bytes)."""
    if not isinstance(value, _Stub) or not isinstance(value.state, tuple) or len(value.state) != 5:
        raise ValueError(f"found a {type(value).__name__.strip('_').lower()}")
    _, shape, dtype, is_fortran, data = value.state
    if not isinstance(dtype, _Stub) or not isinstance(dtype.state, tuple) or len(dtype.state) < 2:
        raise ValueError("its type is missing")
    code, order = next(iter(dtype.arguments), None), dtype.state[1]
    if not (isinstance(code, str) and isinstance(order, str) and code in _DTYPES and order in _ORDERS):
        raise ValueError(f"its type is {shown(code)} in the order {shown(order)}")
    if not isinstance(shape, tuple) or len(shape) != 2 or not all(type(side) is int and side > 0 for side in shape):
        raise ValueError("its shape is not that of a matrix")
    raw = data.encode("latin1") if isinstance(data, str) else data
    kind = np.dtype(order + code)
    if not isinstance(raw, bytes) or len(raw) != shape[0] * shape[1] * kind.itemsize:
        raise ValueError(f"its shape {shape} does not fit its bytes")  # two integers of at most 64 bits
    array = np.frombuffer(raw, kind).reshape(shape, order="F" if is_fortran else "C")
    with np.errstate(over="ignore", invalid="ignore"):
        return np.ascontiguousarray(array, dtype=np.float32)
