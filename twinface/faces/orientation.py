"""How an AVIF file says that its picture is turned: OpenCV decodes it as it lies.

Its container (ISO/IEC 14496-12) lists properties, and which of them each picture in it has; `irot` turns, `imir`
mirrors, in the order in which they are listed (ISO/IEC 23008-12). Where such a file has EXIF too, its orientation does
not count.
"""

import struct
from collections.abc import Iterator

import numpy as np

from twinface.types import Image

_MOST_BOXES = 4096


def turned_upright(image: Image, avif: bytes) -> Image:
    """The picture of an AVIF file, as OpenCV decoded it, turned and mirrored as the file says; as it is where it says
    nothing that can be understood.
    """
    try:
        properties = list(_properties_of_the_picture(avif))
    except (struct.error, IndexError, KeyError, ValueError):
        return image
    for kind, body in properties:
        if kind == b"irot":
            image = np.rot90(image, body[0] & 3)
        elif kind == b"imir":
            image = np.flip(image, body[0] & 1)
    return np.ascontiguousarray(image)


def _properties_of_the_picture(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each property of the picture that the file is of, in order."""
    meta = dict(_boxes(dict(_boxes(data))[b"meta"][4:]))
    item = _integer(meta[b"pitm"], 4, 4 if meta[b"pitm"][0] else 2)
    parts = dict(_boxes(meta[b"iprp"]))
    properties = list(_boxes(parts[b"ipco"]))
    for number in _associations(parts[b"ipma"], item):
        if number:
            yield properties[number - 1]


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each box in these bytes."""
    place = 0
    for _ in range(_MOST_BOXES):
        if place + 8 > len(data):
            return
        length, kind = struct.unpack_from(">I4s", data, place)
        start = place + 8
        if length == 1:
            length, start = struct.unpack_from(">Q", data, start)[0], start + 8
        end = place + length if length else len(data)
        if end < start:
            raise ValueError("a box smaller than its header")
        yield kind, data[start:end]
        place = end


def _associations(ipma: bytes, wanted: int) -> list[int]:
    """The numbers of an item's properties, from 1."""
    item_bytes = 4 if ipma[0] else 2
    number_bytes = 2 if ipma[3] & 1 else 1
    mask = (1 << (8 * number_bytes - 1)) - 1
    place = 8
    for _ in range(min(_integer(ipma, 4, 4), _MOST_BOXES)):
        item, count = _integer(ipma, place, item_bytes), ipma[place + item_bytes]
        place += item_bytes + 1
        if item == wanted:
            return [_integer(ipma, place + at * number_bytes, number_bytes) & mask for at in range(count)]
        place += count * number_bytes
    return []


def _integer(data: bytes, place: int, count: int) -> int:
    if place + count > len(data):
        raise ValueError("cut short")
    return int.from_bytes(data[place : place + count], "big")
