"""The bytes of every version of every message, on record, so that no schema changes unnoticed.

A field that is added with a default leaves older bytes readable: its record is added beside theirs
(`<topic>-v<version>-<kind>-2.hex`, one frame a line). Whatever makes an existing record fail needs a new version of its
topic.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgpack
import numpy as np
import pytest

from twinface.errors import WireError
from twinface.messages.codec import decode, encode
from twinface.messages.schema import Message
from twinface.messages.topics import TOPICS

GOLDEN = Path(__file__).parent / "golden"
_ALL = sorted(GOLDEN.glob("*.hex"))
RECORDS = [path for path in _ALL if f"-v{TOPICS[path.stem.split('-')[0]].version}-" in path.name]
EARLIER = [path for path in _ALL if path not in RECORDS]


def _read(path: Path) -> list[bytes]:
    return [bytes.fromhex(line) for line in path.read_text().splitlines()]


def _encode(topic: str, message: Message) -> list[bytes]:
    return [bytes(frame) for frame in encode(TOPICS[topic], message)]


def _restrict(packed: bytes, to: bytes) -> bytes:
    """A packed header without the fields that another one does not have; packed, because there 1 and 1.0 differ."""
    restricted: bytes = msgpack.packb(_within(msgpack.unpackb(packed), msgpack.unpackb(to)))
    return restricted


def _within(new: Any, old: Any) -> Any:
    if isinstance(new, dict) and isinstance(old, dict):
        return {key: _within(new[key], old[key]) for key in old if key in new}
    if isinstance(new, list) and isinstance(old, list) and len(new) == len(old):
        return [_within(one, other) for one, other in zip(new, old, strict=True)]
    return new


def test_every_message_is_on_record(sample: tuple[str, Message]) -> None:
    topic, message = sample
    encoded = _encode(topic, message)
    name = f"{topic}-v{TOPICS[topic].version}-{message.body.kind}"
    lines = "\n".join(frame.hex() for frame in encoded)
    assert any(_read(path) == encoded for path in GOLDEN.glob(f"{name}*.hex")), f"record as {name}….hex:\n{lines}"


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_recorded_bytes_still_mean_the_same(path: Path, samples: Mapping[tuple[str, str], Message]) -> None:
    topic, _, kind, *_ = path.stem.split("-")
    recorded = _read(path)
    message = decode(recorded, TOPICS[topic])
    for meaning in (message, samples[topic, kind]):
        encoded = _encode(topic, meaning)
        assert _restrict(encoded[1], recorded[1]) == recorded[1]
        assert encoded[2:] == recorded[2:]
    if message.array is not None:
        np.testing.assert_array_equal(message.array, samples[topic, kind].array)


@pytest.mark.parametrize("path", EARLIER, ids=lambda path: path.stem)
def test_bytes_of_an_earlier_version_are_refused_with_both_versions(path: Path) -> None:
    topic, version, *_ = path.stem.split("-")
    told = f"{topic}: version {version.removeprefix('v')} is not {TOPICS[topic].version}; update both sides"
    with pytest.raises(WireError, match=re.escape(told)):
        decode(_read(path), TOPICS[topic])


def test_all_kinds_are_sampled(samples: Mapping[tuple[str, str], Message]) -> None:
    assert set(samples) == {(topic.name, kind) for topic in TOPICS.values() for kind in topic.kinds}
