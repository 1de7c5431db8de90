"""A recording is read as it was written, up to where it was cut off, and nothing else is taken for one."""

from collections.abc import Mapping
from pathlib import Path

import msgpack
import pytest

from twinface.errors import ArtefactError
from twinface.messages.codec import encode
from twinface.messages.recording_file import Header, RecordingWriter, read_recording
from twinface.messages.schema import Message
from twinface.messages.topics import TOPICS

Messages = Mapping[tuple[str, str], Message]
HEADER = Header(("crops", "vectors"), ("front",), 1_700_000_000_000_000_000)


@pytest.fixture
def film(tmp_path: Path, samples: Messages) -> Path:
    """A recording with one message of every kind."""
    path = tmp_path / "film.rec"
    with path.open("wb") as stream:
        writer = RecordingWriter(stream, HEADER)
        for (topic, _), message in samples.items():
            writer.write([bytes(frame) for frame in encode(TOPICS[topic], message)])
    assert writer.written_bytes == path.stat().st_size
    return path


def test_what_was_written_is_read(film: Path, samples: Messages) -> None:
    header, recorded = read_recording(film)
    found = list(recorded)
    assert header == HEADER
    assert [(one.topic, one.message.body.kind) for one in found] == list(samples)
    assert [one.message.body for one in found] == [message.body for message in samples.values()]
    assert [one.at_ns for one in found] == sorted(one.at_ns for one in found)


def test_one_that_was_cut_off_ends_there(film: Path, samples: Messages) -> None:
    film.write_bytes(film.read_bytes()[:-5])
    assert len(list(read_recording(film)[1])) == len(samples) - 1


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "not a recording"),
        (b"\xc1" * 10, "no msgpack"),
        (msgpack.packb({"format": "another"}), "not a recording"),
        (msgpack.packb({"format": "twinface recording", "version": 9}), "version 9, this twinface knows 1"),
        (msgpack.packb({"format": "twinface recording", "version": 1, "topics": 3}), "damaged at its beginning"),
        (b"\xdd\xff\xff\xff\xff", "not a recording|no msgpack"),
    ],
)
def test_what_is_none_is_refused(tmp_path: Path, data: bytes, problem: str) -> None:
    path = tmp_path / "film.rec"
    path.write_bytes(data)
    with pytest.raises(ArtefactError, match=problem):
        list(read_recording(path)[1])


@pytest.mark.parametrize(
    "value", [3, [1], ["now", [b"tracks"]], [1, ["tracks", "x"]], [1, [b"tracks", b"nonsense"]], [1, [b"nothing", b""]]]
)
def test_a_damaged_message_is_named_by_its_number(film: Path, samples: Messages, value: object) -> None:
    film.write_bytes(film.read_bytes() + msgpack.packb(value))
    with pytest.raises(ArtefactError, match=f"message {len(samples) + 1} cannot be read"):
        list(read_recording(film)[1])
