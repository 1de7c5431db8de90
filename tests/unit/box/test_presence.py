import dataclasses
from typing import Any

from twinface.box.presence import Presence
from twinface.messages.schema import MatchEvent
from twinface.types import Captured

_EVENT = MatchEvent(
    type="enter",
    epoch=5,
    sequence=0,
    camera="front",
    camera_epoch=1,
    track=1,
    name=None,
    state="pending",
    score=0.0,
    box_xyxy=(0.0, 0.0, 1.0, 1.0),
    frame=0,
    captured=Captured(1000, 0, 0.0),
    latency_ms=None,
)


def _names(presence: Presence) -> list[tuple[str, int, str | None]]:
    return [(one.camera, one.track, one.name) for one in presence.everybody()]


def _event(**fields: Any) -> MatchEvent:
    return dataclasses.replace(_EVENT, **fields)


def test_somebody_enters_is_named_and_leaves() -> None:
    presence = Presence()
    presence.take(_event())
    presence.take(
        _event(type="match", name="Ada", state="known", score=0.9, captured=Captured(2000, 0, 0.0), latency_ms=30.0)
    )
    (ada,) = presence.everybody()
    assert (ada.name, ada.state, ada.score, ada.since_ns, ada.latency_ms) == ("Ada", "known", 0.9, 1000, 30.0)
    presence.take(_event(type="exit"))
    assert presence.everybody() == []


def test_a_snapshot_replaces_what_was_known_but_keeps_since_when() -> None:
    presence = Presence()
    presence.take(_event())
    presence.take(_event(track=2))
    track = {"camera": "front", "camera_epoch": 1, "track": 1, "name": "Ada", "state": "known", "score": 0.9}
    presence.take_snapshot({"epoch": 5, "tracks": [track, {**track, "track": 3, "name": "Bob"}]})
    assert sorted((one.track, one.name, one.since_ns) for one in presence.everybody()) == [
        (1, "Ada", 1000),
        (3, "Bob", None),
    ]


def test_since_when_stays_unknown_for_who_was_there_before() -> None:
    presence = Presence()
    track = {"camera": "front", "camera_epoch": 1, "track": 1, "name": None, "state": "pending", "score": 0.0}
    presence.take_snapshot({"epoch": 5, "tracks": [track]})
    presence.take(_event(type="match", name="Ada", state="known", captured=Captured(9000, 0, 0.0)))
    assert presence.everybody()[0].since_ns is None


def test_the_end_of_a_stream_empties_its_camera_only() -> None:
    presence = Presence()
    presence.take(_event())
    presence.take(_event(camera="garden"))
    presence.take(_event(type="end", track=None, streams_open=1))
    assert _names(presence) == [("garden", 1, None)]


def test_a_matcher_that_starts_anew_begins_with_nobody() -> None:
    presence = Presence()
    presence.take(_event())
    presence.take(_event(epoch=6, camera="garden"))
    assert _names(presence) == [("garden", 1, None)]
