"""One message of every kind, with every field set to something that is not its default."""

from collections.abc import Mapping

import numpy as np
import pytest

from twinface.messages.schema import (
    CropMeta,
    CropTally,
    Durations,
    Heartbeat,
    LookPicture,
    MatchEvent,
    Message,
    PreviewMeta,
    Reply,
    Request,
    Stamp,
    TrackBox,
    TracksUpdate,
    VectorMeta,
)
from twinface.types import Candidate, Captured, FaceMeasures

_CAPTURED = Captured(1_700_000_001_000_000_000, 5_000_000_000, 1640.5)
_STAMP = Stamp("camera.front", 1_700_000_000_000_000_000, 41, _CAPTURED)
_MEASURES = FaceMeasures(48.0, 0.5, 128.25, 40.5, -10.5, 5.25, 2.0, 0.75)
_CROP = CropMeta("front", 1_700_000_000_000_000_000, 17, 3, 41, (10.0, 20.5, 58.0, 84.25), _MEASURES, True)
_BOXES = (TrackBox(3, (10.0, 20.5, 58.0, 84.25), 0.75), TrackBox(4, (0.0, 0.0, 1.0, 1.0), 1.0))

_MESSAGES = {
    ("crops", "crop"): Message(_STAMP, _CROP, np.arange(4 * 4 * 3, dtype=np.uint8).reshape(4, 4, 3)),
    ("vectors", "vector"): Message(_STAMP, VectorMeta(_CROP, "f" * 64, 8.5), np.array([0.5, -1.0, 2.0], np.float32)),
    ("tracks", "tracks"): Message(
        _STAMP,
        TracksUpdate("front", 7, 41, 640, 360, _BOXES, (4,), (1, 2), (17, 18), CropTally(19, 15, 2, 1), True, True, 16),
    ),
    ("matches", "match"): Message(
        _STAMP,
        MatchEvent(
            type="match",
            epoch=9,
            sequence=8,
            camera="front",
            camera_epoch=7,
            track=3,
            name="Zoë",
            state="known",
            score=0.875,
            box_xyxy=(10.0, 20.5, 58.0, 84.25),
            frame=41,
            captured=_CAPTURED,
            latency_ms=31.25,
            candidates=(Candidate("Zoë", 0.875), Candidate("Ada", 0.25)),
            quality=0.5,
            looks=2,
            gallery_version=6,
            reason="complete",
            streams_open=1,
        ),
    ),
    ("preview", "preview"): Message(
        _STAMP, PreviewMeta("front", 41, 640, 360, _BOXES), np.array([255, 216, 255], np.uint8)
    ),
    ("looks", "picture"): Message(_STAMP, LookPicture("front", 7, 3, 17), np.array([255, 216, 255], np.uint8)),
    ("health", "heartbeat"): Message(
        _STAMP,
        Heartbeat(
            "matcher",
            4711,
            "running",
            "2 people",
            3.5,
            1.25,
            120.5,
            {"match": 5},
            {"lag": 0.5},
            {"embed": (8.0, 9.5)},
            {"embed": Durations(17.5, (0, 2, 1))},
        ),
    ),
    ("control", "request"): Message(_STAMP, Request("ab12", "replay", {"since": 5, "deep": [1, {"a": None}]})),
    ("control", "reply"): Message(_STAMP, Reply("ab12", {"events": [1, 2]}, "it broke", "failed")),
}


@pytest.fixture(params=[*_MESSAGES], ids=lambda key: key[1])
def sample(request: pytest.FixtureRequest) -> tuple[str, Message]:
    """(topic, message) of each kind in turn."""
    topic, kind = request.param
    return topic, _MESSAGES[topic, kind]


@pytest.fixture(scope="session")
def samples() -> Mapping[tuple[str, str], Message]:
    """(topic, kind) → message."""
    return _MESSAGES
