"""What was written of a person is erased, and nothing of anybody else."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from twinface.errors import ArtefactError
from twinface.events import Event, EventQuery, EventStore, Kind, Subject, newest_number, read_events
from twinface.events.event import NameSpan
from twinface.events.forgetting import forget_person

MakeEvent = Callable[..., Event]


def left(path: Path) -> list[int | None]:
    return [event.sequence for event in read_events(path, EventQuery())]


def test_visits_and_tracks_of_a_person_are_erased(path: Path, make_event: MakeEvent) -> None:
    visit = {"subject": Subject.PERSON, "track": None, "state": "known"}
    with EventStore(path) as store:
        store.append(
            [
                make_event(),
                make_event(Kind.UPDATE, name="Zoë", state="known"),
                make_event(Kind.ENTER, name="Zoë", **visit),
                make_event(track=2),
                make_event(Kind.UPDATE, track=2, name="Zoë B.", details={"candidates": ["Zoë B.", "Zoë"]}),
                make_event(Kind.UPDATE, track=3, name="bob", details={"candidates": ["bob", "Zoë B."]}),
                make_event(Kind.ENTER, name="bob", **visit),
                make_event(Kind.EXIT, name="unknown"),
            ]
        )
        assert forget_person(path, [NameSpan("Zoë")]) == (4, 0, 0, 1)
        assert left(path) == [4, 5, 6, 7]
        events = read_events(path, EventQuery())
        assert [event.details for event in events] == [None, None, {"candidates": ["bob", "Zoë B."]}, None]
        assert newest_number(path) == 8
        store.append([make_event(track=9)])
        assert left(path)[-1] == 9
    assert forget_person(path, [NameSpan("Zoë")]) == (0, 0, 0, 0)


def test_what_bore_the_name_while_it_was_somebody_elses_stays(path: Path, make_event: MakeEvent) -> None:
    visit = {"subject": Subject.PERSON, "track": None, "state": "known", "name": "Zoë"}
    mention = {"name": "bob", "details": {"candidates": ["Zoë"]}}
    with EventStore(path) as store:
        store.append([make_event(at_ns=at_ns, **visit) for at_ns in range(1, 5)])
        store.append([make_event(Kind.UPDATE, track=at_ns, name="Zoë", at_ns=at_ns) for at_ns in range(1, 5)])
        store.append([make_event(track=10 + at_ns, at_ns=at_ns, **mention) for at_ns in range(1, 5)])
    names = [NameSpan("Mina"), NameSpan("Zoë", 2, 4)]
    found = forget_person(path, names, dry_run=True)
    assert found == forget_person(path, names) == (4, 0, 0, 2)
    assert left(path) == [1, 4, 5, 8, 9, 10, 11, 12]
    assert [event.details is None for event in read_events(path, EventQuery())][4:] == [False, True, True, False]


def test_nothing_of_the_name_is_left_in_the_files(path: Path, make_event: MakeEvent) -> None:
    with EventStore(path) as store:
        store.append([make_event(name="Wilhelmine", track=track) for track in range(200)])
        store.append([make_event(name="bob", track=300)])
        assert forget_person(path, [NameSpan("Wilhelmine")]) == (200, 0, 0, 0)
        for file in path.parent.iterdir():
            assert b"Wilhelmine" not in file.read_bytes(), file


def test_without_a_store_there_is_nothing_to_erase(path: Path) -> None:
    assert forget_person(path, [NameSpan("Zoë")]) == (0, 0, 0, 0)
    path.parent.mkdir()
    path.touch()
    assert forget_person(path, [NameSpan("Zoë")]) == (0, 0, 0, 0)


def test_a_file_of_another_program_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE events (name TEXT)")
        connection.execute("INSERT INTO events VALUES ('Zoë')")
    connection.close()
    with pytest.raises(ArtefactError, match="another program"):
        forget_person(path, [NameSpan("Zoë")])
    path.write_bytes(b"no database at all, but long enough to look like one" * 20)
    with pytest.raises(ArtefactError, match="cannot be erased"):
        forget_person(path, [NameSpan("Zoë")])
