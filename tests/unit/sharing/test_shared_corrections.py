"""What people said of names at one box is known at every other one, and is taken back everywhere."""

import dataclasses
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from retrained_box import make_people, say
from sharing_galleries import Box, MakeBox

import twinface.corrections.corrections_file
from twinface.corrections import CorrectionKind, add_corrections, forget_corrections, read_corrections
from twinface.corrections.recording import Change, recorded
from twinface.corrections.steps import list_steps
from twinface.corrections.steps_file import StepKind
from twinface.errors import ArtefactError, DatabaseError, InputError
from twinface.events.event import NameSpan
from twinface.gallery.shared_gallery import read_head
from twinface.postgres.connecting import connect
from twinface.review.rename import rename
from twinface.review.undo import undo
from twinface.sharing.moving import Whose, move_to_files
from twinface.training.retraining.lessons import gather_lessons

REJECT, CONFIRM = CorrectionKind.REJECT, CorrectionKind.CONFIRM


def vector(seed: int) -> Any:
    return make_people(1, 1, seed=seed)[0].vectors[0]


def reject(box: Box, name: str, seed: int, *, kind: CorrectionKind = REJECT) -> int | None:
    """A step of a box; its number."""
    change = Change(StepKind.REJECT, f"not {name}", (name,), "somebody")
    with recorded(change, box.act()) as step:
        add_corrections(box.settings.gallery, [say(kind, name, vector(seed), seed)])
    return step.number


def said(box: Box) -> list[tuple[str, str, int]]:
    box.act()
    return [(one.name, str(one.kind), one.at_ns) for one in read_corrections(box.settings.gallery)]


def test_what_is_said_at_one_box_is_known_at_the_other_with_its_box(gate: Box, door: Box) -> None:
    reject(gate, "person 00", 1)
    reject(door, "person 01", 2)
    assert gate.turn() == door.turn() == ""
    assert said(gate) == said(door) == [("person 00", "reject", 1), ("person 01", "reject", 2)]
    here, there = read_corrections(gate.act().gallery)
    assert (here.box, there.box) == ("", door.copy._box.id)
    theirs = read_corrections(door.act().gallery)
    np.testing.assert_array_equal(theirs[0].vector, here.vector)
    assert dataclasses.replace(theirs[0], box="").subject == here.subject
    lessons = gather_lessons(door.gallery, None)
    assert len(lessons.corrections) == 2, "what the other box said is trained on here"


def test_it_is_taken_back_everywhere(gate: Box, door: Box) -> None:
    reject(gate, "person 00", 1)
    door.turn()
    with pytest.raises(InputError, match=r"nothing to take back; .* is taken back there"):
        undo(door.act())
    reject(door, "person 01", 2)
    undo(gate.act())
    door.turn()
    assert said(door) == said(gate) == [("person 01", "reject", 2)]
    undo(gate.act(), 2)
    door.turn()
    assert said(door) == said(gate) == [("person 00", "reject", 1), ("person 01", "reject", 2)]


def test_what_another_box_said_since_of_the_same_face_is_not_taken_back(gate: Box, door: Box) -> None:
    """Neither has had a turn since: the undo itself looks."""
    reject(gate, "person 00", 1)
    reject(door, "person 00", 1, kind=CONFIRM)
    with pytest.raises(InputError, match="step 1 cannot be taken back: what was said of person 00 has changed since"):
        undo(gate.act())
    gate.turn()
    door.turn()
    assert said(gate) == said(door) == [("person 00", "confirm", 1)]
    undo(door.act())
    undo(gate.act())
    door.turn()
    assert said(gate) == said(door) == []


def test_a_step_is_what_its_own_box_did(gate: Box, door: Box) -> None:
    change = Change(StepKind.REJECT, "not person 00", ("person 00",), "somebody")
    with recorded(change, gate.act()):
        reject(door, "person 01", 2)
        gate.act()
        add_corrections(gate.settings.gallery, [say(REJECT, "person 00", vector(1), 1)])
    assert len(said(gate)) == 2
    (step,) = list_steps(gate.act().gallery)
    assert [one.name for one in step.corrections.added] == ["person 00"]
    undo(gate.act())
    door.turn()
    assert said(door) == said(gate) == [("person 01", "reject", 2)]


def test_people_and_what_was_said_of_them_are_put_back_as_one_change(gate: Box, door: Box) -> None:
    reject(gate, "person 00", 1)
    rename(gate.act(), "person 00", "Ada")
    door.turn()
    assert said(door) == [("Ada", "reject", 1)]
    before = read_head(gate.connection)
    undo(gate.act())
    after = read_head(gate.connection)
    door.turn()
    assert said(door) == [("person 00", "reject", 1)]
    assert list(door.known) == list(gate.known) == ["person 00", "person 01", "person 02"]
    assert before is not None
    assert after is not None
    assert after.version == before.version + 1
    rename(gate.act(), "person 00", "Ada")
    reject(door, "Ada", 1, kind=CONFIRM)
    with pytest.raises(InputError, match=r"what was said of .*Ada.* has changed since"):
        undo(gate.act())
    gate.turn()
    door.turn()
    assert said(gate) == said(door) == [("Ada", "confirm", 1)]
    assert list(gate.known) == list(door.known) == ["Ada", "person 01", "person 02"]


def test_who_is_forgotten_leaves_nothing_but_a_digest(gate: Box, door: Box, database: str) -> None:
    reject(gate, "person 00", 1)
    door.turn()
    assert forget_corrections(gate.act().gallery, [NameSpan("person 00")]) == 1
    door.turn()
    assert said(gate) == said(door) == []
    with closing(connect(database, "test")) as connection:
        rows = [str(row) for row in connection.execute("SELECT c::text FROM corrections AS c")]
    assert len(rows) == 1
    assert "person" not in rows[0]


def test_without_the_database_nothing_is_said_and_all_is_known(gate: Box, door: Box) -> None:
    reject(gate, "person 00", 1)
    door.turn()
    mark = door.gallery.shared
    assert mark is not None
    door.gallery.be_copy_at(dataclasses.replace(mark, url="postgresql://x@127.0.0.1:9/x"))
    with pytest.raises(DatabaseError, match="cannot be reached"):
        reject(door, "person 01", 2)
    assert said(door) == [("person 00", "reject", 1)]
    assert list_steps(door.act().gallery) == []
    door.turn()
    reject(door, "person 01", 2)
    gate.turn()
    assert said(gate) == said(door)


def test_what_a_box_said_before_it_joined_is_everybodys(gate: Box, make_box: MakeBox) -> None:
    hall = make_box("hall")
    hall.gallery.folder.mkdir(exist_ok=True)
    add_corrections(hall.act().gallery, [say(CONFIRM, "person 00", vector(3), 3)])
    reject(gate, "person 01", 1)
    assert hall.turn() == ""
    assert hall.turn() == gate.turn() == ""
    assert said(hall) == said(gate) == [("person 01", "reject", 1), ("person 00", "confirm", 3)]


@pytest.mark.parametrize(("whose", "seed"), [(Whose.HERE, 3), (Whose.THERE, 1)])
def test_with_the_people_of_a_box_what_was_said_of_them_counts(
    gate: Box, make_box: MakeBox, whose: Whose, seed: int
) -> None:
    reject(gate, "person 00", 1)
    hall = make_box("hall")
    hall.add(50)
    add_corrections(hall.act().gallery, [say(REJECT, "person 50", vector(3), 3)])
    hall.move(whose)
    assert hall.turn() == gate.turn() == ""
    assert said(hall) == said(gate)
    assert [at_ns for *_, at_ns in said(gate)] == [seed]


def test_an_older_backup_is_noticed_and_this_box_may_count(gate: Box, door: Box) -> None:
    reject(gate, "person 00", 1)
    with gate.connection.transaction():
        tables = ("gallery", "gallery_changes", "corrections")
        saved = {one: gate.connection.execute(f"SELECT * FROM {one}").fetchall() for one in tables}
    reject(gate, "person 01", 2)
    gate.turn()
    with gate.connection.transaction():
        for table, rows in saved.items():
            gate.connection.execute(f"DELETE FROM {table}")
            for row in rows:
                gate.connection.execute(f"INSERT INTO {table} VALUES ({', '.join(['%s'] * len(row))})", row)
    assert "an older backup was restored" in gate.turn()
    with pytest.raises(ArtefactError, match="an older backup was restored"):
        reject(gate, "person 02", 3)
    gate.move(Whose.HERE)
    reject(gate, "person 02", 3)
    assert door.turn() == "" or door.move(Whose.THERE) is None
    assert gate.turn() == door.turn() == ""
    assert (
        said(gate) == said(door) == [("person 00", "reject", 1), ("person 01", "reject", 2), ("person 02", "reject", 3)]
    )


def test_the_oldest_give_way_everywhere(gate: Box, door: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twinface.corrections.corrections_file, "MOST_CORRECTIONS", 3)
    for seed in range(1, 6):
        reject(gate if seed % 2 else door, "person 00", seed)
    gate.turn()
    door.turn()
    assert said(gate) == said(door)
    assert [at_ns for *_, at_ns in said(gate)] == [3, 4, 5]


def test_a_box_that_goes_its_own_way_keeps_them_and_tells_nobody(gate: Box, door: Box) -> None:
    reject(gate, "person 00", 1)
    door.turn()
    move_to_files(door.act())
    add_corrections(door.act().gallery, [say(REJECT, "person 01", vector(2), 2)])
    gate.turn()
    assert [at_ns for *_, at_ns in said(door)] == [1, 2]
    assert [at_ns for *_, at_ns in said(gate)] == [1]


def test_what_is_no_correction_is_said_and_what_is_here_stays(gate: Box, door: Box) -> None:
    reject(gate, "person 00", 1)
    door.turn()
    reject(gate, "person 01", 2)
    gate.connection.execute("UPDATE corrections SET vector = '\\x00' WHERE at_ns = 2")
    assert "a correction in the database is none" in door.turn()
    assert [at_ns for *_, at_ns in said(door)] == [1]
