"""The journal between the matcher stage and the store: which time counts, and what is kept of a look."""

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clocks import Clock

from twinface.events import Event, EventQuery, EventWriter, TrackKey, Upkeep, read_events, read_looks
from twinface.live.camera_tracks import Look
from twinface.live.journal import Journal
from twinface.messages.schema import (
    CropMeta,
    CropTally,
    MatchEvent,
    Stamp,
    TrackBox,
    TracksUpdate,
    VectorMeta,
)
from twinface.settings import EventSettings
from twinface.types import Candidate, Captured, Decision, FaceMeasures, State

_BOX = (0.0, 0.0, 50.0, 50.0)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def journal(path: Path, clock: Clock) -> Iterator[Journal]:
    one = make_journal(path, clock)
    yield one
    one.close()


def make_journal(path: Path, clock: Clock) -> Journal:
    settings = EventSettings(cool_down_s=10.0, unknown_stays_s=5.0)
    one = Journal(EventWriter(path, Upkeep(30.0)), settings, clock)
    one.head = "f00d"
    return one


def frame(media_s: float, *tracks: int, lossless: bool = True) -> tuple[TracksUpdate, Stamp]:
    boxes = tuple(TrackBox(track, _BOX, 0.9) for track in tracks)
    number = int(media_s * 25)
    update = TracksUpdate("door", 7, number, 640, 360, boxes, (), (), (), CropTally(), lossless)
    now_ns = time.time_ns()
    return update, Stamp("camera.door", 7, number, Captured(now_ns, time.monotonic_ns(), media_s * 1e3))


def happened(kind: str, media_s: float, **fields: Any) -> MatchEvent:
    given = {
        "track": 1,
        "name": None,
        "state": None,
        "score": None,
        "captured": Captured(time.time_ns(), 0, media_s * 1e3),
        **fields,
    }
    return MatchEvent(
        type=kind,
        epoch=1,
        sequence=0,
        camera="door",
        camera_epoch=7,
        box_xyxy=_BOX,
        frame=int(media_s * 25),
        latency_ms=1.0,
        gallery_version=4,
        **given,
    )


def look(media_s: float, name: str | None = "Ada") -> MatchEvent:
    candidates = (Candidate("Ada", 0.75), Candidate("Bob", 0.25))
    state = "known" if name else "unknown"
    return happened("match", media_s, name=name, state=state, score=0.75, candidates=candidates, quality=0.5, looks=2)


def stored(path: Path, journal: Journal) -> list[Event]:
    journal.close()
    return read_events(path, EventQuery())


def told(events: list[Event]) -> list[tuple[str, str, str | None, float, str | None]]:
    return [(event.subject, event.kind, event.name, event.duration_s, event.reason) for event in events]


def test_a_lossless_stream_is_measured_by_its_own_time(path: Path, journal: Journal) -> None:
    journal.saw(*frame(0.0, 1))
    journal.take(happened("enter", 0.0))
    journal.take(look(0.0))
    journal.saw(*frame(4.0, 1))
    journal.take(happened("exit", 6.0))
    journal.tick()
    journal.saw(*frame(14.5))
    journal.take(happened("end", 14.5, track=None, reason="complete"))
    assert told(stored(path, journal)) == [
        ("track", "enter", None, 0.0, None),
        ("track", "update", "Ada", 0.0, None),
        ("person", "enter", "Ada", 0.0, None),
        ("track", "exit", "Ada", 6.0, None),
        ("person", "exit", "Ada", 4.0, None),
    ]


def test_an_update_carries_what_it_was_decided_by(path: Path, journal: Journal) -> None:
    journal.saw(*frame(0.0, 1))
    journal.take(happened("enter", 0.0))
    journal.take(look(1.0))
    update = stored(path, journal)[1]
    assert (update.camera, update.stream, update.track, update.frame, update.media_ms) == ("door", 7, 1, 25, 1000.0)
    assert (update.score, update.gallery_version, update.head) == (0.75, 4, "f00d")
    assert update.details == {"looks": 2, "quality": 0.5, "candidates": [["Ada", 0.75], ["Bob", 0.25]]}


def test_a_live_stream_is_measured_by_the_monotonic_clock(path: Path, journal: Journal, clock: Clock) -> None:
    journal.saw(*frame(0.0, 1, lossless=False))
    journal.take(happened("enter", 0.0))
    clock.now_s += 2.5
    journal.saw(*frame(5000.0, 1, lossless=False))
    journal.take(happened("exit", 5000.0))
    exit_ = stored(path, journal)[-1]
    assert exit_.media_ms == 5_000_000.0
    assert exit_.duration_s == pytest.approx(2.5)


def test_what_the_end_of_a_stream_without_frames_was_is_when_it_was_last_heard_of(path: Path, journal: Journal) -> None:
    journal.take(happened("enter", 3.0))
    journal.take(dataclasses.replace(happened("exit", 0.0), captured=None))
    enter, exit_ = stored(path, journal)
    assert (exit_.at_ns, exit_.media_ms, exit_.frame) == (enter.at_ns, 3000.0, 75)


@pytest.mark.parametrize(("lossless", "reasons"), [(False, ["stopped"]), (True, ["camera restarted"])])
def test_a_visit_outlives_a_restart_of_a_live_camera(
    path: Path, journal: Journal, lossless: bool, reasons: list[str]
) -> None:
    journal.saw(*frame(0.0, 1, lossless=lossless))
    journal.take(happened("enter", 0.0))
    journal.take(look(0.0))
    journal.take(happened("exit", 1.0))
    journal.take(happened("end", 1.0, track=None, reason="camera restarted"))
    visits = [event for event in stored(path, journal) if event.subject == "person"]
    assert [event.reason for event in visits if event.kind == "exit"] == reasons


def test_a_journal_that_was_not_closed_is_gone_on_with(path: Path, journal: Journal, clock: Clock) -> None:
    journal.saw(*frame(0.0, 1))
    journal.take(happened("enter", 0.0))
    journal.take(look(0.0))
    journal._writer.close()  # as by a kill: nothing was ended
    after = make_journal(path, clock)
    after.saw(*frame(2.0, 1))
    after.take(happened("enter", 2.0))
    after.take(look(2.0))
    after.take(happened("exit", 3.0))
    events = stored(path, after)
    assert [event.sequence for event in events] == [1, 2, 3, 4, 5]
    assert told(events[3:]) == [("track", "exit", "Ada", 3.0, None), ("person", "exit", "Ada", 2.0, "stopped")]


def test_a_look_is_kept_with_what_was_measured_and_decided(path: Path, journal: Journal) -> None:
    measures = FaceMeasures(30.0, 0.5, 128.0, 40.0, 0.0, 0.0, 2.0, 0.95)
    crop = CropMeta("door", 7, 17, 1, 25, _BOX, measures, lossless=True)
    vector = np.array([0.5, -1.0], np.float32)
    taken = Look(VectorMeta(crop, "f" * 64, 1.0), vector, frame(1.0)[1])
    alone = Decision(State.UNKNOWN, None, 0.5, (Candidate("Bob", 0.5),))
    event = dataclasses.replace(look(1.0), reason="why")
    assert journal.keeps_looks
    journal.looked(taken, event, 1, alone, {"rule": "template"})
    journal.close()
    (kept,) = read_looks(path, [TrackKey("door", 7, 1)])
    np.testing.assert_array_equal(kept.vector, vector)
    assert (kept.crop, kept.face, kept.frame, kept.quality, kept.network) == (17, 1, 25, 0.5, "f" * 64)
    assert (kept.state, kept.name, kept.score, kept.reason) == ("known", "Ada", 0.75, "why")
    assert (kept.candidates, kept.together) == (
        (Candidate("Bob", 0.5),),
        (Candidate("Ada", 0.75), Candidate("Bob", 0.25)),
    )
    assert kept.measures == measures
    assert (kept.bounds, kept.gallery_version, kept.head) == ({"rule": "template"}, 4, "f00d")
