"""Tracks that ended unknown are put together where they show one person, within bounds, and forgotten in time."""

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from twinface.errors import InputError
from twinface.events import Event, EventStore, Kind, LookRecord, Subject, TrackKey, read_looks
from twinface.events.age_clock import AgeClock
from twinface.events.database import ERASE_EMPTY_UNKNOWNS
from twinface.events.event import NameSpan
from twinface.events.forgetting import forget_person
from twinface.settings import UnknownSettings
from twinface.unknowns import (
    Unknown,
    Unknowns,
    find_unknown,
    forget_unknowns_like,
    list_unknowns,
    remove_unknowns,
    unknown_looks,
    unknowns,
)

MINUTE_NS = 60 * 10**9
NOW_NS = time.time_ns()
NETWORK = "a" * 64
STREAM = 7

Visit = Callable[..., None]


def face(who: int, shift: float = 0.0) -> NDArray[np.float32]:
    """A vector of a person; the `shift` turns it away from their others."""
    vector = np.eye(64, dtype=np.float32)[who]
    return np.asarray(10 * (vector + shift * np.eye(64, dtype=np.float32)[63]), np.float32)


def exit_of(track: int, state: str = "unknown", at_ns: int = NOW_NS) -> Event:
    return Event(
        Kind.EXIT, Subject.TRACK, "door", STREAM, track, None, state, 0.1, at_ns, at_ns, 1.0, media_ms=0.0, frame=1
    )


def looks_of(
    track: int,
    vectors: Sequence[NDArray[np.float32]],
    at_ns: int = NOW_NS,
    *,
    network: str = NETWORK,
    good: bool = True,
) -> list[LookRecord]:
    return [
        LookRecord(
            key=TrackKey("door", STREAM, track),
            crop=100 * track + number,
            face=0,
            at_ns=at_ns + number,
            frame=number,
            network=network,
            vector=vector,
            quality=0.9 if good else 0.1,
            state="unknown",
            name=None,
            score=0.1,
        )
        for number, vector in enumerate(vectors)
    ]


def is_good(look: LookRecord) -> bool:
    return look.quality > 0.5


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "events.sqlite"


@pytest.fixture
def visit(path: Path) -> Visit:
    """Somebody's visit from its looks to its end, as the matcher's writer has it."""

    def come(
        track: int, looks: list[LookRecord], *, state: str = "unknown", count: int = 100, keep_days: float = 14.0
    ) -> None:
        with EventStore(path) as store:
            events = [exit_of(track, state, looks[-1].at_ns)]
            store.append(events, looks, clock=AgeClock.begun(looks[-1].at_ns))
        Unknowns(path, UnknownSettings(count=count, keep_days=keep_days), is_good).take(events)

    return come


def known(path: Path, cool_down_s: float = 300.0) -> list[tuple[str, int, int]]:
    return [(str(one), one.visits, len(one.tracks)) for one in list_unknowns(path, cool_down_s)]


def test_who_comes_again_is_the_same_visitor(path: Path, visit: Visit) -> None:
    hour_ns = 60 * MINUTE_NS
    visit(1, looks_of(1, [face(1), face(1, 0.2)], NOW_NS - 3 * hour_ns))
    visit(2, looks_of(2, [face(2), face(2, 0.2)], NOW_NS - 2 * hour_ns))
    visit(3, looks_of(3, [face(1, 0.5), face(1, 0.6), face(1, 0.1)], NOW_NS - hour_ns))
    visit(4, looks_of(4, [face(1), face(1)], NOW_NS - hour_ns + 2 * MINUTE_NS))
    first, second = list_unknowns(path, 300.0)
    assert (str(first), first.visits, first.network, first.camera) == ("unknown-1", 2, NETWORK, "door")
    assert [key.track for key in first.tracks] == [1, 3, 4]
    assert (first.since_ns, first.until_ns) == (NOW_NS - 3 * hour_ns, NOW_NS - hour_ns + 2 * MINUTE_NS + 1)
    assert (str(second), second.visits) == ("unknown-2", 1)
    assert known(path, 0.0) == [("unknown-1", 3, 3), ("unknown-2", 1, 1)]
    assert [look.key.track for look in unknown_looks(path, 1)] == [1, 1, 3, 3, 3, 4, 4]


def test_only_unknown_tracks_with_good_looks_are_remembered(path: Path, visit: Visit) -> None:
    visit(1, looks_of(1, [face(1), face(1)]), state="known")
    visit(2, looks_of(2, [face(1), face(1)]), state="uncertain")
    visit(3, looks_of(3, [face(1)]))
    visit(4, [*looks_of(4, [face(1)]), *looks_of(4, [face(1)] * 4, good=False)[1:]])
    assert known(path) == []
    visit(5, [*looks_of(5, [face(1), face(1)]), *looks_of(5, [face(9)] * 3, good=False)[2:]])
    assert known(path) == [("unknown-1", 1, 1)]
    assert len(unknown_looks(path, 1)) == 2


def test_a_track_counts_once_however_often_its_end_is_told(path: Path, visit: Visit) -> None:
    for _ in range(3):
        visit(1, looks_of(1, [face(1), face(1)]))
    assert known(path) == [("unknown-1", 1, 1)]


def test_a_face_that_took_the_box_of_another_is_not_mixed_with_it(path: Path, visit: Visit) -> None:
    looks = looks_of(1, [face(1), face(1), face(2), face(2)])
    for look in looks[2:]:
        object.__setattr__(look, "face", 1)
    visit(1, looks)
    assert [look.crop for look in unknown_looks(path, 1)] == [102, 103]


def test_vectors_of_another_network_are_of_other_visitors(path: Path, visit: Visit) -> None:
    visit(1, looks_of(1, [face(1), face(1)]))
    visit(2, looks_of(2, [face(1), face(1)], network="b" * 64))
    visit(3, looks_of(3, [face(1), face(1)]))
    assert known(path) == [("unknown-1", 1, 2), ("unknown-2", 1, 1)]


def test_of_too_many_those_seen_last_stay_and_numbers_are_not_used_again(path: Path, visit: Visit) -> None:
    for track in range(1, 6):
        visit(track, looks_of(track, [face(track)] * 2, NOW_NS + track * MINUTE_NS), count=3)
    assert [name for name, *_ in known(path)] == ["unknown-3", "unknown-4", "unknown-5"]
    visit(6, looks_of(6, [face(3)] * 2, NOW_NS + 6 * MINUTE_NS), count=3)
    visit(7, looks_of(7, [face(7)] * 2, NOW_NS + 7 * MINUTE_NS), count=3)
    assert [name for name, *_ in known(path)] == ["unknown-3", "unknown-5", "unknown-6"]
    assert remove_unknowns(path, [6]) == 1
    visit(8, looks_of(8, [face(8)] * 2, NOW_NS + 8 * MINUTE_NS), count=3)
    assert [name for name, *_ in known(path)] == ["unknown-3", "unknown-5", "unknown-7"]


def test_nobody_is_remembered_where_nobody_is_to_be(path: Path, visit: Visit) -> None:
    visit(1, looks_of(1, [face(1), face(1)]), count=0)
    assert known(path) == []


def test_who_was_not_seen_for_long_is_forgotten(path: Path, visit: Visit) -> None:
    day_ns = 24 * 60 * MINUTE_NS
    visit(1, looks_of(1, [face(1)] * 2, NOW_NS - 9 * day_ns))
    visit(2, looks_of(2, [face(2)] * 2, NOW_NS - 9 * day_ns))
    visit(3, looks_of(3, [face(2)] * 2, NOW_NS - 2 * day_ns))
    assert len(known(path)) == 2
    visit(4, looks_of(4, [face(4)] * 2), keep_days=5.0)
    assert [name for name, *_ in known(path)] == ["unknown-2", "unknown-3"]
    with EventStore(path) as store:
        store.let_go(NOW_NS - day_ns, max_bytes=10**9)
    assert known(path) == [("unknown-3", 1, 1)]


def test_a_clock_that_goes_backwards_makes_no_visits_of_its_own(path: Path, visit: Visit) -> None:
    visit(1, looks_of(1, [face(1)] * 2, NOW_NS))
    visit(2, looks_of(2, [face(1)] * 2, NOW_NS - 10**12))
    (one,) = list_unknowns(path, 300.0)
    assert (one.visits, one.since_ns, one.until_ns) == (2, NOW_NS - 10**12, NOW_NS + 1)
    assert list_unknowns(path, 3600.0)[0].visits == 1


def test_a_wrong_clock_forgets_nobody_and_whoever_came_last_stays(path: Path, visit: Visit) -> None:
    clock = AgeClock.begun(NOW_NS)
    for track, off_days in enumerate((0, 4000, -4000, 40), start=1):
        looks = looks_of(track, [face(track)] * 2, NOW_NS + off_days * 1440 * MINUTE_NS)
        clock = clock.advanced(MINUTE_NS, looks[0].at_ns)
        with EventStore(path) as store:
            store.append([exit_of(track, at_ns=looks[0].at_ns)], looks, clock=clock)
        Unknowns(path, UnknownSettings(count=3), is_good).take([exit_of(track)])
    assert [name for name, *_ in known(path)] == ["unknown-2", "unknown-3", "unknown-4"]


def test_visits_are_counted_after_a_clock_was_ahead_and_put_right(path: Path, visit: Visit) -> None:
    clock = AgeClock.begun(NOW_NS)
    hour_ns = 60 * MINUTE_NS
    for track, at_ns in enumerate((0, 40 * 24 * hour_ns, hour_ns, hour_ns + MINUTE_NS, 9 * hour_ns), start=1):
        looks = looks_of(track, [face(1)] * 2, NOW_NS + at_ns)
        clock = clock.advanced(hour_ns, looks[0].at_ns)
        with EventStore(path) as store:
            store.append([exit_of(track, at_ns=looks[0].at_ns)], looks, clock=clock)
        Unknowns(path, UnknownSettings(), is_good).take([exit_of(track)])
    (one,) = list_unknowns(path, 300.0)
    assert (one.visits, one.since_ns, one.until_ns) == (4, NOW_NS, NOW_NS + 9 * hour_ns + 1)


def test_a_visitor_is_found_as_printed(path: Path, visit: Visit) -> None:
    with pytest.raises(InputError, match="nobody is remembered as 'unknown-1'; `twinface unknowns` lists who is"):
        find_unknown(path, "unknown-1")
    visit(1, looks_of(1, [face(1)] * 2))
    assert isinstance(find_unknown(path, "unknown-1"), Unknown)
    for nobody in ("unknown-2", "1", "unknown-01"):
        with pytest.raises(InputError, match="nobody is remembered"):
            find_unknown(path, nobody)


def test_unknown_visitors_go_with_whom_they_turn_out_to_be(path: Path, visit: Visit) -> None:
    for track in (1, 2, 3):
        visit(track, looks_of(track, [face(track)] * 2))
    assert forget_unknowns_like(path, np.stack([face(2, 0.5), face(9)]), NETWORK) == 1
    assert forget_unknowns_like(path, np.stack([face(1)]), "b" * 64) == 0
    assert [name for name, *_ in known(path)] == ["unknown-1", "unknown-3"]
    assert read_looks(path, [TrackKey("door", STREAM, 2)]) == []
    with EventStore(path) as store:
        store.append([Event(Kind.UPDATE, Subject.TRACK, "door", STREAM, 3, "Ada", "known", 1, 0, 0, 0, 0, 0)])
    assert forget_person(path, [NameSpan("Ada")]) == (2, 2, 1, 0)
    assert [name for name, *_ in known(path)] == ["unknown-1"]


def test_two_who_change_unknown_visitors_at_once_wait_for_each_other(path: Path, visit: Visit) -> None:
    with EventStore(path) as store:
        store.append([], [look for track in range(1, 9) for look in looks_of(track, [face(track % 4)] * 2)])
    unknowns = Unknowns(path, UnknownSettings(), is_good)
    threads = [threading.Thread(target=unknowns.take, args=([exit_of(track)],)) for track in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(count for _, _, count in known(path)) == [2, 2, 2, 2]


@pytest.mark.parametrize(
    ("statement", "values"),
    [
        (unknowns._NEWEST_LOOKS, [1, 8]),
        (unknowns._LET_GO_OLD, [0]),
        (unknowns._LET_GO_MANY, [100]),
        (ERASE_EMPTY_UNKNOWNS, []),
    ],
    ids=["newest", "old", "many", "empty"],
)
def test_what_a_track_costs_grows_with_visitors_and_not_with_their_looks(
    path: Path, visit: Visit, statement: str, values: list[int]
) -> None:
    visit(1, looks_of(1, [face(1), face(1)]))
    with sqlite3.connect(path) as connection:
        steps = [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
    assert any("looks_by_stranger" in step for step in steps)
    assert [
        step for step in steps if step.startswith("SCAN looks") or ("TEMP B-TREE" in step and "looks" in step)
    ] == []
