import asyncio
import json
import struct
from collections.abc import Iterator

import pytest

from twinface.messages.schema import PreviewMeta, TrackBox
from twinface.web.viewer import Picture, Viewer, encode_picture, message


@pytest.fixture
def viewer() -> Viewer:
    return Viewer(["front", "door", "yard"])


def _sent(viewer: Viewer, now_s: float) -> list[str | bytes]:
    def all_of_it() -> Iterator[str | bytes]:
        while (found := viewer.next(now_s)) is not None:
            yield found

    return list(all_of_it())


def _show(viewer: Viewer, camera: str, data: bytes, at_s: float) -> None:
    viewer.show(Picture(camera, data, at_s))


def test_the_next_picture_of_a_camera_comes_when_the_last_one_is_taken_and_is_the_newest(viewer: Viewer) -> None:
    assert viewer.watch(["front"]) == []
    for data, at_s in ((b"1", 1.0), (b"2", 1.1), (b"3", 1.2)):
        _show(viewer, "front", data, at_s)
    assert _sent(viewer, 1.2) == [b"3"]
    _show(viewer, "front", b"4", 1.3)
    _show(viewer, "front", b"5", 1.4)
    assert _sent(viewer, 1.4) == []
    viewer.take("front")
    assert _sent(viewer, 1.5) == [b"5"]
    viewer.take("front")
    viewer.take("front")
    _show(viewer, "front", b"6", 1.6)
    assert _sent(viewer, 1.6) == [b"6"], "taken twice is one picture"


def test_what_has_waited_too_long_is_not_sent(viewer: Viewer) -> None:
    viewer.watch(["front"])
    _show(viewer, "front", b"1", 1.0)
    assert _sent(viewer, 1.0) == [b"1"]
    _show(viewer, "front", b"2", 1.1)
    viewer.take("front")
    assert _sent(viewer, 1.5) == []
    _show(viewer, "front", b"3", 1.6)
    assert _sent(viewer, 1.6) == [b"3"], "nothing is owed for what was not sent"


def test_cameras_take_turns_and_do_not_wait_for_each_other(viewer: Viewer) -> None:
    viewer.watch(["front", "door"])
    _show(viewer, "front", b"f1", 1.0)
    _show(viewer, "door", b"d1", 1.0)
    assert viewer.next(1.0) == b"f1"
    viewer.take("front")
    _show(viewer, "front", b"f2", 1.0)
    assert _sent(viewer, 1.0) == [b"d1", b"f2"]


def test_only_what_is_watched_is_sent_and_looked_at_until_it_is_not_taken(viewer: Viewer) -> None:
    assert viewer.looks_at(1.0) == set()
    assert viewer.watch(["front", "cellar", "door", "front"]) == ["cellar"]
    assert viewer.looks_at(1.0) == {"front", "door"}
    _show(viewer, "yard", b"y1", 1.0)
    _show(viewer, "front", b"f1", 1.0)
    assert _sent(viewer, 1.0) == [b"f1"]
    assert viewer.looks_at(1.9) == {"front", "door"}
    assert viewer.looks_at(2.0) == {"door"}, "one second without `taken`"
    viewer.take("yard")
    viewer.take("front")
    assert viewer.looks_at(2.0) == {"front", "door"}
    viewer.watch([])
    _show(viewer, "front", b"f2", 2.0)
    assert (_sent(viewer, 2.0), viewer.looks_at(2.0)) == ([], set())


def test_every_event_is_sent_and_of_the_rest_the_latest(viewer: Viewer) -> None:
    viewer.watch(["front"])
    _show(viewer, "front", b"picture", 1.0)
    for number in range(3):
        viewer.add(f"event {number}")
        viewer.replace("health", f"health {number}")
    assert _sent(viewer, 1.0) == ["event 0", "event 1", "event 2", "health 2", b"picture"]


def test_a_page_that_is_five_hundred_events_behind_is_given_up(viewer: Viewer) -> None:
    for number in range(500):
        viewer.add(f"event {number}")
    assert not viewer.closed
    viewer.add("one more")
    assert viewer.closed


def test_who_waits_is_woken_by_each_kind(viewer: Viewer) -> None:
    viewer.watch(["front"])

    async def scenario() -> None:
        for change in (
            lambda: viewer.add("event"),
            lambda: viewer.replace("health", "well"),
            lambda: _show(viewer, "front", b"picture", 1.0),
            lambda: viewer.take("front"),
            viewer.close,
        ):
            waiting = asyncio.create_task(viewer.wait())
            await asyncio.sleep(0)
            assert not waiting.done()
            change()
            await waiting

    asyncio.run(scenario())


def test_a_picture_says_of_which_frame_it_is() -> None:
    meta = PreviewMeta("front", 3, 640, 360, (TrackBox(1, (1.0, 2.0, 3.0, 4.0), 0.9),))
    data = encode_picture(meta, 17, b"\xff\xd8jpeg")
    (length,) = struct.unpack_from("!I", data)
    head = json.loads(data[4 : 4 + length])
    assert (head["camera"], head["frame"], head["captured_at_ns"]) == ("front", 3, 17)
    assert head["tracks"] == [{"track": 1, "box_xyxy": [1.0, 2.0, 3.0, 4.0], "detection_score": 0.9}]
    assert data[4 + length :] == b"\xff\xd8jpeg"
    assert json.loads(message("match", {"event": {"type": "exit"}})) == {"type": "match", "event": {"type": "exit"}}
