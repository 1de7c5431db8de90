"""Events that outlive the matcher and the whole pipeline: nothing twice, and numbers that go on."""

import datetime
import json
import os
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from harness import Pipeline, until
from web_receiver import Receiver, receiving

from twinface import assets
from twinface.events import EventQuery, Kind, Subject, read_events

pytestmark = pytest.mark.pipeline

Event = dict[str, Any]


def stored(pipeline: Pipeline, *options: str) -> list[Event]:
    output = pipeline.command("events", "--json", "--limit", "0", *options).stdout
    return [json.loads(line) for line in output.splitlines()]


def identity(event: Event) -> tuple[Any, ...]:
    """What an event is about; each has one enter and one exit."""
    if event["subject"] == "track":
        return event["camera"], event["stream"], event["track"]
    return event["camera"], event["name"], event["since_ns"]


def all_came(events: list[Event], receiver: Receiver) -> None:
    """Assert that of the first to the last event that was posted each came that a webhook gets, in order."""
    numbers = [one.number for one in receiver.posted]
    of_interest = [one for one in events if one["subject"] == "person" or one["kind"] == "stayed"]
    wanted = [one["sequence"] for one in of_interest if one["kind"] != "update"]
    assert sorted({*numbers}) == [number for number in wanted if numbers[0] <= number <= numbers[-1]]
    assert numbers == sorted(numbers)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Another program, which is posted what happens."""
    with receiving() as receiver:
        yield receiver


def test_events_outlive_a_killed_matcher_and_the_pipeline(pipeline: Pipeline, receiver: Receiver) -> None:
    portraits = assets.fetch("portraits")
    pictures = pipeline.folder / "pictures"
    pictures.mkdir()
    for name in ("impostor_1", "person_a_2"):
        shutil.copy(portraits / f"{name}.jpg", pictures)
    source = 'source = "pictures"\nloop = true\npicture_fps = 5.0'
    settings = "[events]\ncool_down_s = 600.0\nunknown_stays_s = 0.1"
    settings += f'\n[[webhook]]\nname = "house"\nurl = "{receiver.url}"\nallow_local = true'
    # Of different length, so that whenever they start, the cameras show her at the same time before long.
    shows = {"door": 1.2, "hall": 1.0}
    cameras = (f'name = "{name}"\n{source}\npicture_seconds = {seconds}' for name, seconds in shows.items())
    pipeline.configure(*cameras, extra=settings)
    pipeline.enrol("person a", portraits / "person_a_1.jpg")
    pipeline.start()
    tracks = EventQuery(kind=Kind.ENTER, subject=Subject.TRACK)
    shown = lambda: len(read_events(pipeline.folder / "events.sqlite", tracks))  # noqa: E731
    until(lambda: shown() >= 8, 120.0, "a few faces")

    pids = {name: pipeline.pid(name) for name in ("matcher", "webhooks")}
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    before = stored(pipeline)
    for name, pid in pids.items():
        until(lambda name=name, pid=pid: pipeline.pid(name) not in {0, pid}, 120.0, f"{name} to come back")
    faces = shown()
    until(lambda: shown() >= faces + 8, 120.0, "more faces")
    both = EventQuery(kind=Kind.TWO_CAMERAS)
    until(lambda: read_events(pipeline.folder / "events.sqlite", both), 120.0, "the same person on both cameras")
    stayed = EventQuery(kind=Kind.STAYED)
    until(lambda: read_events(pipeline.folder / "events.sqlite", stayed), 120.0, "somebody unknown who stays")
    until(lambda: {"enter", "stayed", "two_cameras"} <= receiver.kinds, 120.0, "another program to know of each")
    gauges = next(one["health"]["gauges"] for one in pipeline.status()["processes"] if one["name"] == "matcher")
    assert (gauges["events_mb"] > 0.0, gauges["clock_jump_s"]) == (True, 0.0)
    assert " of 500 MB, " in pipeline.command("status", check=False).stdout
    page = pipeline.ask("events", {"after": len(before), "limit": 3})["events"]
    assert pipeline.command("down").stdout == "stopped\n"
    assert pipeline.wait(120.0) == 0

    events = stored(pipeline)
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert events[: len(before)] == before, "what was told stays as it was told"
    for kind in ("enter", "exit"):
        times = Counter((event["subject"], *identity(event)) for event in events if event["kind"] == kind)
        assert set(times.values()) == {1}, (kind, [one for one, count in times.items() if count > 1])
    assert {identity(event) for event in events if event["kind"] == "enter"} == {
        identity(event) for event in events if event["kind"] == "exit"
    }
    all_came(events, receiver)
    asked = [{"schema": 1, **one} for one in page]
    assert asked == events[len(before) : len(before) + 3], "who missed some may also ask the matcher"
    visits = [event for event in events if event["subject"] == "person" and event["kind"] == "enter"]
    assert sorted((visit["camera"], visit["name"]) for visit in visits) == [("door", "person a"), ("hall", "person a")]
    assert {"stayed", "two_cameras"} <= {event["kind"] for event in events}
    assert len({event["head"] for event in events if event["kind"] == "update"} - {""}) == 1
    assert stored(pipeline, "--after", str(len(before))) == events[len(before) :]
    with sqlite3.connect(pipeline.folder / "events.sqlite") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    connection.close()


def test_a_store_that_is_broken_stops_nobody_from_being_named(pipeline: Pipeline) -> None:
    portraits = assets.fetch("portraits")
    (pipeline.folder / "pictures").mkdir()
    shutil.copy(portraits / "person_a_2.jpg", pipeline.folder / "pictures")
    (pipeline.folder / "events.sqlite").write_text("no database" * 1000)
    pipeline.configure('name = "door"\nsource = "pictures"\nloop = true\npicture_seconds = 1.0')
    pipeline.enrol("person a", portraits / "person_a_1.jpg")
    pipeline.start()
    until(lambda: any(event["name"] == "person a" for event in pipeline.events()), 120.0, "a name")

    def health() -> Any:
        return next(one["health"] for one in pipeline.status()["processes"] if one["name"] == "matcher")

    until(lambda: health() and health()["gauges"].get("event_failures", 0) > 0, 120.0, "the failures to be counted")
    assert "events are not stored" in health()["detail"]
    assert pipeline.stop() == 0
    log = [json.loads(line) for line in (pipeline.run.path / "logs/matcher.log").read_text().splitlines()]
    told = [datetime.datetime.fromisoformat(one["timestamp"]) for one in log if one["event"] == "events not stored"]
    assert told
    assert all((after - before).total_seconds() > 59 for before, after in pairwise(told)), "not once per attempt"
