"""Lets an ONNX file give out what passes between its layers.

Two protobuf messages of one type written one behind the other are read as one, their lists joined
(https://protobuf.dev/programming-guides/encoding/#last-one-wins): a further output is a few bytes at the file's end.
Field numbers: onnx.proto.
"""

from collections.abc import Sequence

from twinface.networks.onnx_inputs import encode_varint

_FLOAT = 1
_VARINT, _BYTES = 0, 2


def add_output(model: bytes, name: str, shape: Sequence[int]) -> bytes:
    """The model with a further output: the float32 tensor `name` of this shape."""
    dimensions = b"".join(_message(1, _number(1, size)) for size in shape)
    tensor_type = _number(1, _FLOAT) + _message(2, dimensions)
    value_info = _message(1, name.encode()) + _message(2, _message(1, tensor_type))
    graph = _message(12, value_info)
    return model + _message(7, graph)


def _message(field: int, content: bytes) -> bytes:
    return encode_varint(field << 3 | _BYTES) + encode_varint(len(content)) + content


def _number(field: int, value: int) -> bytes:
    return encode_varint(field << 3 | _VARINT) + encode_varint(value)
