"""The store on real files: numbers, readers beside the writer, kills, versions."""

import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from twinface.errors import ArtefactError, InputError
from twinface.events import (
    Event,
    EventQuery,
    EventStore,
    Kind,
    Subject,
    TrackKey,
    find_track,
    newest_number,
    read_events,
    read_looks,
)
from twinface.events.database import MIGRATIONS, VERSION, migrate
from twinface.events.event import NameSpan
from twinface.events.event_queries import COLUMNS, to_row
from twinface.unknowns import list_unknowns

MakeEvent = Callable[..., Event]

EVERYTHING = EventQuery()

FIRST_INSERT = f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({', '.join('?' for _ in COLUMNS)})"
"""As the first version wrote an event."""


def numbers(path: Path, query: EventQuery = EVERYTHING) -> list[int | None]:
    return [event.sequence for event in read_events(path, query)]


def test_an_event_comes_back_as_it_was(path: Path, make_event: MakeEvent) -> None:
    event = make_event(
        Kind.UPDATE,
        name="Ōe 大江",
        state="known",
        score=0.875,
        gallery_version=7,
        head="f00d",
        reason="stopped",
        details={"looks": 3, "quality": None, "candidates": [["Ōe 大江", 0.875]]},
    )
    with EventStore(path) as store:
        store.append([event])
    (read,) = read_events(path, EVERYTHING)
    assert read.sequence == 1
    assert {**vars_of(read), "sequence": None} == vars_of(event)


def vars_of(event: Event) -> dict[str, object]:
    return {name: getattr(event, name) for name in event.__slots__}


def test_numbers_go_on_without_gaps_also_after_everything_was_forgotten(path: Path, make_event: MakeEvent) -> None:
    with EventStore(path) as store:
        store.append([make_event(at_ns=at_ns) for at_ns in (1, 2, 3)])
        assert store.let_go(100, max_bytes=10**9) == (3, False)
    assert numbers(path) == []
    with EventStore(path) as store:
        assert store.newest() == 3
        store.append([make_event(), make_event()])
    assert numbers(path) == [4, 5]
    assert newest_number(path) == 5


def test_a_batch_is_stored_whole_or_not_at_all(path: Path, make_event: MakeEvent) -> None:
    with EventStore(path) as store:
        store.append([make_event()])
        with pytest.raises(sqlite3.Error):
            store.append([make_event(), make_event(camera=None)])
        assert numbers(path) == [1]
        store.append([make_event()])
    assert numbers(path) == [1, 2]


def test_old_events_are_forgotten_for_good(path: Path, make_event: MakeEvent) -> None:
    with EventStore(path) as store:
        store.append([make_event(at_ns=10, name="Somebody Particular"), make_event(at_ns=20)])
        assert store.let_go(20, max_bytes=10**9) == (1, False)
        assert store.let_go(20, max_bytes=10**9) == (0, False)
        assert numbers(path) == [2]
        files = [path, path.with_name("events.sqlite-wal")]
        assert not any(b"Somebody Particular" in file.read_bytes() for file in files if file.exists())


def test_every_filter(path: Path, make_event: MakeEvent) -> None:
    with EventStore(path) as store:
        store.append(
            [
                make_event(at_ns=10),
                make_event(Kind.UPDATE, at_ns=20, name="Ada"),
                make_event(Kind.ENTER, at_ns=20, name="Ada", subject=Subject.PERSON),
                make_event(Kind.EXIT, at_ns=30, camera="hall"),
            ]
        )
    for query, expected in (
        (EventQuery(since_ns=20), [2, 3, 4]),
        (EventQuery(since_ns=20, until_ns=30), [2, 3]),
        (EventQuery(names=(NameSpan("Ada"),)), [2, 3]),
        (EventQuery(names=(NameSpan("ada"),)), []),
        (EventQuery(camera="hall"), [4]),
        (EventQuery(kind=Kind.ENTER), [1, 3]),
        (EventQuery(kind=Kind.ENTER, subject=Subject.PERSON), [3]),
        (EventQuery(limit=2), [3, 4]),
        (EventQuery(after=1, limit=2), [2, 3]),
        (EventQuery(after=0), [1, 2, 3, 4]),
        (EventQuery(after=4), []),
    ):
        assert numbers(path, query) == expected, query


def test_a_number_that_was_never_given_is_told_so(path: Path, make_event: MakeEvent) -> None:
    with EventStore(path) as store:
        store.append([make_event()])
    with pytest.raises(InputError, match="no event has the number 7 yet, the newest is 1"):
        read_events(path, EventQuery(after=7))


def test_only_its_owner_may_read_it(path: Path, make_event: MakeEvent) -> None:
    with EventStore(path) as store:
        store.append([make_event()])
        files = list(path.parent.iterdir())
        assert {file.name for file in files} >= {"events.sqlite", "events.sqlite-wal"}
        assert {file.stat().st_mode & 0o077 for file in files} == {0}


def test_a_second_writer_is_refused_until_the_first_has_gone(path: Path) -> None:
    with EventStore(path), pytest.raises(ArtefactError, match="another matcher writes there"):
        EventStore(path)
    EventStore(path).close()


def test_what_is_still_open(path: Path, make_event: MakeEvent) -> None:
    ada = {"subject": Subject.PERSON, "name": "Ada"}
    with EventStore(path) as store:
        store.append(
            [
                make_event(track=1),
                make_event(track=2, stream=5),
                make_event(track=3),
                make_event(**ada),
                make_event(Kind.EXIT, **ada, at_ns=2_000),
                make_event(**ada, since_ns=3_000),
                make_event(Kind.UPDATE, track=3, name="Ada"),
                make_event(Kind.EXIT, track=1, at_ns=2_000),
                make_event(camera="hall", stream=7),
            ]
        )
        past = store.past()
    assert [event.sequence for event in past.unfinished] == [2, 3, 6, 7, 9]
    assert [event.sequence for event in past.sightings] == [7]
    assert past.streams == (("door", 1_800_000_000_000_000_001), ("hall", 7))
    assert past.ended == {TrackKey("door", 1_800_000_000_000_000_001, 1)}


def test_the_last_start_of_a_camera_is_the_one_that_came_last_not_the_one_of_the_latest_clock(
    path: Path, make_event: MakeEvent
) -> None:
    ahead, now = 1_900_000_000_000_000_000, 1_800_000_000_000_000_000
    with EventStore(path) as store:
        store.append([make_event(stream=ahead, track=4), make_event(stream=now, track=4), make_event(camera="hall")])
        assert dict(store.past().streams)["door"] == now
    assert find_track(path, "door:4") == TrackKey("door", now, 4)


# --- beside the writer ------------------------------------------------------------------------------------------


def test_two_readers_while_it_is_written(path: Path, make_event: MakeEvent) -> None:
    """Each sees whole batches, in order, more and more of them."""
    problems: list[object] = []
    done = threading.Event()

    def read() -> None:
        seen = 0
        while seen < 300:
            last = done.is_set()
            try:
                found = numbers(path, EventQuery(after=seen))
            except Exception as error:  # noqa: BLE001 — whatever it is, the test has to fail by it
                problems.append(error)
                return
            if found != list(range(seen + 1, seen + len(found) + 1)) or len(found) % 3:
                problems.append(found)
            seen += len(found)
            if last and not found:
                problems.append(f"only {seen} of 300")
                return

    with EventStore(path) as store:
        readers = [threading.Thread(target=read) for _ in range(2)]
        for reader in readers:
            reader.start()
        for _ in range(100):
            store.append([make_event(), make_event(), make_event()])
        done.set()
        for reader in readers:
            reader.join(120.0)
    assert problems == []


_WRITE_FOR_EVER = """
import sys
from pathlib import Path
from twinface.events import Event, EventStore, Kind, Subject

store = EventStore(Path(sys.argv[1]))
for number in range(10**9):
    store.append([Event(Kind.ENTER, Subject.TRACK, "door", 1, number, None, "pending", None, 1, 1, 0.0, 0.0, 1)] * 2)
    print(store.newest(), flush=True)
"""


def test_a_killed_writer_leaves_everything_whole(path: Path, make_event: MakeEvent) -> None:
    for _ in range(2):
        command = [sys.executable, "-c", _WRITE_FOR_EVER, str(path)]
        writer = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(40)][-1]
        os.kill(writer.pid, signal.SIGKILL)
        told = int((writer.stdout.read().split() or [told])[-1])
        writer.stdout.close()
        writer.wait()
        before = numbers(path)
        assert before == list(range(1, len(before) + 1))
        assert len(before) in {told, told + 2}, "what was told is there, and no half of a batch"
    with EventStore(path) as store:
        store.append([make_event()])
    assert numbers(path) == [*before, len(before) + 1]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)


_READ = """
import sys
from pathlib import Path
from twinface.events import EventQuery, read_events
print(len(read_events(Path(sys.argv[1]), EventQuery())))
"""


def test_it_is_read_where_nothing_can_be_written(path: Path, make_event: MakeEvent) -> None:
    with EventStore(path) as store:
        store.append([make_event()])
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        if os.getuid() == 0:
            mounted = subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False)
            if mounted.returncode:
                pytest.skip("root may write anywhere, and no read-only file system can be mounted here")
            script = f'mount --bind -o ro "{path.parent}" "{path.parent}" && "{sys.executable}" -c "$1" "{path}"'
            command = ["unshare", "-m", "sh", "-c", script, "sh", _READ]
        else:
            command = [sys.executable, "-c", _READ, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.stdout, done.stderr) == ("1\n", "")
        assert [file.name for file in path.parent.iterdir() if file.suffix != ".lock"] == ["events.sqlite"]
    finally:
        path.parent.chmod(0o700)


# --- versions and unknown visitors ------------------------------------------------------------------------------


def test_there_is_nothing_where_there_is_no_store(path: Path) -> None:
    assert read_events(path, EVERYTHING) == []
    assert newest_number(path) == 0
    assert not path.exists()


def test_what_its_writer_has_only_begun_has_nothing_in_it(path: Path, make_event: MakeEvent) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA journal_mode = WAL")
        assert path.stat().st_size > 0
        assert read_events(path, EventQuery()) == []
        assert newest_number(path) == 0
        assert list_unknowns(path) == []
    with EventStore(path) as store:
        store.append([make_event()])
    assert newest_number(path) == 1


def test_an_older_version_is_brought_up_to_date_with_what_it_holds(path: Path, make_event: MakeEvent) -> None:
    with EventStore(path) as store:
        store.append([make_event()])
    newer = (*MIGRATIONS, ("ALTER TABLE events ADD COLUMN mood TEXT", "UPDATE events SET mood = 'good'"))
    broken = (*newer, ("CREATE TABLE half (x)", "no such statement"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, path, newer)
        with pytest.raises(sqlite3.Error):
            migrate(connection, path, broken)
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION + 1,)
        assert connection.execute("SELECT sequence, mood FROM events").fetchall() == [(1, "good")]
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'half'").fetchall() == []
    for opening in (lambda: EventStore(path), lambda: read_events(path, EVERYTHING)):
        with pytest.raises(ArtefactError, match=f"version {VERSION + 1}, this twinface knows {VERSION}; update"):
            opening()


def test_what_the_first_version_wrote_is_read_with_room_for_looks(path: Path, make_event: MakeEvent) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate(connection, path, MIGRATIONS[:1])
        connection.execute(FIRST_INSERT, to_row(make_event()))
    with pytest.raises(ArtefactError, match=f"version 1, not {VERSION}; `twinface up` brings it up to date"):
        read_events(path, EVERYTHING)
    EventStore(path).close()
    assert [event.sequence for event in read_events(path, EVERYTHING)] == [1]
    assert read_looks(path, [TrackKey("door", 1, 1)]) == []


def test_the_database_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (x)")
    before = path.read_bytes()
    for opening in (lambda: EventStore(path), lambda: read_events(path, EVERYTHING)):
        with pytest.raises(ArtefactError, match="a database of another program"):
            opening()
    assert path.read_bytes() == before


@pytest.mark.parametrize("damage", ["no database", "torn page"])
def test_a_damaged_file_is_reported_with_its_mend(path: Path, make_event: MakeEvent, damage: str) -> None:
    with EventStore(path) as store:
        store.append([make_event(track=track) for track in range(500)])
    good = path.read_bytes()
    path.write_bytes(b"x" * len(good) if damage == "no database" else good[:4096] + b"\xff" * (len(good) - 4096))
    with pytest.raises(ArtefactError, match=r"cannot be read.*move it away"):
        read_events(path, EVERYTHING)
