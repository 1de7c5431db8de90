"""A gallery that two boxes share, each with a folder and a key of its own, on a real database."""

import os
import resource
import signal
import threading
from contextlib import closing
from typing import Any

import numpy as np
import pytest
from retrained_box import DIMENSION, NETWORK, contents, make_people
from sharing_galleries import Box, MakeBox

from twinface.errors import ArtefactError, DatabaseError, FingerprintError, InputError
from twinface.gallery import Gallery
from twinface.gallery.gallery_folder import writers_lock
from twinface.gallery.keys import KEY_VARIABLE
from twinface.gallery.person_files import read_person_files
from twinface.gallery.refused_changes import read_refused
from twinface.gallery.shared_gallery import read_head
from twinface.postgres.connecting import connect
from twinface.review.rename import rename
from twinface.review.undo import undo
from twinface.sharing.moving import Whose, checksum, move_to_files


def test_a_new_box_gets_everybody_signed_with_its_own_key(gate: Box, door: Box) -> None:
    assert list(door.known) == ["person 00", "person 01", "person 02"]
    assert door.known == gate.known
    files = [read_person_files(box.settings.gallery, "person 00").vectors for box in (gate, door)]
    assert files[0] != files[1]
    assert gate.gallery.version == door.gallery.version


def test_every_change_of_one_box_reaches_the_other(gate: Box, door: Box) -> None:
    door.add(7)
    gate.turn()
    assert "person 07" in gate.known
    gate.gallery.rename("person 07", "Ada")
    gate.gallery.rename("person 02", "person 01", merge=True)
    gate.gallery.remove("person 00")
    door.turn()
    assert list(door.known) == ["Ada", "person 01"]
    assert len(door.gallery.people["person 01"].files) == 10
    one, *_ = door.gallery.crops("Ada")
    door.gallery.take_pictures("Ada", [one], "Eve")
    gate.turn()
    assert [len(person.files) for person in gate.gallery.people.values()] == [4, 1, 10]
    assert gate.known == door.known
    assert not gate.copy.turn(gate.connection)


def test_who_changes_after_somebody_else_adds_to_what_they_did(gate: Box, door: Box) -> None:
    """Neither has heard of the other when it writes."""
    (more,) = make_people(1, 2, first=0, seed=99)
    gate.gallery.add("person 00", ("a.jpg",), more.vectors[:1], more.quality[:1])
    door.gallery.add("person 00", ("b.jpg",), more.vectors[1:], more.quality[1:])
    gate.turn()
    assert gate.gallery.people["person 00"].files[-2:] == ("a.jpg", "b.jpg")
    assert gate.known == door.known
    gate.gallery.remove("person 01")
    with pytest.raises(InputError, match="nobody called 'person 01' is in the gallery"):
        door.gallery.rename("person 01", "Eve")


def test_two_who_write_at_the_same_time_lose_nothing(gate: Box, door: Box) -> None:
    galleries = [gate.gallery, door.gallery]
    people = make_people(12, 1, first=20)

    def add(gallery: Gallery, share: int) -> None:
        for person in people[share::2]:
            gallery.add(person.name, person.files, person.vectors, person.quality)

    threads = [threading.Thread(target=add, args=(gallery, share)) for share, gallery in enumerate(galleries)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gate.turn()
    door.turn()
    assert len(gate.known) == 15
    assert gate.known == door.known


def test_without_the_database_nothing_is_changed_and_everybody_is_known(gate: Box, door: Box) -> None:
    door.gallery.be_copy_at(door.gallery.shared.__class__(**{**_mark(door), "url": "postgresql://x@127.0.0.1:9/x"}))
    before = contents(door.settings.gallery)
    for change in (lambda: door.add(9), lambda: door.gallery.remove("person 00")):
        with pytest.raises(DatabaseError, match=r"the database 127\.0\.0\.1:9/x cannot be reached"):
            change()
    after = contents(door.settings.gallery)
    assert {name: one for name, one in after.items() if "09" not in name and name != ".refused"} == before
    assert list(door.known) == ["person 00", "person 01", "person 02"]
    assert (read_refused(door.settings.gallery), read_refused(gate.settings.gallery)) == (2, 0)
    gate.add(9)
    door.turn()
    assert "person 09" in door.known
    assert door.gallery.shared is not None
    door.turn()
    door.add(10)


def _mark(box: Box) -> dict[str, str]:
    shared = box.gallery.shared
    assert shared is not None
    return {name: getattr(shared, name) for name in ("id", "url", "box", "token")}


def test_what_the_database_has_and_the_folder_could_not_take_comes_later(gate: Box, door: Box) -> None:
    """A disk that is full after the change was stored: no file may grow in the process that adds."""
    version = gate.gallery.version
    if (child := os.fork()) == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        gallery = gate.gallery
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        (person,) = make_people(1, 1, first=30)
        try:
            gallery.add(person.name, person.files, person.vectors, person.quality)
        except ArtefactError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    head = read_head(gate.connection)
    assert head is not None
    assert head.version == version + 1
    assert "person 30" not in gate.known
    gate.turn()
    door.turn()
    assert "person 30" in gate.known
    assert gate.known == door.known


def test_a_box_that_knows_people_of_its_own_does_not_lose_them_unasked(gate: Box, make_box: MakeBox) -> None:
    hall = make_box("hall")
    hall.add(50)
    assert "this box's gallery is its own, and not that of the database; `twinface gallery move" in hall.turn()
    with pytest.raises(
        InputError, match="both have people: 1 here, 3 in the database; --people here or --people there"
    ):
        hall.move()
    assert list(hall.known) == ["person 50"]
    hall.move(Whose.THERE)
    assert hall.known == gate.known


def test_the_people_of_a_box_may_count(gate: Box, make_box: MakeBox) -> None:
    hall = make_box("hall")
    hall.add(50, 51)
    hall.move(Whose.HERE)
    assert gate.turn() == ""
    assert list(gate.known) == ["person 50", "person 51"]
    assert gate.known == hall.known


def test_an_older_backup_is_noticed_whatever_its_number(gate: Box, door: Box) -> None:
    with gate.connection.transaction():
        saved = {
            table: gate.connection.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("gallery", "gallery_changes", "people", "people_crops")
        }
    door.add(60, 61)
    gate.turn()
    with gate.connection.transaction():
        for table in ("gallery", "gallery_changes", "people"):
            gate.connection.execute(f"DELETE FROM {table}")
        for table, rows in saved.items():
            for row in rows:
                marks = ", ".join(["%s"] * len(row))
                gate.connection.execute(f"INSERT INTO {table} VALUES ({marks})", row)
    assert "does not follow this box's" in gate.turn()
    with pytest.raises(ArtefactError, match="an older backup was restored"):
        gate.add(62)
    assert len(gate.known) == 5, "works on with what it has"
    gate.move(Whose.HERE)
    assert "does not follow" in door.turn(), "five people, but by another history"
    door.move(Whose.THERE)
    assert len(door.known) == 5
    assert gate.known == door.known


def test_a_shared_gallery_of_another_network_is_not_taken_over(gate: Box, make_box: MakeBox) -> None:
    with gate.gallery.replacing("f" * 64, "face") as put:
        for person in make_people(2):
            put(type(person)(person.name, person.files, person.vectors, person.quality, "f" * 64), {})
    hall = make_box("hall")
    assert "the shared gallery is of the network face (ffffffffffff), this box of sface" in hall.turn()
    assert not hall.settings.gallery.exists()
    with pytest.raises(FingerprintError):
        gate.add(3)


def test_replacing_everybody_reaches_the_other_box(gate: Box, door: Box) -> None:
    with gate.gallery.replacing(NETWORK, "sface") as put:
        for person in make_people(2, first=70):
            put(person, {})
    assert door.turn() == ""
    assert list(door.known) == ["person 70", "person 71"]


def test_what_is_put_back_is_put_back_everywhere(gate: Box, door: Box) -> None:
    before = {"person 00": read_person_files(gate.settings.gallery, "person 00")}
    known = gate.known
    gate.gallery.remove("person 00")
    door.turn()
    assert "person 00" not in door.known
    gate.gallery.put_back(before)
    door.turn()
    assert door.known == gate.known == known


def test_a_rename_that_another_box_has_gone_on_from_is_not_taken_back(gate: Box, door: Box) -> None:
    """Else one person would be two, at every box."""
    os.environ[KEY_VARIABLE] = gate.key
    rename(gate.settings, "person 00", "Ada")
    door.turn()
    door.gallery.rename("Ada", "Eve")
    os.environ[KEY_VARIABLE] = gate.key
    with pytest.raises(InputError, match="step 1 cannot be taken back: Ada has changed since"):
        undo(gate.settings)
    assert list(gate.known) == ["Eve", "person 01", "person 02"]
    door.gallery.rename("Eve", "Ada")
    os.environ[KEY_VARIABLE] = gate.key
    undo(gate.settings)
    door.turn()
    assert list(door.known) == ["person 00", "person 01", "person 02"]


def test_it_moves_back_into_files_and_nothing_is_shared_any_more(gate: Box, door: Box) -> None:
    gate.add(80)
    os.environ[KEY_VARIABLE] = door.key
    moved = move_to_files(door.settings)
    assert (moved.people, moved.vectors) == (4, 20)
    assert moved.checksum == checksum(gate.gallery.people.values())
    door.add(81)
    assert "person 81" not in gate.known
    with pytest.raises(InputError, match="own already"):
        move_to_files(door.settings)


def test_who_is_removed_leaves_nothing_but_a_digest_in_the_database(gate: Box, database: str) -> None:
    gate.gallery.remove("person 00")
    with closing(connect(database, "test")) as connection:
        tables = [one for (one,) in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        rows = [str(row) for table in tables for row in connection.execute(f"SELECT t::text FROM {table} AS t")]
    assert tables
    assert not any("person 00" in row for row in rows)


def test_vectors_are_there_exactly_and_rounded_for_an_index(gate: Box) -> None:
    (person,) = make_people(1, seed=0)
    rows = gate.connection.execute(
        "SELECT search::text FROM people_vectors WHERE name = %s ORDER BY place", [person.name]
    ).fetchall()
    rounded = np.array([np.fromstring(row[0].strip("[]"), sep=",") for row in rows])
    assert rounded.shape == (5, DIMENSION)
    np.testing.assert_allclose(rounded, person.vectors, rtol=1e-3, atol=1e-4)


def test_what_is_looked_at_before_it_is_put_back_cannot_change_meanwhile(gate: Box, door: Box) -> None:
    import psycopg

    before = {"person 00": read_person_files(gate.settings.gallery, "person 00")}
    gate.gallery.remove("person 00")
    known = gate.known

    def look(change: object) -> Any:
        assert change is not None
        with pytest.raises(psycopg.errors.LockNotAvailable):
            door.connection.execute("SELECT FROM gallery FOR UPDATE NOWAIT")
        with pytest.raises(ArtefactError, match="another command is writing"), writers_lock(gate.settings.gallery, 0.0):
            pass
        raise InputError("it does not fit")

    with pytest.raises(InputError, match="it does not fit"):
        gate.gallery.put_back(before, look)
    assert gate.known == known
    assert door.turn() == ""
    assert door.known == known
