"""A move of a gallery that is refused or stopped leaves everything where it was, and says where that is."""

import os
import signal
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from harness import TWINFACE, until
from retrained_box import make_people, say
from sharing_galleries import Box, MakeBox

from twinface.corrections import CorrectionKind, add_corrections, read_corrections
from twinface.errors import DatabaseError, InputError
from twinface.gallery.shared_gallery import name_digest, read_head
from twinface.postgres.connecting import connect
from twinface.postgres.migrations import all_migrations, migrate
from twinface.settings import DatabaseSettings, Settings
from twinface.sharing.moving import Whose, move_to_database

GATE_LOCK = 4711
"""Whoever holds this advisory lock has the process that moves wait where a trigger asks for it."""

STOP_AT = {
    "the lock of the gallery": "",
    "a person is stored": "CREATE TRIGGER stop BEFORE INSERT ON people FOR EACH ROW EXECUTE FUNCTION wait_here()",
    "a correction is stored": (
        "CREATE TRIGGER stop BEFORE INSERT ON corrections FOR EACH ROW EXECUTE FUNCTION wait_here()"
    ),
    "it is committed": (
        "CREATE CONSTRAINT TRIGGER stop AFTER INSERT ON people DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION wait_here()"
    ),
}
_WAITING = """
    SELECT count(*) FROM pg_stat_activity WHERE application_name = 'twinface gallery move' AND wait_event_type = 'Lock'
"""
_FUNCTION = f"""
    CREATE FUNCTION wait_here() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN PERFORM pg_advisory_xact_lock({GATE_LOCK}); RETURN NEW; END $$
"""


def moving(box: Box, *options: str) -> "subprocess.Popen[str]":
    config = box.settings.gallery.with_name("pipeline.toml")
    config.write_text(
        f'box = "{box.settings.box}"\ngallery = "{box.settings.gallery}"\n'
        f'[database]\nurl = "{box.settings.database.url}"\n'
    )
    box.act()
    command = [TWINFACE, "gallery", "move", *options, "--yes", "--config", str(config)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ})


def waits(connection: Any) -> bool:
    return bool(connection.execute(_WAITING.encode()).fetchone()[0])


def interrupted(process: "subprocess.Popen[str]", connection: Any, *, release: str = "") -> tuple[int, str]:
    """Stop a move where it waits; how it ended, and what it said. `release` lets it go on after that."""
    until(lambda: waits(connection), 60.0, "the move to wait")
    process.send_signal(signal.SIGINT)
    if release:
        connection.execute(release.encode())
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.parametrize("step", STOP_AT)
def test_ctrl_c_at_each_step_moves_all_or_nothing(make_box: MakeBox, database: str, step: str) -> None:
    hall = make_box("hall")
    hall.add(1, 2)
    add_corrections(hall.act().gallery, [say(CorrectionKind.REJECT, "person 01", make_people(1, 1)[0].vectors[0], 7)])
    before = hall.known
    with closing(connect(database, "test")) as holder:
        migrate(holder)
        if STOP_AT[step]:
            holder.execute(_FUNCTION)
            holder.execute(STOP_AT[step].encode())
            holder.execute(f"SELECT pg_advisory_lock({GATE_LOCK})")
        else:
            holder.execute("BEGIN")
            holder.execute("LOCK TABLE gallery")
        is_stored = step == "it is committed"
        release = f"SELECT pg_advisory_unlock({GATE_LOCK})" if is_stored else ""
        with closing(connect(database, "test")) as looks_on:
            process = moving(hall, "--to", "postgres")
            until(lambda: waits(looks_on), 60.0, "the move to wait")
            code, said = interrupted(process, holder if release else looks_on, release=release)
    assert (code, "Traceback" in said) == (130, False), said
    whose = "shared by the database; `twinface gallery move --to files`" if is_stored else "this box's own; `twinface"
    assert f"stopped: the gallery is {whose}" in said
    assert hall.known == before
    assert (hall.gallery.shared is not None) == is_stored
    with closing(connect(database, "test")) as connection:
        assert (read_head(connection) is not None) == is_stored
        connection.execute("DROP TRIGGER IF EXISTS stop ON people")
        connection.execute("DROP TRIGGER IF EXISTS stop ON corrections")
    if not is_stored:
        again = moving(hall, "--to", "postgres")
        _, said = again.communicate(timeout=60)
        assert again.returncode == 0, said
    door = make_box("door")
    assert door.turn() == ""
    assert door.known == before
    assert [one.name for one in read_corrections(door.act().gallery)] == ["person 01"]


def test_ctrl_c_before_everybody_has_come_leaves_a_box_its_own(gate: Box, make_box: MakeBox, database: str) -> None:
    hall = make_box("hall")
    hall.add(50)
    before = hall.known
    with closing(connect(database, "test")) as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE people_crops")
        code, said = interrupted(moving(hall, "--to", "postgres", "--people", "there"), gate.connection)
    assert (code, hall.known) == (130, before)
    assert "stopped: the gallery is this box's own" in said
    hall.move(Whose.THERE)
    assert hall.known == gate.known


def test_ctrl_c_on_the_way_back_leaves_it_shared(gate: Box, database: str) -> None:
    before = gate.known
    with closing(connect(database, "test")) as holder:
        holder.execute("BEGIN")
        holder.execute("LOCK TABLE people")
        code, said = interrupted(moving(gate, "--to", "files"), gate.connection)
    assert (code, gate.known) == (130, before)
    assert "stopped: the gallery is shared by the database" in said
    process = moving(gate, "--to", "files")
    assert process.communicate(timeout=60)[0].startswith("3 people")
    assert gate.gallery.shared is None


@pytest.mark.parametrize("whose", [None, Whose.HERE])
def test_without_the_database_no_gallery_is_made(tmp_path: Path, whose: Whose | None) -> None:
    settings = Settings(gallery=tmp_path / "gallery", database=DatabaseSettings(url="postgresql://x@127.0.0.1:9/x"))
    with pytest.raises(DatabaseError, match="cannot be reached"):
        move_to_database(settings, whose)
    assert not settings.gallery.exists()


def test_nobody_replaces_everybody(gate: Box, make_box: MakeBox, database: str) -> None:
    """What was asked for on a box that knows nobody would have done the opposite of it."""
    hall = make_box("hall")
    with pytest.raises(InputError, match=r"nobody is known here, .* --people there takes the database's"):
        hall.move(Whose.HERE)
    assert not hall.settings.gallery.exists()
    assert not hall.gallery.people
    with pytest.raises(InputError, match="nobody is known here"):
        hall.move(Whose.HERE)
    assert len(gate.known) == 3
    for name in list(gate.known):
        gate.gallery.remove(name)
    hall.add(50)
    with pytest.raises(InputError, match="nobody is in the database"):
        hall.move(Whose.THERE)
    assert list(hall.known) == ["person 50"]


def test_the_digest_of_who_is_gone_is_salted_also_of_those_from_before(database: str) -> None:
    import hashlib

    before = [one for one in all_migrations() if one.name != "salted_names"]
    cut = next(place for place, one in enumerate(all_migrations()) if one.name == "salted_names")
    with closing(connect(database, "test")) as connection:
        migrate(connection, before[:cut])
        plain = hashlib.sha256(b"Ada").hexdigest()
        connection.execute("INSERT INTO people_gone VALUES (%s, 3)", [plain])
        migrate(connection)
        (salt,) = connection.execute("SELECT salt FROM erasing_salt").fetchone() or ("",)
        rows = connection.execute("SELECT digest, version FROM people_gone").fetchall()
    assert rows == [(name_digest("Ada", str(salt)), 3)]
    assert rows[0][0] != plain
