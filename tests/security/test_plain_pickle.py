"""Plain data is read from its pickle as Python's own unpickler reads it, and nothing beside it is."""

import pickle
from typing import Any

import pytest

from twinface.gallery import plain_pickle
from twinface.gallery.plain_pickle import read_plain_pickle

PERSON: dict[str, Any] = {
    "name": "Zoë",
    "files": tuple(f"/pictures/{number}.jpg" for number in range(300)),
    "sources": ("photos",) * 150 + ("camera:door",) * 150,
    "nested": [["photos", {"photos": ("photos", b"bytes", 1, -70_000, 2**40, 0.5, None, True)}], [], {}],
    "long": "x" * 300,
}


def read(operations: bytes) -> Any:
    return read_plain_pickle(memoryview(b"\x80\x05" + operations))


def test_it_is_read_as_python_reads_it() -> None:
    assert read_plain_pickle(memoryview(pickle.dumps(PERSON, protocol=5))) == PERSON


@pytest.mark.parametrize(
    ("operations", "message"),
    [
        (b"\x94.", "without its values"),
        (b"\x8c\x01a(\x94t.", "without its values"),
        (b"\x8c\x01ah\x00.", "not there before"),
        (b"\x8c\x01a\x94h\x01\x86.", "not there before"),
        (b"]\x94h\x00\x86.", "the same list twice"),
        (b"\x8c\x05abc.", "cut short"),
        (b"\x8c", "cut short"),
        (b"\x8c\x01a\x94h", "cut short"),
        (b"\x8c\x01a\x8c\x01b.", "not one value"),
        (b"\x8c\x01\xff.", "can't decode"),
    ],
)
def test_what_pickle_never_writes_is_refused(operations: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read(operations)


def test_operations_are_counted_to_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = b"(" + b"\x8c\x01a" * 6 + b"t."
    monkeypatch.setattr(plain_pickle, "MAX_OPERATIONS", 9)
    assert read(texts) == ("a",) * 6
    for fewer in (8, 7, 6, 3):
        monkeypatch.setattr(plain_pickle, "MAX_OPERATIONS", fewer)
        with pytest.raises(ValueError, match="more than"):
            read(texts)
