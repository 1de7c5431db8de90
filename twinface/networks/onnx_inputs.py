"""Takes the weights off the inputs of an ONNX graph, so that OpenCV 5 loads files written for older readers.

ONNX up to version 3 of its format listed every weight among the graph's inputs as well, and quantising tools leave the
names there of weights that are gone; OpenCV 5.0 waits for each of them to be given like a picture. The message is
edited in the protobuf wire format (https://protobuf.dev/programming-guides/encoding/), all other bytes stay as they
are. Field numbers: onnx.proto.
"""

from collections.abc import Iterator

_MODEL_GRAPH, _GRAPH_INPUT, _INPUT_NAME = 7, 11, 1
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5


def keep_inputs(model: bytes, names: set[str]) -> bytes:
    """The model with no other graph inputs than those called `names`. Raises ValueError if it is damaged."""
    parts = []
    for number, whole, value in _fields(memoryview(model)):
        if number == _MODEL_GRAPH:
            graph = b"".join(field for field in _graph_fields(value, names))
            parts += [encode_varint(_MODEL_GRAPH << 3 | _BYTES), encode_varint(len(graph)), graph]
        else:
            parts.append(bytes(whole))
    return b"".join(parts)


def _graph_fields(graph: memoryview, names: set[str]) -> Iterator[memoryview]:
    for number, whole, value in _fields(graph):
        if number != _GRAPH_INPUT or _input_name(value) in names:
            yield whole


def _input_name(message: memoryview) -> str:
    return next((str(value, "utf-8") for number, _, value in _fields(message) if number == _INPUT_NAME), "")


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview, memoryview]]:
    """Each field as (number, its bytes with the key, its value)."""
    position = 0
    while position < len(message):
        start = position
        key, position = _read_varint(message, position)
        kind = key & 7
        if kind == _VARINT:
            value_start = position
            _, position = _read_varint(message, position)
        elif kind == _BYTES:
            length, value_start = _read_varint(message, position)
            position = value_start + length
        elif kind in {_FIXED32, _FIXED64}:
            value_start = position
            position += 4 if kind == _FIXED32 else 8
        else:
            raise ValueError(f"not an ONNX file: wire type {kind} at byte {start}")
        if position > len(message):
            raise ValueError("not an ONNX file: it ends in the middle of a field")
        yield key >> 3, message[start:position], message[value_start:position]


def _read_varint(message: memoryview, position: int) -> tuple[int, int]:
    number = shift = 0
    while position < len(message) and shift < 64:
        byte = message[position]
        position += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, position
    raise ValueError("not an ONNX file: a number does not end")


def encode_varint(number: int) -> bytes:
    """A number as protobuf writes it (https://protobuf.dev/programming-guides/encoding/#varints)."""
    encoded = bytearray()
    while number > 0x7F:
        encoded.append(number & 0x7F | 0x80)
        number >>= 7
    encoded.append(number)
    return bytes(encoded)
