"""A store in a temporary folder, and events to put into it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinface.events import Event, Kind, LookRecord, Subject, TrackKey

MakeEvent = Callable[..., Event]
MakeLook = Callable[..., LookRecord]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data/events.sqlite"


@pytest.fixture
def make_event() -> MakeEvent:
    """Makes an event: of a track that enters at the door, but for what is said otherwise."""

    def make(kind: Kind = Kind.ENTER, **fields: Any) -> Event:
        given = {
            "subject": Subject.TRACK,
            "camera": "door",
            "stream": 1_800_000_000_000_000_001,
            "track": 1,
            "name": None,
            "state": "pending",
            "score": None,
            "at_ns": 1_000,
            "since_ns": 1_000,
            "duration_s": 0.0,
            "media_ms": 40.0,
            "frame": 1,
            **fields,
        }
        return Event(kind, **given)

    return make


@pytest.fixture
def make_look() -> MakeLook:
    """Makes a look at the same track, the crop's number being its seed."""

    def make(crop: int = 0, track: int = 1, **fields: Any) -> LookRecord:
        given = {
            "face": 0,
            "at_ns": 1_000 + crop,
            "frame": crop,
            "network": "a" * 64,
            "vector": np.random.default_rng(crop).normal(size=8).astype(np.float32),
            "quality": 0.5,
            "state": "unknown",
            "name": None,
            "score": 0.25,
            **fields,
        }
        return LookRecord(TrackKey("door", 1_800_000_000_000_000_001, track), crop, **given)

    return make
