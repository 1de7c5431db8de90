"""Pickles of data that nobody means well with, signed as a thief of the box's key would sign them."""

import hmac
import pickle
import struct

from twinface.gallery.plain_pickle import MAX_OPERATIONS

KEY = b"k" * 32
START = b"\x80\x05"

PERSON = {"format": 1, "name": "a", "files": ("1.jpg",), "network": "n"}
CORRECTION = {
    "kind": "reject",
    "name": "a",
    "network": "n",
    "quality": 0.5,
    "track": "a:1:1",
    "event": None,
    "at_ns": 1,
}


def signed(payload: bytes) -> bytes:
    """A file as the box itself would sign it, around any payload."""
    header = struct.pack("<8sIQ", b"TWINFACE", 1, len(payload))
    return header + hmac.digest(KEY, header + payload, "sha256") + payload


def _text(text: str) -> bytes:
    return b"\x8c" + bytes([len(text)]) + text.encode()


def _in(key: str, value: bytes) -> bytes:
    """A pickle of {"format": 1, key: value}."""
    return START + b"}" + _text("format") + b"K\x01s" + _text(key) + value + b"s."


def _doubled(kind: type) -> object:
    """Of a few bytes in a pickle: what would take 2^80 values to show."""
    value: object = kind()
    for _ in range(80):
        value = kind((value, value))
    return value


BOMBS = {
    "a list of itself": START + b"]\x94h\x00a.",
    "lists that hold another twice": pickle.dumps({"format": _doubled(list)}, 5),
    "tuples that hold another twice": pickle.dumps({"format": _doubled(tuple)}, 5),
    "tuples that hold another twice, as an array": pickle.dumps({**PERSON, "vectors": _doubled(tuple)}, 5),
    "an integer of 5,000 digits": _in("format", b"\x8b\x00\x10\x00\x00" + b"\x7f" * 4096),
    "an integer of 5,000 digits as a shape": _in("vectors", b"\x8b\x00\x10\x00\x00" + b"\x7f" * 4096),
    "an integer of 255 bytes": _in("format", b"\x8a\xff" + b"\x7f" * 255),
    "300 million memo entries": START + b"Nr" + struct.pack("<I", 300_000_000) + b".",
    "2 billion memo entries": START + b"Nr\xff\xff\xff\x7f.",
    "a memo entry that is not there": START + b"j\xff\xff\xff\x7f.",
    "a string of 4 GB that is not there": START + b"X\xff\xff\xff\xffx.",
    "bytes of 2^63 that are not there": START + b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fx.",
    "a frame of 2^63": START + b"\x95\xff\xff\xff\xff\xff\xff\xff\x7fN.",
    "dictionaries without end": START + b"}" * (MAX_OPERATIONS + 2) + b".",
    "ten thousand tuples in each other": START + b")" + b"\x85" * 10_000 + b".",
    "marks without end": START + b"(" * 1_000_000 + b".",
    "a key that is a tuple": START + b"})Ns.",
    "a set": pickle.dumps({"format": 1, "crops": {1, 2}}, 5),
    "a global": START + b"cos\nsystem\n.",
    "a persistent id": START + b"Pid\n.",
    "an extension": START + b"\x82\x01.",
    "out-of-band buffers": START + b"\x97.",
    "an older protocol": pickle.dumps({"format": 1}, 2),
    "text as it is shown": _in("format", b"X" + struct.pack("<I", 1 << 20) + b"x" * (1 << 20)),
    "a name of a megabyte": pickle.dumps({**PERSON, "name": "n" * (1 << 20)}, 5),
    "a name of half characters": pickle.dumps({**PERSON, "name": "\ud800"}, 5),
    "a name of two lines": pickle.dumps({**PERSON, "name": "a\nb"}, 5),
    "no number as a quality": pickle.dumps({"format": 1, "corrections": [{**CORRECTION, "quality": float("nan")}]}, 5),
    "a list as a name": pickle.dumps({"format": 1, "corrections": [{**CORRECTION, "name": ["a"], "vector": {}}]}, 5),
    "no list of corrections": pickle.dumps({"format": 1, "corrections": {"a": 1}, "copies": {"a": 1}, "crops": [1]}, 5),
    "entries of other types": pickle.dumps({"format": 1, "corrections": [1], "copies": [("a", 1, "b")]}, 5),
    "entries too long": pickle.dumps({"format": 1, "corrections": [()], "copies": [("a", "b", "c", "d")]}, 5),
    "a shape of a thousand sides": pickle.dumps(
        {**PERSON, "vectors": {"dtype": "<f4", "shape": (1,) * 1000, "bytes": b"1234"}}, 5
    ),
}
