"""Recordings: the messages of a box as they were on the bus, each with the time at which it came.

A file is a sequence of msgpack values: a header, which names the format and its version, then `[time, frames]` for each
message. The time is that of the machine's steady clock in nanoseconds, as in the stamps of messages. What is read is
bounded and decoded as what comes from a socket is.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO

import msgpack

from twinface.errors import ArtefactError, WireError
from twinface.messages.codec import MAX_HEADER_BYTES, body_from, decode
from twinface.messages.schema import Message
from twinface.messages.topics import TOPICS

_FORMAT = "twinface recording"
_VERSION = 1
_MOST = 64
"""Of the items of a list or map."""
_MAX_VALUE_BYTES = max(topic.max_payload_bytes for topic in TOPICS.values()) + 2 * MAX_HEADER_BYTES


@dataclass(frozen=True, slots=True)
class Header:
    """What a recording begins with: `topics` that it has, the `cameras` of the box, when it began by the wall clock."""

    topics: tuple[str, ...]
    cameras: tuple[str, ...]
    begun_ns: int


@dataclass(frozen=True, slots=True)
class Recorded:
    """A message of a topic, and when it came by the steady clock."""

    at_ns: int
    topic: str
    message: Message


class RecordingWriter:
    """Writes a recording to a stream. Raises OSError."""

    def __init__(self, stream: BinaryIO, header: Header) -> None:
        self.written_bytes = 0
        self._stream = stream
        self._put({"format": _FORMAT, "version": _VERSION, **asdict(header)})

    def write(self, frames: Sequence[bytes]) -> None:
        """Add a message that came just now."""
        self._put([time.monotonic_ns(), list(frames)])

    def _put(self, value: Any) -> None:
        packed: bytes = msgpack.packb(value)
        self._stream.write(packed)
        self.written_bytes += len(packed)


def read_recording(path: Path) -> tuple[Header, Iterator[Recorded]]:
    """A recording's header and its messages in the order they came, read as they are taken.

    One that was cut off, when its recorder was killed, ends where it was cut. Raises ArtefactError, also while messages
    are taken: for a file that cannot be read, is none of ours, is damaged, or has messages of another version.
    """
    values = _values(path)
    try:
        first = next(values, None)
        if not isinstance(first, dict) or first.get("format") != _FORMAT:
            raise ArtefactError(f"{path}: not a recording; make one with `twinface record FILE`")
        if first.get("version") != _VERSION:
            raise ArtefactError(f"{path}: version {first.get('version')!r}, this twinface knows {_VERSION}; update it")
        return body_from(Header, first), _messages(path, values)
    except WireError as error:
        raise ArtefactError(f"{path}: damaged at its beginning ({error}); record again") from error


def _messages(path: Path, values: Iterator[Any]) -> Iterator[Recorded]:
    for number, value in enumerate(values, start=1):
        try:
            at_ns, frames = value
            if type(at_ns) is not int or not all(isinstance(frame, bytes) for frame in frames):
                raise WireError("no time or no frames")
            message = decode(frames)
        except (WireError, TypeError, ValueError) as error:
            raise ArtefactError(f"{path}: message {number} cannot be read ({error}); record again") from error
        yield Recorded(at_ns, frames[0].decode(), message)


def _values(path: Path) -> Iterator[Any]:
    """The values of a file, up to where it was cut off."""
    try:
        with path.open("rb") as stream:
            yield from msgpack.Unpacker(
                stream, max_buffer_size=_MAX_VALUE_BYTES, max_array_len=_MOST, max_map_len=_MOST, max_ext_len=0
            )
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error.strerror}); name another file") from error
    except (ValueError, msgpack.UnpackException, RecursionError) as error:
        raise ArtefactError(f"{path}: no msgpack within the limits ({type(error).__name__}); record again") from error
