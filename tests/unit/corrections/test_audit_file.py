import os
import threading
from contextlib import suppress
from pathlib import Path

import pytest
from harness import until

from twinface.corrections import audit_file
from twinface.corrections.audit_file import Note, add_note, note, read_notes, user_name
from twinface.locks import open_locked


@pytest.fixture
def gallery(tmp_path: Path) -> Path:
    return tmp_path / "new" / "gallery"


def test_what_is_written_down_is_read_in_its_order_and_is_private(gallery: Path) -> None:
    assert list(read_notes(gallery)) == []
    note(gallery, "rollback", "the head before it is in use")
    add_note(gallery, Note(7, "web 192.0.2.1", "enrol", step=3))
    first, second = read_notes(gallery)
    assert (first.who, first.what, first.step) == (user_name(), "rollback", None)
    assert second == Note(7, "web 192.0.2.1", "enrol", "", 3)
    path = gallery.with_name("audit.jsonl")
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_a_damaged_line_costs_itself_only(gallery: Path) -> None:
    note(gallery, "first")
    path = gallery.with_name("audit.jsonl")
    for damaged in (b'{"at_ns": 1', b"\xff\xfe\n", b'{"at_ns": "x", "who": "a", "what": "b"}\n', b"[" * 5000):
        with path.open("ab") as stream:
            stream.write(damaged)
        note(gallery, "next")
    assert [one.what for one in read_notes(gallery)] == ["first", *["next"] * 4]


def test_it_grows_to_its_bound_and_keeps_the_newest(gallery: Path) -> None:
    for number in range(3000):
        add_note(gallery, Note(number, "who", "login", "x" * 200))
    kept = [one.at_ns for one in read_notes(gallery)]
    assert kept == list(range(kept[0], 3000))
    assert len(kept) > 900
    files = sorted(gallery.parent.iterdir())
    assert [path.name for path in files] == ["audit.jsonl", "audit.old.jsonl"]
    assert sum(path.stat().st_size for path in files) < 600_000


def test_many_write_at_once_and_no_line_is_lost(gallery: Path) -> None:
    for number in range(800):
        add_note(gallery, Note(number, "before", "login", "x" * 250))  # the file becomes the old one while they write

    def write(who: str) -> None:
        for number in range(100):
            add_note(gallery, Note(number, who, "login"))

    threads = [threading.Thread(target=write, args=(f"writer {number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert gallery.with_name("audit.old.jsonl").exists()
    assert len([one for one in read_notes(gallery) if one.who != "before"]) == 800


def test_who_waited_while_the_file_became_the_old_one_writes_into_the_new_one(
    gallery: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_file, "_WAIT_S", 600.0)
    note(gallery, "first")
    path = gallery.with_name("audit.jsonl")
    held = open_locked(path, os.O_RDONLY, 0.0)
    writer = threading.Thread(target=note, args=(gallery, "second"))
    writer.start()
    until(lambda: _times_open(path) == 2, 60.0, "the other one to open the file")
    path.rename(gallery.with_name("audit.old.jsonl"))
    os.close(held)
    writer.join()
    assert '"second"' in path.read_text()
    assert [one.what for one in read_notes(gallery)] == ["first", "second"]


def _times_open(path: Path) -> int:
    found = 0
    for descriptor in Path("/proc/self/fd").iterdir():
        with suppress(OSError):
            found += descriptor.readlink() == path
    return found


def test_what_cannot_be_written_is_said_and_stops_nobody(gallery: Path, caplog: pytest.LogCaptureFixture) -> None:
    gallery.parent.parent.mkdir(exist_ok=True)
    gallery.parent.write_text("in the way")
    note(gallery, "login")
    assert "not written down" in caplog.text
    assert list(read_notes(gallery)) == []
