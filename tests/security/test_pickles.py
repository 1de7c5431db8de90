"""Pickles never run code: signed ones are checked before they are parsed, foreign ones only fill in forms."""

import hmac
import os
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twinface.errors import ArtefactError, SignatureError
from twinface.gallery import PersonVectors, read_person, write_person
from twinface.gallery.foreign import find_foreign_people, read_foreign_vectors
from twinface.gallery.signing import MAX_BYTES, seal, unpack_array, unseal

KEY = b"k" * 32
HEADER = struct.Struct("<8sIQ")


def signed(payload: bytes, key: bytes = KEY, magic: bytes = b"TWINFACE", version: int = 1) -> bytes:
    """A signed file by hand, around any payload."""
    header = HEADER.pack(magic, version, len(payload))
    return header + hmac.digest(key, header + payload, "sha256") + payload


class RunsCode:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


@pytest.fixture
def person_file(tmp_path: Path) -> Path:
    person = PersonVectors("a", ("1.jpg",), np.ones((1, 4), np.float32), np.ones(1, np.float32), "n" * 64)
    write_person(tmp_path / "a.pkl", person, KEY)
    return tmp_path / "a.pkl"


def test_the_trap_itself_works(tmp_path: Path) -> None:
    pickle.loads(pickle.dumps(RunsCode(tmp_path / "trace")))
    assert (tmp_path / "trace").exists()


@pytest.mark.parametrize("wrap", [lambda payload: payload, lambda payload: signed(payload, b"x" * 32), signed])
def test_a_pickle_that_runs_code_runs_nothing(tmp_path: Path, wrap: Callable[[bytes], bytes]) -> None:
    (tmp_path / "evil.pkl").write_bytes(wrap(pickle.dumps({"format": 1, "name": RunsCode(tmp_path / "trace")})))
    with pytest.raises(ArtefactError):
        read_person(tmp_path / "evil.pkl", KEY)
    assert not (tmp_path / "trace").exists()


def test_nothing_is_parsed_before_the_signature_fits(person_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def parsed(*_: object) -> None:
        raise AssertionError("parsed")

    monkeypatch.setattr("twinface.gallery.signing.read_plain_pickle", parsed)
    with pytest.raises(SignatureError, match=r"changed, or written by another box.*delete it and make it again"):
        read_person(person_file, b"another key of 32 bytes, as long")


def test_numpy_is_a_global_like_any_other(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(signed(pickle.dumps({"vectors": np.ones((1, 4))}, 5)))
    with pytest.raises(ArtefactError, match="operation 0x93, which plain data does not need"):
        unseal(tmp_path / "a.pkl", KEY)


@given(position=st.integers(0, 10_000), flip=st.integers(1, 255))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
def test_any_changed_byte_is_noticed(person_file: Path, position: int, flip: int) -> None:
    data = bytearray(person_file.read_bytes())
    data[position % len(data)] ^= flip
    changed = person_file.with_name("changed")
    changed.write_bytes(data)
    with pytest.raises(ArtefactError):
        read_person(changed, KEY)


def test_any_cut_is_called_a_cut(person_file: Path) -> None:
    data = person_file.read_bytes()
    for length in range(8, len(data)):
        person_file.write_bytes(data[:length])
        with pytest.raises(ArtefactError, match=r"cut short.*delete it and make it again"):
            read_person(person_file, KEY)


def test_what_is_added_at_the_end_is_noticed(person_file: Path) -> None:
    person_file.write_bytes(person_file.read_bytes() + b"x")
    with pytest.raises(SignatureError):
        read_person(person_file, KEY)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a signed file of twinface"),
        (b"\x80\x05}.", "not a signed file of twinface"),
        (signed(b"", version=2), "format 2, this twinface reads 1; update twinface"),
        (HEADER.pack(b"TWINFACE", 1, 1 << 60) + b"m" * 32, "at most"),
        (signed(pickle.dumps([1], 5)), "holds a list"),
        (signed(b"no pickle"), "not data of twinface"),
        (signed(pickle.dumps({"format": 7}, 5)), "format 7"),
        (signed(pickle.dumps({"format": 1, "name": 3}, 5)), "without a name"),
        (signed(pickle.dumps({"format": 1, "name": "a", "network": "n", "files": [1]}, 5)), "without a list of files"),
    ],
)
def test_a_file_of_another_kind_is_named(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "a.pkl").write_bytes(data)
    with pytest.raises(ArtefactError, match=message) as caught:
        read_person(tmp_path / "a.pkl", KEY)
    assert str(tmp_path / "a.pkl") in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "packed",
    [
        None,
        {"dtype": "<f8", "shape": (1,), "bytes": b"12345678"},
        {"dtype": "O", "shape": (1,), "bytes": b"12345678"},
        {"dtype": "<f4", "shape": (1 << 40, 1 << 40), "bytes": b"1234"},
        {"dtype": "<f4", "shape": (-1, -1), "bytes": b"1234"},
        {"dtype": "<f4", "shape": (True,), "bytes": b"1234"},
        {"dtype": "<f4", "shape": [1], "bytes": b"1234"},
        {"dtype": "<f4", "shape": (2,), "bytes": b"1234"},
        {"dtype": "<f4", "shape": (1,), "bytes": "1234"},
    ],
)
def test_an_array_whose_bytes_do_not_fit_is_refused(packed: object) -> None:
    with pytest.raises(ValueError, match=r"array|shape"):
        unpack_array(packed)


def test_more_than_the_cap_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_BYTES == 512 * 1024 * 1024
    monkeypatch.setattr("twinface.gallery.signing.MAX_BYTES", 1000)
    with pytest.raises(ArtefactError, match="use fewer pictures"):
        seal({"bytes": b"x" * 1001}, KEY)


PYTHON_2_PROTOCOL_2 = (
    b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01cnumpy\nndarray\nq\x02K\x00\x85U\x01b\x87Rq\x03(K\x01K\x01K\x02"
    b"\x86cnumpy\ndtype\nq\x04U\x02f4K\x00K\x01\x87Rq\x05(K\x03U\x01<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb\x89U\x08"
    b"\x00\x00\x80?\x00\x00\x00\xc0tb."
)


@pytest.mark.parametrize("protocol", [0, 1, 2])
@pytest.mark.parametrize("dtype", ["<f2", "<f4", "<f8", ">f8"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_of_the_original_scripts_are_read(tmp_path: Path, protocol: int, dtype: str, order: Any) -> None:
    array = np.asarray(np.random.default_rng(0).normal(size=(3, 5)), dtype, order=order)
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(array, protocol))
    vectors = read_foreign_vectors(tmp_path / "a.pkl")
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, array.astype(np.float32))


def test_a_pickle_of_python_2_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(PYTHON_2_PROTOCOL_2)
    np.testing.assert_array_equal(read_foreign_vectors(tmp_path / "a.pkl"), [[1.0, -2.0]])


def test_a_protocol_0_pickle_of_python_2_is_read(tmp_path: Path) -> None:
    text = (
        b"cnumpy.core.multiarray\n_reconstruct\np1\n(cnumpy\nndarray\np2\n(I0\ntS'b'\ntRp3\n(I1\n(I1\nI2\ntcnumpy\ndtype\n"
        b"p4\n(S'f4'\nI0\nI1\ntRp5\n(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nS'\\x00\\x00\\x80?\\x00\\x00\\x00\\xc0'\ntb."
    )
    (tmp_path / "a.pkl").write_bytes(text)
    np.testing.assert_array_equal(read_foreign_vectors(tmp_path / "a.pkl"), [[1.0, -2.0]])


def hostile_pickles(trace: Path) -> dict[str, bytes]:
    """Pickles that a victim would regret, or that are none of the original scripts."""
    two = np.ones((2, 5))
    return {
        "runs code": pickle.dumps(RunsCode(trace), 2),
        "runs code beside the array": pickle.dumps([two, RunsCode(trace)], 2),
        "runs code of numpy": b"cnumpy\nload\n(S'x'\ntR.",
        "4 GB by reconstruct": b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(L4294967296L\ntS'b'\ntR.",
        "4 GB by ndarray": b"cnumpy\nndarray\n((L536870912L\nttR.",
        "4 GB by shape": PYTHON_2_PROTOCOL_2.replace(b"K\x01K\x02\x86", b"K\x01J\x00\x00\x00\x40\x86"),
        "2 billion memo entries": b"\x80\x02Nr\xff\xff\xff\x7f.",
        "2 billion memo entries as text": b"Np2147483647\n.",
        "a large string that is not there": b"\x80\x02T\xff\xff\xff\x7fx.",
        "a million operations": b"\x80\x02" + b"N" * 1_000_000 + b".",
        "a tuple that holds itself twice, 200 times over": b"\x80\x02)q\x00" + b"h\x00h\x00\x86q\x00" * 200 + b".",
        "the same as its type": PYTHON_2_PROTOCOL_2.replace(b"U\x02f4", b")q\x09" + b"h\x09h\x09\x86q\x09" * 200),
        "the same as its shape": PYTHON_2_PROTOCOL_2.replace(
            b"K\x01K\x02\x86cnumpy", b")q\x09" + b"h\x09h\x09\x86q\x09" * 200 + b"cnumpy"
        ),
        "a key of a dictionary": b"\x80\x02}q\x00K\x01K\x02s.",
        "an integer of a megabyte": b"\x80\x02\x8b\x00\x00\x10\x00" + b"\x7f" * (1 << 20) + b".",
        "an integer that cannot be printed": b"\x80\x02\x8a\xff" + b"\x7f" * 255 + b".",
        "objects": pickle.dumps(np.array([["a", None]], object), 2),
        "whole numbers": pickle.dumps(np.ones((2, 3), int), 2),
        "one vector without its n": pickle.dumps(np.ones(5), 2),
        "unpooled": pickle.dumps(np.ones((2, 7, 7, 3)), 2),
        "nobody": pickle.dumps(np.ones((0, 5)), 2),
        "not finite": pickle.dumps(two * np.nan, 2),
        "too large for float32": pickle.dumps(two * 1e300, 2),
        "a list": pickle.dumps([[1.0, 2.0]], 2),
        "a newer protocol": pickle.dumps(two, 4),
        "cut short": pickle.dumps(two, 2)[:-20],
        "no pickle": b"\xff\xd8\xff\xe0 a picture",
        "empty": b"",
    }


@pytest.mark.parametrize("kind", hostile_pickles(Path()))
def test_foreign_pickles_of_any_other_kind_are_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(hostile_pickles(tmp_path / "trace")[kind])
    with pytest.raises(ArtefactError) as caught:
        read_foreign_vectors(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("2 billion memo entries", "a memo larger than an array needs"),
        ("2 billion memo entries as text", "a memo larger than an array needs"),
        ("a million operations", "more operations than an array needs"),
        ("a newer protocol", "protocol 4, expected 0 to 2"),
        ("4 GB by shape", "does not fit its bytes"),
    ],
)
def test_what_would_cost_memory_is_refused_for_that(tmp_path: Path, kind: str, reason: str) -> None:
    (tmp_path / "a.pkl").write_bytes(hostile_pickles(tmp_path)[kind])
    with pytest.raises(ArtefactError, match=reason):
        read_foreign_vectors(tmp_path / "a.pkl")


@given(st.binary(max_size=300))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300, deadline=None)
def test_no_bytes_do_more_than_be_refused(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.pkl").write_bytes(data)
    with pytest.raises(ArtefactError):
        read_foreign_vectors(tmp_path / "a.pkl")


def test_too_large_a_pickle_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("twinface.gallery.foreign.MAX_FOREIGN_BYTES", 100)
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(np.ones((4, 5)), 2))
    with pytest.raises(ArtefactError, match="split it into several"):
        read_foreign_vectors(tmp_path / "a.pkl")


def test_people_are_named_after_file_or_folder(tmp_path: Path) -> None:
    for name in ("ann.pkl", "bob", "carl/features.p", "carl/more.pkl", ".hidden.pkl", "readme.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    people = find_foreign_people(tmp_path)
    assert {name: [path.name for path in paths] for name, paths in people.items()} == {
        "ann": ["ann.pkl"],
        "bob": ["bob"],
        "carl": ["features.p", "more.pkl"],
    }


def test_a_folder_without_pickles_is_named(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(ArtefactError, match=str(folder)):
            find_foreign_people(folder)
