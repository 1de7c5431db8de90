"""JSON, arrays and rows that somebody else made: refused in one line, whatever they claim to be."""

import io
import json
import os
import sqlite3
import tracemalloc
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from twinface.arrays import read_npz
from twinface.bus.books import Books, read_books
from twinface.enrolment.set_aside import write_reasons
from twinface.errors import ArtefactError, TwinfaceError
from twinface.events import Event, EventQuery, EventStore, Kind, Subject, read_events
from twinface.files import MAX_JSON_BYTES, parse_json, read_json_object, shown
from twinface.gallery.backup import read_backup
from twinface.gallery.gallery_folder import read_manifest
from twinface.matching.head_folder import read_spec
from twinface.matching.layers import read_arrays
from twinface.networks.recipe import read_recipe

BAD_JSON = {
    "nested": "[" * 200_000,
    "nested and closed": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "an integer of 5,000 digits": '{"format": ' + "9" * 5000 + "}",
    "an integer of 21 digits": '{"format": ' + "9" * 21 + "}",
    "NaN": '{"format": NaN}',
    "infinite": '{"format": -Infinity}',
    "infinite by its exponent": '{"format": 1e999}',
    "large": '"' + "x" * MAX_JSON_BYTES + '"',
    "bytes": b"\xff\xfe\x00",
    "empty": "",
    "half a character": '{"format": "\\ud800"',
    "a list": "[]",
    "a format that is a list": '{"format": [[[[1]]]]}',
    "a format that is long": '{"format": "' + "x" * 100_000 + '"}',
}

READERS: dict[str, Callable[[Path], object]] = {
    "gallery.json": lambda path: read_manifest(path.parent),
    "network.json": lambda path: read_recipe(path.parent),
    "head.json": lambda path: read_spec(path.parent),
    "reasons.json": lambda path: write_reasons(path.parent, {}) or read_json_object(path),
}


@pytest.mark.parametrize("file", READERS)
@pytest.mark.parametrize("kind", BAD_JSON)
def test_json_that_is_not_ours_is_refused_in_one_line(tmp_path: Path, file: str, kind: str) -> None:
    bad = BAD_JSON[kind]
    (tmp_path / file).write_bytes(bad if isinstance(bad, bytes) else bad.encode())
    with pytest.raises(ArtefactError) as caught:
        READERS[file](tmp_path / file)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "gallery.json")
    with pytest.raises(ArtefactError, match="no regular file"):
        read_manifest(tmp_path)


def test_what_json_is_good_for_is_read_as_ever() -> None:
    value = {"text": "ä\n", "numbers": [0, -1, 2**63, 1.5e-300], "more": [None, True, {}]}
    assert parse_json(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("value", "words"), [(1, "1"), ("a'b", '"a\'b"'), (None, "None"), ("x" * 41, "a str"), ([1], "a list")]
)
def test_messages_show_small_values_and_types_of_others(value: object, words: str) -> None:
    assert shown(value) == words


def _npy(header: bytes, data: bytes = b"", version: bytes = b"\x01\x00") -> bytes:
    return b"\x93NUMPY" + version + len(header).to_bytes(2, "little") + header + data


def _npz(*members: bytes, method: int = zipfile.ZIP_STORED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for number, member in enumerate(members):
            archive.writestr(f"w{number}.npy", member)
    return stream.getvalue()


def _header(shape: str, descr: str = "'<f4'") -> bytes:
    return f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}}}\n".encode()


BAD_ARRAYS = {
    "an array of 4 TB that is not there": _npz(_npy(_header("(1000000000000,)"), b"1234")),
    "an array of no bytes and 2^62 rows": _npz(_npy(_header("(4611686018427387904, 0)"), b"1234")),
    "a hundred thousand sides": _npz(_npy(_header("(" + "1," * 3000 + ")"), b"1234")),
    "a shape that is text": _npz(_npy(_header("'abc'"), b"1234")),
    "a negative shape": _npz(_npy(_header("(-1,)"), b"1234")),
    "300 MB of zeros in 300 kB": _npz(_npy(_header("(78643200,)"), bytes(300 * 2**20)), method=zipfile.ZIP_DEFLATED),
    "2,000 arrays": _npz(*[_npy(_header("(1,)"), b"1234")] * 2000),
    "objects": _npz(_npy(_header("(1,)", "'|O'"), b"12345678")),
    "records": _npz(_npy(_header("(1,)", "[('a', '<f4')]"), b"1234")),
    "a header of another language": _npz(_npy(b"__import__('os').system('true')\n", b"1234")),
    "a header in a header": _npz(_npy(b"(" * 9000 + b"\n", b"1234")),
    "a header that ends in the middle": _npz(b"\x93NUMPY\x01\x00\xff\xff{"),
    "another version": _npz(_npy(_header("(1,)"), b"1234", b"\x09\x00")),
    "packed by LZMA": _npz(_npy(_header("(1,)"), b"1234"), method=zipfile.ZIP_LZMA),
    "a text in the archive": _npz(b"hello"),
    "no archive": b"hello",
    "empty": b"",
    "an array by itself": _npy(_header("(1,)"), b"1234"),
}


@pytest.mark.parametrize("kind", BAD_ARRAYS)
def test_arrays_that_are_none_are_refused_before_they_take_memory(tmp_path: Path, kind: str) -> None:
    (tmp_path / "head.npz").write_bytes(BAD_ARRAYS[kind])
    tracemalloc.start()
    try:
        with pytest.raises(ArtefactError) as caught:
            read_arrays(tmp_path / "head.npz")
        assert tracemalloc.get_traced_memory()[1] < 20e6
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_arrays_of_numbers_are_read(tmp_path: Path) -> None:
    arrays = {"a": np.ones((2, 3), np.float32), "b": np.arange(4), "c/d": np.zeros(0, bool), "e": np.float64(3)}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", **arrays)
        read = read_npz(tmp_path / "a.npz", 1 << 20)
        assert set(read) == set(arrays)
        for name, array in arrays.items():
            np.testing.assert_array_equal(read[name], array)


def test_cut_or_changed_arrays_are_read_or_refused(tmp_path: Path) -> None:
    path, rng = tmp_path / "head.npz", np.random.default_rng(1)
    np.savez_compressed(path, a=np.ones((20, 3), np.float32), b=np.arange(40))
    whole = path.read_bytes()
    for _ in range(500):
        data = bytearray(whole[: rng.integers(len(whole) + 1)] if rng.random() < 0.3 else whole)
        for place in rng.integers(0, max(1, len(data)), rng.integers(0, 6)):
            if data:
                data[place] = rng.integers(256)
        path.write_bytes(data)
        try:
            read_arrays(path)
        except ArtefactError:
            continue


def _change(column: str, value: object) -> Callable[[Path], None]:
    def change(path: Path) -> None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute(f"UPDATE events SET {column} = ? WHERE sequence = 1", [value])
            connection.commit()

    return change


BAD_ROWS = {
    "kind": "party",
    "subject": "nobody",
    "camera": b"\xff",
    "at_ns": "yesterday",
    "since_ns": b"1",
    "score": "high",
    "details": "[" * 100_000,
}


@pytest.mark.parametrize("column", BAD_ROWS)
def test_a_row_that_is_no_event_costs_no_other_one(
    tmp_path: Path, column: str, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "events.sqlite"
    times = {"at_ns": 1, "since_ns": 1, "duration_s": 0.0, "media_ms": 0.0, "frame": 1}
    events = [Event(Kind.ENTER, Subject.TRACK, "door", 1, track, None, "pending", 0.5, **times) for track in (1, 2)]
    with EventStore(path) as store:
        store.append(events)
    _change(column, BAD_ROWS[column])(path)
    with EventStore(path) as store:
        assert [event.track for event in store.past().unfinished] == [2]
        assert "an event cannot be read" in caplog.text or column in {"kind", "subject"}
        store.append(events)
        assert store.newest() == 4
    with pytest.raises(ArtefactError, match="cannot be read"):
        read_events(path, EventQuery())
    assert len(read_events(path, EventQuery(after=1))) == 3


def test_books_of_any_bytes_are_books_or_refused(tmp_path: Path) -> None:
    path, rng = tmp_path / "books", np.random.default_rng(2)
    books = Books(path)
    books.account("out crops")
    books.close()
    whole = path.read_bytes()
    for _ in range(100):
        data = bytearray(whole)
        for place in rng.integers(0, 400, 5):
            data[place] = rng.integers(256)
        path.write_bytes(data)
        try:
            read_books(path)
        except ArtefactError:
            continue


def test_backups_of_any_bytes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))
    path = tmp_path / "backup"
    for header in (b"[" * 100_000, b'{"made_at": ' + b"9" * 5000 + b"}", b"{}", b"\xff", b'{"people": NaN}'):
        prefix = b"TWINBACK" + (1).to_bytes(4, "little") + len(header).to_bytes(4, "little")
        path.write_bytes(prefix + header + bytes(64))
        with pytest.raises(TwinfaceError, match="damaged or cut short"):
            read_backup(path)
    path.write_bytes(b"TWINBACK" + (1).to_bytes(4, "little") + b"\xff" * 4 + bytes(64))
    with pytest.raises(TwinfaceError, match="damaged or cut short"):
        read_backup(path)
