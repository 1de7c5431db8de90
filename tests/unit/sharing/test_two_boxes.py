"""Two boxes with their process `sync` and one database: what each sees, whom both forget, and strangers of both."""

import signal
from pathlib import Path

from harness import until
from postgres_server import PostgresServer
from seen_by_boxes import a_look, a_track_that_ends, an_event, store
from shared_boxes import shared_box

from twinface.events import EventQuery, EventStore, read_events
from twinface.events.event import NameSpan
from twinface.review.forget import forget
from twinface.settings import Settings, UnknownSettings
from twinface.sharing.box_events import read_all_events
from twinface.sharing.erasing import Receipt, read_receipts
from twinface.sharing.opened import shared_events
from twinface.unknowns import Unknowns, list_unknowns
from twinface.unknowns.numbers import shared_numbers


def test_two_boxes_are_one_in_what_they_saw_and_forget_together(tmp_path: Path, postgres: PostgresServer) -> None:
    url = f'url = "{postgres.url(postgres.create_database())}"\ngallery = false'
    with shared_box(tmp_path / "gate", "gate", url) as gate, shared_box(tmp_path / "door", "door", url) as door:
        at_door = door.settings.events_path
        for box in (gate, door):
            path = store(box.settings.events_path, an_event(), an_event(name="Bo"))
            strangers = (1, 2) if box is gate else (2,)
            for track, face in enumerate(strangers, start=10):
                ended = a_track_that_ends(track)
                store(path, ended, looks=tuple(a_look(face, track, crop) for crop in range(3)))
                Unknowns(path, UnknownSettings(), lambda _look: True).take([ended])
            box.start("sync")
            box.says("sync", "running")
            until(lambda at=path: shared_numbers(at), 60.0, "numbers of all boxes")  # type: ignore[misc]
        until(lambda: len(seen(gate.settings)) == 7, 60.0, "everybody's events")
        until(lambda: [str(one) for one in list_unknowns(at_door)] == ["unknown-2"], 60.0, "the gate's number")
        door.end("sync", signal.SIGKILL)
        with EventStore(at_door) as writer:
            writer.append([an_event() for _ in range(30)])
        forget("Anna", gate.settings)
        assert [one.erased_at_s is not None for one in receipts(gate.settings)] == [True, False]
        door.start("sync")
        until(lambda: all(one.erased_at_s for one in receipts(gate.settings)), 60.0, "the door's receipt")
        assert {event.name for event in read_events(at_door, EventQuery(faces=False))} == {"Bo"}
        assert [name for name in seen(gate.settings) if name == "Anna"] == []


def seen(settings: Settings, *names: str) -> list[str | None]:
    with shared_events(settings) as connection:
        spans = tuple(map(NameSpan, names)) or None
        return [one.event.name for one in read_all_events(connection, EventQuery(names=spans))]


def receipts(settings: Settings) -> list[Receipt]:
    with shared_events(settings) as connection:
        return read_receipts(connection, "Anna")
