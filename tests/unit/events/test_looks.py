"""Looks are kept as they were taken, the best of a track, and found by what a person types."""

import dataclasses
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError, InputError
from twinface.events import (
    Event,
    EventStore,
    EventWriter,
    Kind,
    LookRecord,
    Subject,
    TrackKey,
    Upkeep,
    find_event,
    find_track,
    mark_enrolled,
    read_looks,
)
from twinface.events.event import NameSpan
from twinface.events.forgetting import forget_person
from twinface.types import Candidate, FaceMeasures

MakeEvent = Callable[..., Event]
MakeLook = Callable[..., LookRecord]

STREAM = 1_800_000_000_000_000_001
TRACK = TrackKey("door", STREAM, 1)

_MEASURES = FaceMeasures(48.5, 0.5, 128.0, 40.0, -10.0, 5.0, 2.0, 0.75)


def crops(path: Path, *tracks: TrackKey) -> list[int]:
    return [look.crop for look in read_looks(path, tracks or [TRACK])]


def test_a_look_is_read_as_it_was_kept(path: Path, make_look: MakeLook) -> None:
    look = make_look(
        7,
        name="Zoë",
        reason="a reason",
        candidates=(Candidate("Zoë", 0.5), Candidate("bob", 0.25)),
        together=(Candidate("bob", 0.75),),
        measures=_MEASURES,
        bounds={"rule": "template", "threshold": 0.5},
        gallery_version=3,
        head="h",
    )
    with EventStore(path) as store:
        store.append([], [look])
        (kept,) = read_looks(path, [TRACK])
    np.testing.assert_array_equal(kept.vector, look.vector)
    for field in dataclasses.fields(LookRecord):
        assert field.name == "vector" or getattr(kept, field.name) == getattr(look, field.name)
    assert kept.source == f"door:{np.base_repr(STREAM, 36).lower()}:1#7"
    mark_enrolled(path, [kept], "Zoë")
    assert read_looks(path, [TRACK])[0].enrolled_as == "Zoë"


_DETAILS_ON_RECORD = (
    '{"bounds": {}, "candidates": [["Zoë", 0.5]], "gallery_version": 0, "head": "", "measures": {"brightness": 128.0, '
    '"contrast": 40.0, "detection_score": 0.75, "face_px": 48.5, "pitch_deg": 5.0, "roll_deg": 2.0, "sharpness": 0.5, '
    '"yaw_deg": -10.0}, "reason": "", "score": 0.25, "together": []}'
)


def _change_details(path: Path, details: str) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE looks SET details = ?", [details])


def test_what_stands_in_the_file_is_written_and_read_as_ever(path: Path, make_look: MakeLook) -> None:
    look = make_look(1, candidates=(Candidate("Zoë", 0.5),), measures=_MEASURES)
    with EventStore(path) as store:
        store.append([], [look])
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT details FROM looks").fetchone() == (_DETAILS_ON_RECORD,)
    _change_details(path, _DETAILS_ON_RECORD.replace("0.75", "0.875"))
    (kept,) = read_looks(path, [TRACK])
    assert kept.candidates == look.candidates
    assert kept.measures == dataclasses.replace(_MEASURES, detection_score=0.875)
    _change_details(path, '{"measures": {}, "score": 0.25}')
    (kept,) = read_looks(path, [TRACK])
    assert (kept.candidates, kept.measures) == ((), None)


@pytest.mark.parametrize("measures", ['{"face_px": 48.5}', '"48"', "[1.0]", '{"face_px": []}'])
def test_measures_that_are_none_are_reported(path: Path, make_look: MakeLook, measures: str) -> None:
    with EventStore(path) as store:
        store.append([], [make_look(1)])
    _change_details(path, f'{{"measures": {measures}, "score": 0.25}}')
    with pytest.raises(ArtefactError, match="cannot be read"):
        read_looks(path, [TRACK])


def test_of_a_track_the_newest_look_is_kept_and_the_best_of_the_others(path: Path, make_look: MakeLook) -> None:
    qualities = [0.5, 0.9, 0.1, 0.8, 0.2, 0.3]
    with EventStore(path) as store:
        for crop, quality in enumerate(qualities):
            store.append([], [make_look(crop, quality=quality)], looks_per_track=3)
        store.append([], [make_look(9, track=2)], looks_per_track=3)
        assert crops(path) == [1, 3, 5]
        store.append([], [make_look(3, quality=0.0)], looks_per_track=3)
        assert [look.quality for look in read_looks(path, [TRACK])] == [0.9, 0.8, 0.3]
        store.append([], [make_look(10)], looks_per_track=1)
        assert crops(path) == [10]


def test_looks_go_when_their_time_is_over(path: Path, make_look: MakeLook) -> None:
    with EventStore(path) as store:
        store.append([], [make_look(crop) for crop in range(4)])
        store.let_go(1_002, max_bytes=10**9)
        assert crops(path) == [2, 3]


def test_the_writer_stores_looks_before_the_events_after_them(
    path: Path, make_event: MakeEvent, make_look: MakeLook
) -> None:
    seen: list[tuple[list[Kind], list[int]]] = []
    writer = EventWriter(
        path,
        Upkeep(1e5),
        looks_per_track=2,
        then=[lambda events: seen.append(([one.kind for one in events], crops(path)))],
    )
    for crop in range(3):
        writer.put_look(make_look(crop, at_ns=10**18, quality=crop / 10))
    writer.put([make_event(Kind.EXIT, at_ns=10**18)])
    writer.put_look(make_look(3, at_ns=10**18, quality=0.9))
    writer.close()
    assert [kinds for kinds, _ in seen] == [[Kind.EXIT]]
    assert set(seen[0][1]) >= {2}
    assert crops(path) == [2, 3]
    assert writer.stored == 1


def test_a_follower_that_fails_takes_nothing_with_it(
    path: Path, make_event: MakeEvent, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_events: object) -> None:
        raise OSError("no room")

    writer = EventWriter(path, Upkeep(1e5), then=[fail])
    writer.put([make_event(at_ns=10**18)])
    writer.close()
    assert (writer.stored, writer.problem) == (1, "")
    assert "what follows from events was not done" in caplog.text


# --- by what a person types -------------------------------------------------------------------------------------


def test_a_track_is_found_as_it_is_printed_or_as_the_last_of_its_number(path: Path, make_event: MakeEvent) -> None:
    with EventStore(path) as store:
        store.append([make_event(stream=35), make_event(stream=STREAM), make_event(stream=36, track=3)])
    assert find_track(path, "door:1") == TRACK
    assert find_track(path, str(TRACK)) == TRACK
    assert find_track(path, "door:z:1") == TrackKey("door", 35, 1)
    assert str(TrackKey("door", 35, 1)) == "door:z:1"
    assert find_track(path, "door:3") == TrackKey("door", 36, 3)
    for unknown in ("door:2", "back:1", "door:y:1", "door:1:3", "door:zzzzzzzzzzzz:" + "9" * 18):
        with pytest.raises(InputError, match="nothing is known of a track"):
            find_track(path, unknown)
    for nonsense in ("door", "", "door:", "door:one", "door:!:1", "door:" + "9" * 40):
        with pytest.raises(InputError, match="is no track; write it as"):
            find_track(path, nonsense)


def test_without_a_store_nothing_is_found(path: Path) -> None:
    with pytest.raises(InputError, match="nothing is known"):
        find_track(path, "door:1")
    with pytest.raises(InputError, match="no event has the number 3"):
        find_event(path, 3)


@pytest.mark.parametrize("off_ns", [0, -3_000_000, 3_000_000])
def test_an_event_leads_to_its_tracks_whatever_the_clock_did(path: Path, make_event: MakeEvent, off_ns: int) -> None:
    visit = {"subject": Subject.PERSON, "name": "Zoë", "state": "known", "since_ns": 2_000}
    said = {"name": "Zoë", "state": "known"}
    with EventStore(path) as store:
        store.append(
            [
                make_event(),
                make_event(Kind.UPDATE, track=4, at_ns=1_500, **said),
                make_event(Kind.UPDATE, at_ns=2_000, **said),
                make_event(Kind.ENTER, at_ns=2_000, **visit),
                make_event(Kind.UPDATE, track=2, at_ns=3_000 + off_ns, since_ns=2_500 + off_ns, **said),
                make_event(Kind.UPDATE, track=5, at_ns=3_000 + off_ns, name="bob", state="known"),
                make_event(Kind.EXIT, at_ns=4_000 + off_ns, track=None, **visit),
                make_event(Kind.UPDATE, track=3, at_ns=9_000, since_ns=8_000, **said),
            ]
        )
        store.let_go(1_001, max_bytes=10**9)
    assert find_event(path, 3)[1] == find_event(path, 4)[1] == [TRACK]
    event, tracks = find_event(path, 7)
    assert (event.kind, tracks) == (Kind.EXIT, [TRACK, TrackKey("door", STREAM, 2)])
    for gone in (1, 99):
        with pytest.raises(InputError, match=f"no event has the number {gone}: it is forgotten, or has not been yet"):
            find_event(path, gone)


# --- forgetting -------------------------------------------------------------------------------------------------


def test_looks_of_whom_is_forgotten_go_with_their_tracks(
    path: Path, make_event: MakeEvent, make_look: MakeLook
) -> None:
    with EventStore(path) as store:
        looks = [
            make_look(0, name="Wilhelmine"),
            make_look(1),
            make_look(
                2,
                track=2,
                candidates=(Candidate("Wilhelmine", 0.3),),
                reason="Wilhelmine misses it",
                measures=_MEASURES,
            ),
            make_look(3, track=3),
        ]
        store.append([make_event(), make_event(track=2), make_event(track=3)], looks)
        mark_enrolled(path, looks[3:], "Wilhelmine")
        assert forget_person(path, [NameSpan("Wilhelmine")]) == (2, 3, 0, 1)
        (left,) = read_looks(path, [TrackKey("door", STREAM, track) for track in (1, 2, 3)])
        assert (left.crop, left.candidates, left.reason, left.measures) == (2, (), "", _MEASURES)
        for file in path.parent.iterdir():
            assert b"Wilhelmine" not in file.read_bytes(), file
