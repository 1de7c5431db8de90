"""What boxes have seen, made for tests: events and looks, and stores that have them."""

from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
from psycopg import Connection

from twinface.events import Event, EventStore, Kind, LookRecord, Subject, TrackKey
from twinface.sharing.forwarding import Forwarder

STREAM = 1_800_000_000_000_000_001
NOW_NS = 1_800_000_000_000_000_000
"""A time of no importance, in 2027."""


def an_event(kind: Kind = Kind.ENTER, **fields: Any) -> Event:
    """Of somebody who enters at the door, but for what is said otherwise."""
    at_ns = fields.get("at_ns", NOW_NS)
    given = {
        "subject": Subject.PERSON,
        "camera": "door",
        "stream": STREAM,
        "track": 1,
        "name": "Anna",
        "state": "known",
        "score": 0.9,
        "at_ns": at_ns,
        "since_ns": at_ns,
        "duration_s": 0.0,
        "media_ms": 40.0,
        "frame": 1,
        **fields,
    }
    return Event(kind, **given)


def a_track_that_ends(track: int = 1, **fields: Any) -> Event:
    """The exit of a track whose face got no name."""
    given = {"subject": Subject.TRACK, "track": track, "name": None, "state": "unknown", "score": None, **fields}
    return an_event(Kind.EXIT, **given)


def a_look(seed: int = 0, track: int = 1, crop: int = 0, **fields: Any) -> LookRecord:
    """A look at a face that is the `seed`'s, of eight numbers: looks of one seed are alike, those of two are not."""
    face = 3 * np.eye(8)[seed]
    noise = np.random.default_rng([seed, track, crop]).normal(size=8) * 0.05
    given = {
        "face": 0,
        "at_ns": NOW_NS + crop,
        "frame": crop,
        "network": "a" * 64,
        "vector": (face + noise).astype(np.float32),
        "quality": 0.5,
        "state": "unknown",
        "name": None,
        "score": 0.25,
        **fields,
    }
    return LookRecord(TrackKey("door", STREAM, track), crop, **given)


def store(path: Path, *events: Event, looks: tuple[LookRecord, ...] = ()) -> Path:
    """Store events and looks in a box's own store."""
    with EventStore(path) as writer:
        writer.append(events, looks)
    return path


def forward(
    connection: "Connection[Any]", folder: Path, box: str, *events: Event, looks: tuple[LookRecord, ...] = ()
) -> Path:
    """Have a box see something, and forward it; where its store is."""
    path = store(folder / f"{box}.sqlite", *events, looks=looks)
    with closing(Forwarder(path, box)) as forwarder:
        while forwarder.turn(connection):
            pass
    return path


def see_anna(connection: "Connection[Any]", folder: Path, box: str) -> Path:
    """Anna and Bo come to a box: her track had no name first, and she is mentioned at his."""
    mention = {"candidates": [["Bo", 0.9], ["Anna", 0.4]]}
    track = {"subject": Subject.TRACK, "track": 1}
    return forward(
        connection,
        folder,
        box,
        an_event(**track, name=None, state="pending"),
        an_event(Kind.UPDATE, **track),
        an_event(),
        a_track_that_ends(name="Anna", state="known"),
        an_event(name="Bo", track=2, details=mention),
        looks=(a_look(1, name="Anna"), a_look(2, track=2, name="Bo")),
    )


def join(connection: "Connection[Any]", **ids: str) -> None:
    """Have boxes of these names join, each with its id."""
    for name, box in ids.items():
        connection.execute(
            "INSERT INTO boxes (id, name, start, version, page, started_at, clock_ahead_s, health, ok, gallery_version,"
            " events_waiting, warning) VALUES (%s, %s, '', '', '', now(), 0, '', true, 0, 0, '')",
            [box, name],
        )
