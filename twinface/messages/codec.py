"""Message ⇄ frames `[topic, header, payload?]`. The header is msgpack, an array travels raw.

Nothing from the wire is unpickled, and nothing is allocated before size, shape and dtype were checked.
"""

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import msgpack
import numpy as np
import pydantic

from twinface.errors import WireError
from twinface.messages.schema import BODIES, Array, Body, Message, Stamp
from twinface.messages.topics import TOPICS, Topic

MAX_HEADER_BYTES = 256 * 1024
_MAX_ITEMS = 16 * 1024
_MAX_STRING_BYTES = 16 * 1024

Frames = list[bytes | memoryview]


_checkers: dict[type[Any], pydantic.TypeAdapter[tuple[Any]]] = {}
"""Of the kinds of messages that have come: to make one takes a while, and each process hears of some only."""


def _checker(kind: type[Any]) -> pydantic.TypeAdapter[tuple[Any]]:
    if kind not in _checkers:
        # In a tuple, because only what surrounds a dataclass can be configured: no NaN and no infinity anywhere.
        surrounded: Any = tuple.__class_getitem__((kind,))
        _checkers[kind] = pydantic.TypeAdapter(surrounded, config=pydantic.ConfigDict(allow_inf_nan=False))
    return _checkers[kind]


def encode(topic: Topic, message: Message) -> Frames:
    """Frames of a message. The array is not copied: it must not be changed until the frames are sent.

    Raises WireError when it is larger than anybody would take.
    """
    header: dict[str, Any] = {
        "version": topic.version,
        "kind": message.body.kind,
        "stamp": message.stamp,
        "body": message.body,
    }
    payload: list[memoryview] = []
    if message.array is not None:
        array = np.ascontiguousarray(message.array)
        header["array"] = {"dtype": array.dtype.str, "shape": list(array.shape)}
        if array.nbytes > topic.max_payload_bytes:
            raise WireError(f"{topic.name}: payload of {array.nbytes} bytes is larger than {topic.max_payload_bytes}")
        payload.append(array.data.cast("B"))
    packed: bytes = msgpack.packb(header, default=_as_map)
    if len(packed) > MAX_HEADER_BYTES:
        raise WireError(f"header of {len(packed)} bytes is larger than {MAX_HEADER_BYTES}")
    return [topic.name.encode(), packed, *payload]


def decode(frames: Sequence[bytes], topic: Topic | None = None) -> Message:
    """The message in `frames`, of `topic` when one is given.

    Raises WireError for everything that is not exactly a message: wrong topic or version, a header too large or
    too deep, fields missing or not to be read as their type, numbers that are none, a payload that is not the topic's
    or does not fit its shape. Fields that are not known are passed over: they were added later.
    """
    if len(frames) not in (2, 3):
        raise WireError(f"expected 2 or 3 frames, got {len(frames)}")
    named = TOPICS.get(bytes(frames[0][:64]).decode("ascii", "replace"))
    if named is None or (topic is not None and named is not topic):
        raise WireError(f"unexpected topic {bytes(frames[0][:64])!r}")
    header = _unpack_header(frames[1])
    version = header.get("version")
    if type(version) is not int or version != named.version:
        raise WireError(f"{named.name}: version {version!r} is not {named.version}; update both sides"[:200])
    stamp, body = _check_header(named, header)
    payload = frames[2] if len(frames) == 3 else None
    return Message(stamp, body, _view_array(named, header.get("array"), payload))


def body_from(kind: type[Any], value: object) -> Any:
    """`value` (as from msgpack or JSON) as a message body of `kind`; WireError when it is not one."""
    try:
        return _checker(kind).validate_python((value,))[0]
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"][1:])
        raise WireError(f"{kind.__name__}: {first['msg']} at {where or 'its beginning'}"[:200]) from error


def pack_body(body: Body) -> bytes:
    """A body as bytes to keep, less than half its size as an object."""
    values = [getattr(body, field.name) for field in dataclasses.fields(body)]
    packed: bytes = msgpack.packb(values, default=_as_map)
    return packed


def unpack_body(kind: type[Any], packed: bytes) -> Any:
    """The body of `kind` that `pack_body` gave these bytes for."""
    names = [field.name for field in dataclasses.fields(kind)]
    return body_from(kind, dict(zip(names, msgpack.unpackb(packed), strict=True)))


def _as_map(value: Any) -> dict[str, Any]:
    """A value of the schema for msgpack, which asks again for those inside: a tenth of the time of asdict."""
    if not dataclasses.is_dataclass(value):
        raise TypeError(f"no part of a message: {type(value).__name__}")
    kind: Any = type(value)
    return {name: getattr(value, name) for name in kind.__slots__}


def _unpack_header(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_HEADER_BYTES:
        raise WireError(f"header of {len(data)} bytes is larger than {MAX_HEADER_BYTES}")
    try:
        header = msgpack.unpackb(
            data,
            max_array_len=_MAX_ITEMS,
            max_map_len=_MAX_ITEMS,
            max_str_len=_MAX_STRING_BYTES,
            max_bin_len=0,
            max_ext_len=0,
        )
    except (ValueError, TypeError, msgpack.UnpackException, RecursionError) as error:
        raise WireError(f"header is not msgpack within the limits ({type(error).__name__})") from error
    if not isinstance(header, dict):
        raise WireError("header is not a map")
    return header


def _check_header(topic: Topic, header: dict[str, Any]) -> tuple[Stamp, Body]:
    kind = header.get("kind")
    if kind not in topic.kinds:
        raise WireError(f"{topic.name}: unexpected kind of message {kind!r}"[:200])
    return body_from(Stamp, header.get("stamp")), body_from(BODIES[kind], header.get("body"))


def _view_array(topic: Topic, described: object, payload: bytes | None) -> Array | None:
    if topic.payload_dtype is None and described is None and payload is None:
        return None
    if topic.payload_dtype is None or not isinstance(described, dict) or payload is None:
        raise WireError(f"{topic.name}: a payload too many, or one or its description too few")
    dtype = np.dtype(topic.payload_dtype)
    shape = described.get("shape")
    if described.get("dtype") != dtype.str or not isinstance(shape, list) or len(shape) != topic.payload_dimensions:
        raise WireError(f"{topic.name}: expected {dtype} with {topic.payload_dimensions} dimensions")
    if not all(type(side) is int and 0 < side <= topic.max_payload_bytes for side in shape):
        raise WireError(f"{topic.name}: array sides out of range")
    size = math.prod(shape) * dtype.itemsize
    if size > topic.max_payload_bytes or size != len(payload):
        raise WireError(f"{topic.name}: payload has {len(payload)} bytes, its description {size}")
    array: Array = np.frombuffer(payload, dtype=dtype)
    return array.reshape(shape)
