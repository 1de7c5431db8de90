"""Pictures that are kept with looks on disk: they go with the look, whatever takes it, and by an age of their own."""

import dataclasses
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from twinface.events import EventStore, LookRecord, TrackKey, Upkeep
from twinface.events.age_clock import AgeClock
from twinface.events.forgetting import NameSpan, forget_person
from twinface.events.kept_pictures import count_pictures, read_picture

MakeLook = Callable[..., LookRecord]
DAY_NS = 86_400 * 10**9
NOW_NS = 1_800_000_000 * 10**9
JPEG = b"\xff\xd8 a picture that is nobody's"


def everything(path: Path) -> bytes:
    """All bytes of the database, its log included."""
    return b"".join(one.read_bytes() for one in sorted(path.parent.glob(f"{path.name}*")))


@pytest.fixture
def pictured(make_look: MakeLook) -> MakeLook:
    """A look with a picture."""
    return lambda **fields: dataclasses.replace(make_look(**fields), picture=JPEG)


def kept_of(path: Path, key: TrackKey) -> list[int]:
    return [crop for crop in range(20) if read_picture(path, key, crop) is not None]


def test_a_picture_is_read_by_its_look_and_of_a_look_without_one_there_is_none(
    tmp_path: Path, make_look: MakeLook, pictured: MakeLook
) -> None:
    path, key = tmp_path / "events.sqlite", pictured().key
    assert read_picture(path, key, 1) is None
    with EventStore(path) as store:
        store.append([], [pictured(crop=1), make_look(crop=2)])
    assert (read_picture(path, key, 1), read_picture(path, key, 2)) == (JPEG, None)
    assert count_pictures(path) == 1


def test_a_look_that_gives_way_to_better_ones_takes_its_picture_along(tmp_path: Path, pictured: MakeLook) -> None:
    path = tmp_path / "events.sqlite"
    with EventStore(path) as store:
        for crop, quality in ((1, 0.5), (2, 0.25), (3, 0.75), (4, 0.1)):
            store.append([], [pictured(crop=crop, quality=quality)], looks_per_track=3)
    assert kept_of(path, pictured().key) == [1, 3, 4]


def test_who_is_forgotten_leaves_no_byte_of_a_picture(tmp_path: Path, pictured: MakeLook) -> None:
    path, face = tmp_path / "events.sqlite", b"the very face of Ada" * 100
    ada = dataclasses.replace(pictured(crop=1, name="Ada", state="known"), picture=face)
    other = pictured(crop=2, track=2)
    with EventStore(path) as store:
        store.append([], [ada, other])
    assert face in everything(path)
    forget_person(path, [NameSpan("Ada")])
    assert face not in everything(path)
    assert (kept_of(path, ada.key), kept_of(path, other.key)) == ([], [2])


def test_pictures_go_by_their_own_age_and_looks_stay(tmp_path: Path, pictured: MakeLook) -> None:
    path, key = tmp_path / "events.sqlite", pictured().key
    now_ns = [NOW_NS]
    with EventStore(path) as store:
        upkeep = Upkeep(30.0, keep_pictures_days=2.0, wall_ns=lambda: now_ns[0], mono_ns=lambda: now_ns[0])
        for crop in (1, 2):
            clock: AgeClock = upkeep.read_clock(store)
            store.append([], [pictured(crop=crop)], clock=clock)
            upkeep.tidy(store, clock)
            now_ns[0] += int(1.5 * DAY_NS)
        assert kept_of(path, key) == [1, 2]
        upkeep.tidy(store, upkeep.read_clock(store))
        assert kept_of(path, key) == [2]
        off = Upkeep(30.0, wall_ns=lambda: now_ns[0], mono_ns=lambda: now_ns[0])
        off.tidy(store, off.read_clock(store))
        assert kept_of(path, key) == []
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("SELECT count(*) FROM looks").fetchone() == (2,)


def test_a_store_of_the_version_before_gets_the_table(tmp_path: Path, make_look: MakeLook, pictured: MakeLook) -> None:
    path = tmp_path / "events.sqlite"
    with EventStore(path) as store:
        store.append([], [make_look(crop=1)])
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            "DROP TRIGGER looks_take_their_pictures; DROP TABLE look_pictures; DROP TABLE consumers; "
            "DROP TRIGGER events_take_their_deliveries; DROP TABLE deliveries; "
            "ALTER TABLE strangers DROP COLUMN shared; ALTER TABLE strangers DROP COLUMN was; "
            "PRAGMA user_version = 4"
        )
    with EventStore(path) as store:
        store.append([], [pictured(crop=2)])
    assert kept_of(path, make_look().key) == [2]
