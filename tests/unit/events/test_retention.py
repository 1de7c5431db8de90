"""What is let go of: by age and by size, in the order of numbers, and never because a clock was put."""

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from harness import until

from twinface.events import (
    Event,
    EventQuery,
    EventStore,
    EventWriter,
    LookRecord,
    TrackKey,
    Upkeep,
    newest_number,
    read_events,
    read_looks,
)
from twinface.events.age_clock import AgeClock
from twinface.events.database import MIGRATIONS, VERSION
from twinface.events.event_queries import COLUMNS, to_row

MakeEvent = Callable[..., Event]
MakeLook = Callable[..., LookRecord]

DAY_NS = 86_400 * 10**9
NOW_NS = 1_800_000_000 * 10**9


def numbers(path: Path) -> list[int | None]:
    return [event.sequence for event in read_events(path, EventQuery())]


def file_bytes(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return path.stat().st_size


@dataclass
class Clocks:
    """What a box reads: `true_ns` passes, its wall clock is wrong by `off_ns`."""

    true_ns: int = NOW_NS
    off_ns: int = 0
    booted_ns: int = NOW_NS

    def wall_ns(self) -> int:
        return self.true_ns + self.off_ns

    def mono_ns(self) -> int:
        return self.true_ns - self.booted_ns

    def upkeep(self, max_mb: float = 500.0) -> Upkeep:
        return Upkeep(30.0, max_mb, wall_ns=self.wall_ns, mono_ns=self.mono_ns)

    def pass_days(self, days: float) -> None:
        self.true_ns += int(days * DAY_NS)


def put(writer: EventWriter, *events: Event) -> None:
    """Have events stored before the clocks go on."""
    writer.put(events)
    until(lambda: not writer.waiting, 120.0, "the events to be stored")


def run_for(path: Path, clocks: Clocks, events: int, make_event: MakeEvent, *, every_days: float = 1.0) -> None:
    """A matcher's writer from its start to its end, with an event every day."""
    with closing(EventWriter(path, clocks.upkeep())) as writer:
        for _ in range(events):
            clocks.pass_days(every_days)
            put(writer, make_event(at_ns=clocks.wall_ns()))
    assert writer.problem == ""


def test_old_events_are_forgotten_in_their_time(path: Path, make_event: MakeEvent) -> None:
    clocks = Clocks()
    run_for(path, clocks, 40, make_event)
    assert numbers(path) == list(range(10, 41)), "those of the last 30 days and the margin"


@pytest.mark.parametrize("off_days", [40, -20_000])
def test_a_start_with_a_wrong_clock_erases_nothing(path: Path, make_event: MakeEvent, off_days: int) -> None:
    clocks = Clocks()
    run_for(path, clocks, 10, make_event)
    clocks.off_ns, clocks.booted_ns = off_days * DAY_NS, clocks.true_ns - 10**9
    run_for(path, clocks, 1, make_event, every_days=0.5)
    clocks.off_ns = 0
    run_for(path, clocks, 2, make_event)
    assert numbers(path) == list(range(1, 14))


@pytest.mark.parametrize("off_days", [40, -20_000])
def test_a_clock_that_jumps_while_it_runs_erases_nothing(path: Path, make_event: MakeEvent, off_days: int) -> None:
    clocks = Clocks()
    run_for(path, clocks, 5, make_event)
    writer = EventWriter(path, clocks.upkeep())
    for off_ns in (0, off_days * DAY_NS, off_days * DAY_NS, 0):
        clocks.off_ns = off_ns
        clocks.pass_days(0.1)
        put(writer, make_event(at_ns=clocks.wall_ns()))
        assert abs(writer.upkeep.clock_jump_s - off_ns / 1e9) < 60.0
    writer.close()
    assert numbers(path) == list(range(1, 10))


def test_a_clock_that_is_ahead_for_days_costs_little_until_it_is_put_right(path: Path, make_event: MakeEvent) -> None:
    clocks = Clocks()
    run_for(path, clocks, 30, make_event)
    clocks.off_ns = 40 * DAY_NS
    clocks.pass_days(0.01)
    for day in range(3):
        clocks.booted_ns = clocks.true_ns - 10**9
        run_for(path, clocks, 4, make_event, every_days=0.25)
        with closing(EventWriter(path, clocks.upkeep())) as writer:
            put(writer, make_event(at_ns=clocks.wall_ns()))
            assert writer.upkeep.clock_jump_s == pytest.approx(40 * 86_400, abs=3600), f"said after {day + 1} days too"
    first = numbers(path)[0] or 0
    assert 8 <= first <= 10, "of 30 days three by their age, and three for each day from the second on"
    clocks.off_ns = 0
    run_for(path, clocks, 6, make_event)
    assert numbers(path)[0] == first


def test_each_jump_is_said_once(path: Path, make_event: MakeEvent, caplog: pytest.LogCaptureFixture) -> None:
    clocks = Clocks()
    run_for(path, clocks, 1, make_event)
    for off_days in (40, 40, -20_000, 0):
        clocks.off_ns = off_days * DAY_NS
        run_for(path, clocks, 2, make_event, every_days=0.1)
    assert [record.message for record in caplog.records] == ["clock has jumped, or the box was off"] * 2


def test_what_was_written_with_a_wrong_clock_is_kept_as_long_as_the_rest(path: Path, make_event: MakeEvent) -> None:
    clocks = Clocks(off_ns=-20_000 * DAY_NS)
    run_for(path, clocks, 1, make_event)
    clocks.off_ns = 0
    run_for(path, clocks, 29, make_event)
    assert numbers(path)[0] == 1
    run_for(path, clocks, 3, make_event)
    assert numbers(path) == list(range(3, 34))


def test_a_database_of_an_earlier_version_is_not_judged_by_the_clock_of_its_first_start(
    path: Path, make_event: MakeEvent
) -> None:
    clocks = Clocks()
    write_second_version(path, [make_event(at_ns=clocks.wall_ns() - days * DAY_NS) for days in (35, 20, 10, 0)])
    clocks.off_ns = 40 * DAY_NS
    run_for(path, clocks, 1, make_event, every_days=0.5)
    assert numbers(path) == [2, 3, 4, 5]


@pytest.mark.parametrize(
    "state", ["", "[]", "{}", '{"breaks": [[1]]}', '{"ran_ns": 1e400}', "[" * 5000, 7, b"\x00", '{"breaks": 1}']
)
def test_a_damaged_clock_begins_again_and_erases_nothing(path: Path, make_event: MakeEvent, state: object) -> None:
    clocks = Clocks()
    run_for(path, clocks, 3, make_event)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE age_clock SET state = ?", [state])
        connection.commit()
    clocks.off_ns = 40 * DAY_NS
    run_for(path, clocks, 1, make_event, every_days=0.5)
    assert numbers(path) == [1, 2, 3, 4]


# --- by size ----------------------------------------------------------------------------------------------------


def fill(store: EventStore, make_event: MakeEvent, make_look: MakeLook, tracks: range, clock: AgeClock) -> None:
    for track in tracks:
        looks = [make_look(crop, track=track, reason="x" * 400) for crop in range(4)]
        events = [make_event(track=track, at_ns=NOW_NS + track, reason="x" * 200) for _ in range(3)]
        store.append(events, looks, clock=clock.advanced(track * 10**9, NOW_NS + track * 10**9))


def test_the_oldest_go_where_there_is_too_much_and_the_file_shrinks(
    path: Path, make_event: MakeEvent, make_look: MakeLook
) -> None:
    with EventStore(path) as store:
        fill(store, make_event, make_look, range(1, 601), AgeClock.begun(NOW_NS))
        full = store.used_bytes
        before = file_bytes(path)
        assert before > 1_500_000
        while (done := store.let_go(0, max_bytes=full // 3)).more:
            pass
        assert done.events == 0 or not done.more
        assert full // 4 < store.used_bytes <= full // 3
        assert file_bytes(path) <= full // 3
        kept = numbers(path)
        assert kept == list(range(kept[0] or 0, 1801)), "the newest, without a gap"
        first = read_events(path, EventQuery(limit=None))[0].track or 0
        tracks = [TrackKey("door", 1_800_000_000_000_000_001, track) for track in range(1, 601)]
        with_looks = {look.key.track for look in read_looks(path, tracks)}
        assert with_looks == set(range(first, 601))
        store.append([make_event()])
    assert numbers(path)[-1] == 1801, "numbers go on"


def test_numbers_are_never_given_twice_also_when_nothing_fits(
    path: Path, make_event: MakeEvent, make_look: MakeLook
) -> None:
    with EventStore(path) as store:
        fill(store, make_event, make_look, range(1, 11), AgeClock.begun(NOW_NS))
        while store.let_go(0, max_bytes=1).more:
            pass
        assert numbers(path) == []
        assert store.make_shrinkable() is False
        store.append([make_event()])
    assert (numbers(path), newest_number(path)) == ([31], 31)


def test_the_writer_keeps_to_its_limit_and_says_how_fast_it_grows(path: Path, make_event: MakeEvent) -> None:
    clocks = Clocks()
    upkeep = clocks.upkeep(max_mb=1.0)
    writer = EventWriter(path, upkeep)
    for _ in range(20):
        clocks.true_ns += 90 * 10**9
        put(writer, *[make_event(reason="x" * 1000)] * 400)
    writer.close()
    assert 0.5e6 < upkeep.size_bytes <= 1e6
    assert file_bytes(path) <= 1.6e6, "what came since it was looked at last, and no more"
    an_hour = 400 * 3600 / 90
    assert 1000 * an_hour < upkeep.grown_bytes_per_hour < 2000 * an_hour
    kept = numbers(path)
    assert kept == list(range(kept[0] or 0, 8001))


# --- from version to version ------------------------------------------------------------------------------------


def write_second_version(path: Path, events: list[Event]) -> None:
    path.parent.mkdir(exist_ok=True)
    insert = f"INSERT INTO events ({', '.join(COLUMNS)}) VALUES ({', '.join('?' for _ in COLUMNS)})"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for statement in (one for version in MIGRATIONS[:2] for one in version):
            connection.execute(statement)
        connection.execute(f"PRAGMA application_id = {0x7477_6576}")
        connection.execute("PRAGMA user_version = 2")
        connection.execute("BEGIN")
        connection.executemany(insert, map(to_row, events))
        connection.execute("COMMIT")


_OPEN = """
import sys
from pathlib import Path
from twinface.events import EventStore

print("begin", flush=True)
with EventStore(Path(sys.argv[1])) as store:
    store.make_shrinkable()
print("done", flush=True)
"""


@pytest.mark.parametrize("after_s", [0.0, 0.002, 0.005, 0.01, 0.02, 0.05])
def test_a_change_of_version_that_is_killed_leaves_a_valid_database(
    path: Path, make_event: MakeEvent, after_s: float
) -> None:
    write_second_version(path, [make_event(track=track, reason="x" * 500) for track in range(20_000)])
    process = subprocess.Popen([sys.executable, "-c", _OPEN, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "begin\n"
    try:
        process.wait(after_s)
    except subprocess.TimeoutExpired:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert connection.execute("PRAGMA user_version").fetchone()[0] in {2, VERSION}
    with EventStore(path) as store:
        store.make_shrinkable()
        assert store.let_go(NOW_NS, max_bytes=10**9) == (5000, True)
    assert len(numbers(path)) == 15_000
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)
