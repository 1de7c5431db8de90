import contextlib
import copy
from collections.abc import Callable, Mapping
from typing import Any

import msgpack
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinface.errors import WireError
from twinface.messages.codec import MAX_HEADER_BYTES, body_from, decode, encode, pack_body, unpack_body
from twinface.messages.schema import (
    BODIES,
    CropMeta,
    CropTally,
    Heartbeat,
    Message,
    Reply,
    Request,
    Stamp,
    TrackBox,
    TracksUpdate,
    VectorMeta,
)
from twinface.messages.topics import CONTROL, CROPS, HEALTH, TOPICS, TRACKS, VECTORS, Topic
from twinface.types import Captured, FaceMeasures

_INT = st.integers(0, 2**63 - 1)
_FLOAT = st.floats(allow_nan=False, allow_infinity=False)
_TEXT = st.text(max_size=40)
_BOX = st.tuples(_FLOAT, _FLOAT, _FLOAT, _FLOAT)
_STAMPS = st.builds(Stamp, _TEXT, _INT, _INT, st.builds(Captured, _INT, _INT, _FLOAT))
_MEASURES = st.builds(FaceMeasures, *[_FLOAT] * 8)
_CROP_METAS = st.builds(CropMeta, _TEXT, _INT, _INT, _INT, _INT, _BOX, _MEASURES, st.booleans())
_NUMBERS = st.lists(_INT, max_size=5).map(tuple)
_UPDATES = st.builds(
    TracksUpdate,
    _TEXT,
    _INT,
    _INT,
    _INT,
    _INT,
    st.lists(st.builds(TrackBox, _INT, _BOX, _FLOAT), max_size=5).map(tuple),
    _NUMBERS,
    _NUMBERS,
    _NUMBERS,
    st.builds(CropTally, _INT, _INT, _INT, _INT),
    st.booleans(),
    st.booleans(),
    _INT,
)
_HEARTBEATS = st.builds(
    Heartbeat,
    _TEXT,
    _INT,
    _TEXT,
    _TEXT,
    _FLOAT,
    _FLOAT,
    _FLOAT,
    st.dictionaries(_TEXT, _INT, max_size=3),
    st.dictionaries(_TEXT, _FLOAT, max_size=3),
    st.dictionaries(_TEXT, st.tuples(_FLOAT, _FLOAT), max_size=3),
)
_PLAIN = st.recursive(
    st.none() | st.booleans() | _INT | _FLOAT | _TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=10,
)


def _frames(topic: Topic, message: Message) -> list[bytes]:
    return [bytes(frame) for frame in encode(topic, message)]


def _changed(frames: list[bytes], change: Callable[[dict[str, Any]], object]) -> list[bytes]:
    """The frames with something else in the header."""
    header = msgpack.unpackb(frames[1])
    change(header)
    return [frames[0], msgpack.packb(header), *frames[2:]]


@pytest.fixture
def crop(samples: Mapping[tuple[str, str], Message]) -> list[bytes]:
    return _frames(CROPS, samples["crops", "crop"])


@pytest.fixture
def tracks(samples: Mapping[tuple[str, str], Message]) -> list[bytes]:
    return _frames(TRACKS, samples["tracks", "tracks"])


def test_a_body_that_was_packed_to_be_kept_is_the_same(sample: tuple[str, Message]) -> None:
    body = sample[1].body
    assert unpack_body(type(body), pack_body(body)) == body


def test_round_trip(sample: tuple[str, Message]) -> None:
    topic, message = sample
    received = decode(_frames(TOPICS[topic], message), TOPICS[topic])
    assert (received.stamp, received.body) == (message.stamp, message.body)
    assert (received.array is None) == (message.array is None)
    if message.array is not None and received.array is not None:
        assert received.array.dtype == message.array.dtype
        np.testing.assert_array_equal(received.array, message.array)


@given(_STAMPS, _UPDATES | _HEARTBEATS | st.builds(Request, _TEXT, _TEXT, st.dictionaries(_TEXT, _PLAIN, max_size=3)))
@settings(max_examples=60)
def test_round_trip_of_anything(stamp: Stamp, body: TracksUpdate | Heartbeat | Request) -> None:
    topic = next(topic for topic in TOPICS.values() if body.kind in topic.kinds)
    received = decode(_frames(topic, Message(stamp, body)), topic)
    assert (received.stamp, received.body, received.array) == (stamp, body, None)


@given(_CROP_METAS, st.lists(st.floats(width=32, allow_nan=False), min_size=1, max_size=64))
@settings(max_examples=40)
def test_round_trip_of_any_vector(crop: CropMeta, numbers: list[float]) -> None:
    vector = np.array(numbers, np.float32)
    received = decode(_frames(VECTORS, Message(_A_STAMP, VectorMeta(crop, "f", 1.0), vector)), VECTORS)
    assert received.body == VectorMeta(crop, "f", 1.0)
    assert received.array is not None
    np.testing.assert_array_equal(received.array, vector)


def test_arrays_that_are_not_contiguous_travel_too() -> None:
    wide = np.arange(6 * 6 * 3, dtype=np.uint8).reshape(6, 6, 3)[::2, ::2]
    received = decode(_frames(CROPS, Message(_A_STAMP, _A_CROP, wide)), CROPS)
    assert received.array is not None
    np.testing.assert_array_equal(received.array, wide)


def test_received_arrays_cannot_be_changed(crop: list[bytes]) -> None:
    array = decode(crop, CROPS).array
    assert array is not None
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 0


def test_whole_numbers_pass_as_fractions(crop: list[bytes]) -> None:
    received = decode(_changed(crop, lambda header: header["body"].update(box_xyxy=[1, 2, 3, 4])), CROPS)
    assert received.body.box_xyxy == (1.0, 2.0, 3.0, 4.0)  # type: ignore[union-attr]


def test_fields_of_a_later_version_are_passed_over(crop: list[bytes]) -> None:
    received = decode(_changed(crop, lambda header: header["body"].update(invented_later=[1])), CROPS)
    assert received.body == decode(crop, CROPS).body


def test_fields_that_were_added_later_have_their_default(tracks: list[bytes]) -> None:
    def forget(header: dict[str, Any]) -> None:
        del header["body"]["crops_done"], header["body"]["ended_stream"]

    received = decode(_changed(tracks, forget), TRACKS).body
    assert isinstance(received, TracksUpdate)
    assert (received.crops_done, received.ended_stream) == (0, False)


@pytest.mark.parametrize(
    "change",
    [
        lambda header: header.update(version=CROPS.version + 1),
        lambda header: header.update(version=True),
        lambda header: header.update(version=1.0),
        lambda header: header.pop("version"),
        lambda header: header.update(kind="tracks"),
        lambda header: header.update(kind=["crop"]),
        lambda header: header.pop("kind"),
        lambda header: header.pop("stamp"),
        lambda header: header["stamp"].pop("epoch"),
        lambda header: header["stamp"].update(sequence="first"),
        lambda header: header.pop("body"),
        lambda header: header.update(body=[]),
        lambda header: header["body"].pop("camera"),
        lambda header: header["body"].update(crop=1.5),
        lambda header: header["body"].update(camera=7),
        lambda header: header["body"].update(box_xyxy=[1.0, 2.0, 3.0]),
        lambda header: header["body"].update(box_xyxy=[1.0, 2.0, 3.0, float("nan")]),
        lambda header: header["body"].pop("measures"),
        lambda header: header["body"]["measures"].pop("detection_score"),
        lambda header: header["body"]["measures"].update(yaw_deg=float("nan")),
        lambda header: header["stamp"].pop("captured"),
        lambda header: header["stamp"].update(captured=[0, 0, 0.0]),
        lambda header: header["stamp"]["captured"].update(media_ms=float("inf")),
        lambda header: header.pop("array"),
        lambda header: header.update(array=[]),
        lambda header: header["array"].update(dtype="<f4"),
        lambda header: header["array"].update(dtype="|O"),
        lambda header: header["array"].update(dtype=["|u1"]),
        lambda header: header["array"].pop("dtype"),
        lambda header: header["array"].update(shape=[48]),
        lambda header: header["array"].update(shape=[4, 4, 4]),
        lambda header: header["array"].update(shape=[4, 4, 0]),
        lambda header: header["array"].update(shape=[-4, -4, 3]),
        lambda header: header["array"].update(shape=[4.0, 4.0, 3.0]),
        lambda header: header["array"].update(shape=[2**40, 2**40, 3]),
        lambda header: header["array"].update(shape="4,4,3"),
    ],
)
def test_a_header_that_is_wrong_is_refused(crop: list[bytes], change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(WireError):
        decode(_changed(crop, change), CROPS)


def test_another_topic_is_refused(crop: list[bytes]) -> None:
    with pytest.raises(WireError, match="unexpected topic"):
        decode(crop, TRACKS)
    with pytest.raises(WireError, match="unexpected topic"):
        decode([b"faces", *crop[1:]])
    assert decode(crop).body == decode(crop, CROPS).body


def test_a_body_travels_on_its_own_topic_only(crop: list[bytes]) -> None:
    with pytest.raises(WireError, match="unexpected kind"):
        decode([b"vectors", *crop[1:]], VECTORS)


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_the_number_of_frames_counts(crop: list[bytes], count: int) -> None:
    with pytest.raises(WireError):
        decode((crop * 2)[:count], CROPS)


def test_a_payload_where_none_belongs_is_refused(tracks: list[bytes]) -> None:
    with pytest.raises(WireError, match="payload"):
        decode([*tracks, b"\0"], TRACKS)
    described = _changed(tracks, lambda header: header.update(array={"dtype": "|u1", "shape": [1]}))
    for frames in (described, [*described, b"\0"]):
        with pytest.raises(WireError, match="payload"):
            decode(frames, TRACKS)


def test_a_payload_is_as_large_as_it_says_and_as_its_topic_allows(crop: list[bytes]) -> None:
    for payload in (b"", crop[2][:-1], crop[2] + b"\0"):
        with pytest.raises(WireError, match="payload has"):
            decode([*crop[:2], payload], CROPS)
    side = 1024
    large = _changed(crop, lambda header: header["array"].update(shape=[side, side, 3]))
    with pytest.raises(WireError, match="payload has"):
        decode([*large[:2], bytes(side * side * 3)], CROPS)


def test_a_header_too_large_is_refused_by_both_ends(crop: list[bytes]) -> None:
    with pytest.raises(WireError, match="larger than"):
        decode([crop[0], bytes(MAX_HEADER_BYTES + 1), crop[2]], CROPS)
    reply = Reply("1", result=["x" * 1000] * 300)
    with pytest.raises(WireError, match="larger than"):
        encode(CONTROL, Message(_A_STAMP, reply))


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"\xc1",
        b"\x80",
        b"\x90",
        b"\xa3abc",
        msgpack.packb({"version": 1, "kind": "request", "stamp": 1}) + b"\0",
        msgpack.packb([[]] * 20_000),
        msgpack.packb({"s": "x" * 20_000}),
        msgpack.packb({"b": b"\0"}),
        msgpack.packb({"e": msgpack.ExtType(5, b"\0")}),
        msgpack.packb({1: 2}),
        b"\xdd\xff\xff\xff\xff",  # an array of four billion
        b"\xdf\xff\xff\xff\xff",
        b"\x91" * 100_000,  # lists in lists
        b"\x81\xa1a" * 50_000,  # maps in maps
    ],
    ids=repr,
)
def test_a_header_that_is_no_map_within_the_limits_is_refused(header: bytes) -> None:
    with pytest.raises(WireError):
        decode([b"control", header], CONTROL)


@pytest.mark.parametrize(
    "value",
    [[0] * 20_000, dict.fromkeys(map(str, range(20_000)), 0), "x" * 20_000, b"\0", msgpack.ExtType(5, b"\0")],
    ids=["list", "map", "text", "binary", "extension"],
)
def test_limits_hold_in_fields_that_are_not_known_too(crop: list[bytes], value: object) -> None:
    decode(_changed(crop, lambda header: header.update(later=["x", {"y": 1}])), CROPS)
    with pytest.raises(WireError, match="within the limits"):
        decode(_changed(crop, lambda header: header.update(later=value)), CROPS)


def test_the_error_is_one_short_line(crop: list[bytes]) -> None:
    for change in (
        lambda header: header.update(kind="x" * 5000),
        lambda header: header.update(version="\n" * 5000),
        lambda header: header["body"].update(camera=["\n" * 5000] * 3),
    ):
        with pytest.raises(WireError) as refusal:
            decode(_changed(crop, change), CROPS)
        assert len(str(refusal.value)) <= 200
        assert "\n" not in str(refusal.value)


@given(st.lists(st.binary(max_size=200), max_size=4))
@settings(max_examples=200)
def test_arbitrary_bytes_are_refused(frames: list[bytes]) -> None:
    with pytest.raises(WireError):
        decode(frames)


@given(topic=st.sampled_from([*TOPICS.values()]), header=_PLAIN, payload=st.none() | st.binary(max_size=20))
@settings(max_examples=200)
def test_arbitrary_values_are_refused(topic: Topic, header: object, payload: bytes | None) -> None:
    with pytest.raises(WireError):
        decode([topic.name.encode(), msgpack.packb(header), *([] if payload is None else [payload])], topic)


@given(data=st.data())
@settings(max_examples=300)
def test_a_message_with_anything_put_anywhere_decodes_or_is_refused(
    data: st.DataObject, samples: Mapping[tuple[str, str], Message]
) -> None:
    topic, kind = data.draw(st.sampled_from(sorted(samples)))
    frames = _frames(TOPICS[topic], samples[topic, kind])
    header = copy.deepcopy(msgpack.unpackb(frames[1]))
    place: Any = header
    while isinstance(place, dict) and place:
        key = data.draw(st.sampled_from(sorted(place)))
        if not isinstance(place[key], dict) or data.draw(st.booleans()):
            place[key] = data.draw(_PLAIN | st.floats() | st.integers(-(2**63), 2**64 - 1))
            break
        place = place[key]
    with contextlib.suppress(WireError):
        decode([frames[0], msgpack.packb(header), *frames[2:]], TOPICS[topic])


@given(data=st.data())
@settings(max_examples=200)
def test_a_message_with_any_byte_changed_decodes_or_is_refused(
    data: st.DataObject, samples: Mapping[tuple[str, str], Message]
) -> None:
    topic, kind = data.draw(st.sampled_from(sorted(samples)))
    frames = [bytearray(frame) for frame in _frames(TOPICS[topic], samples[topic, kind])]
    frame = data.draw(st.sampled_from(frames))
    frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(WireError):
        decode([bytes(one) for one in frames], TOPICS[topic])


def test_bodies_are_checked_from_plain_containers_too() -> None:
    assert body_from(Request, {"id": "1", "verb": "snapshot"}) == Request("1", "snapshot")
    with pytest.raises(WireError, match=r"Request: .* at verb"):
        body_from(Request, {"id": "1"})
    with pytest.raises(WireError, match="at its beginning"):
        body_from(Request, 5)


def test_every_body_has_its_topic() -> None:
    assert set(BODIES) == {kind for topic in TOPICS.values() for kind in topic.kinds}
    assert {name: kind.kind for name, kind in BODIES.items()} == {name: name for name in BODIES}


def test_only_arrays_that_can_travel_make_a_message() -> None:
    with pytest.raises(ValueError, match="uint8 or float32"):
        Message(_A_STAMP, _A_CROP, np.zeros(3, np.float64))


def test_a_heartbeat_has_no_array(samples: Mapping[tuple[str, str], Message]) -> None:
    beat = samples["health", "heartbeat"]
    with pytest.raises(WireError, match="payload"):
        decode(_frames(HEALTH, Message(beat.stamp, beat.body, np.zeros(3, np.uint8))), HEALTH)


_A_STAMP = Stamp("camera.a", 1, 0, Captured(0, 0, 0.0))
_A_CROP = CropMeta("a", 1, 0, 1, 0, (0.0, 0.0, 1.0, 1.0), FaceMeasures(*[0.0] * 8), False)
