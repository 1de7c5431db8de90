"""Whatever a file system holds ends no command in a traceback, and a bad file or folder costs only itself."""

import ctypes
import json
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from made_features import make_features

from twinface.gallery import Gallery, read_features
from twinface.recognition.picture_folders import list_people, pictures_below

Run = Callable[..., tuple[int, str, str]]

LATIN1 = os.fsdecode(b"Jos\xe9")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, portraits: Path) -> Iterator[Path]:
    """A folder in which commands are called; people/ has bob, whose folder is in order, others whose folders are not,
    and odd/, in which hardly a file is.
    """
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.chdir(home)
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(home / "key"))
    monkeypatch.setenv("TWINFACE_CONFIG", str(home / "pipeline.toml"))
    (home / "pipeline.toml").write_text(f'network = "sface"\ngallery = "{home}/gallery"\n')
    good = (portraits / "person_b_1.jpg").read_bytes()
    for name in ("bob", LATIN1, "new\nline", "\x1b[31mred", "\u202eada", "x" * 255, "secret", "e\u0301va", "\u00e9va"):
        (home / "people" / name).mkdir(parents=True)
        (home / "people" / name / "1.jpg").write_bytes(good)
    (home / "people" / "\u00e9va" / "1.jpg").write_bytes((portraits / "person_b_2.jpg").read_bytes())
    (home / "people" / "loop").symlink_to(".")
    (home / "people" / "dangling").symlink_to("nowhere")
    (home / "people" / "no folder").write_bytes(b"")
    fill_with_odd_files(home / "people" / "odd", good)
    (home / "people" / "secret").chmod(0)
    (home / "people" / "odd" / "secret.jpg").chmod(0)
    yield home
    (home / "people" / "secret").chmod(0o700)


def fill_with_odd_files(folder: Path, good: bytes) -> None:
    folder.mkdir()
    for name in ("good.jpg", "secret.jpg", os.fsdecode(b"\xe9.jpg"), "x" * 251 + ".jpg", "new\nline.jpg"):
        (folder / name).write_bytes(good)
    (folder / os.fsdecode(b"bad\xe9.jpg")).write_bytes(b"no picture")
    (folder / ("y" * 251 + ".jpg")).write_bytes(b"no picture")
    (folder / "empty.jpg").touch()
    (folder / "dangling.jpg").symlink_to("nowhere")
    (folder / "itself.jpg").symlink_to("itself.jpg")
    (folder / "zero.jpg").symlink_to("/dev/zero")
    (folder / "folder.jpg").mkdir()
    os.mkfifo(folder / "pipe.jpg")
    here = Path.cwd()
    os.chdir(folder)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket.jpg")
    os.chdir(here)


class _Sets(ctypes.Structure):
    """Of capset(2), version 3: the first and the second 32 capabilities."""

    _fields_ = tuple((f"{name}_{half}", ctypes.c_uint32) for half in range(2) for name in ("e", "p", "i"))


@contextmanager
def as_anybody() -> Iterator[None]:
    """Without the two capabilities by which root reads and writes what is closed to its owner, CAP_DAC_*."""
    libc, header, sets = ctypes.CDLL(None), (ctypes.c_uint32 * 2)(0x20080522, 0), _Sets()
    assert libc.capget(header, ctypes.byref(sets)) == 0
    before = sets.e_0
    sets.e_0 &= ~0b110
    assert libc.capset(header, ctypes.byref(sets)) == 0
    try:
        yield
    finally:
        sets.e_0 = before
        assert libc.capset(header, ctypes.byref(sets)) == 0


@pytest.fixture
def run(home: Path, twinface: Run) -> Run:
    """Runs a command as anybody; no line of what it says has anything that moves the cursor."""

    def call(*words: object) -> tuple[int, str, str]:
        with as_anybody():
            code, out, err = twinface(*words)
        assert code in {0, 2}, err
        assert all(line.isprintable() for line in (out + err).splitlines())
        assert not any(line.startswith("line") for line in (out + err).splitlines()), "a name with a line end is on one"
        return code, out, err

    return call


def test_a_bad_file_costs_only_itself_in_gallery_add(run: Run, home: Path) -> None:
    code, out, _ = run("gallery", "add", "Ada", "people/odd", "--set-aside", "aside", "--json")
    assert code == 0
    report = json.loads(out)
    assert (report["added"], report["known"]) == (1, 3), "the same picture under four names"
    names = {Path(entry["picture"]).name for entry in report["set_aside"]}
    assert names >= {"secret.jpg", "empty.jpg", "dangling.jpg", "itself.jpg", "zero.jpg", "pipe.jpg", "socket.jpg"}
    assert os.fsdecode(b"bad\xe9.jpg") in names, "it comes back from JSON as it was"
    reasons = json.loads((home / "aside" / "reasons.json").read_bytes())
    assert {Path(entry["picture"]).name for entry in reasons} == names
    assert (home / "aside" / os.fsdecode(b"bad\xe9.jpg")).read_bytes() == b"no picture"
    assert run("gallery", "add", "Ada", "people/odd", "--set-aside", "aside")[0] == 0
    assert run("gallery", "verify", "--files")[0] == 0
    assert run("gallery", "backup", "backup")[0] == 0
    assert run("gallery", "restore", "backup", "--replace", "--yes")[0] == 0
    assert run("forget", "Ada", "--yes")[0] == 0
    assert not (home / "aside" / os.fsdecode(b"bad\xe9.jpg")).exists()


def test_a_name_that_is_none_changes_nothing(run: Run, home: Path) -> None:
    for name in (LATIN1, "new\nline", "\u202eada"):
        code, out, err = run("gallery", "add", name, "people/bob", "--set-aside", "aside")
        assert (code, out, len(err.splitlines())) == (2, "", 1)
    assert not (home / "gallery").exists()
    assert not (home / "aside").exists()


def test_a_bad_folder_costs_only_itself_in_extract(run: Run, home: Path) -> None:
    code, out, err = run("extract", "--faces", "people", "--features", "features")
    assert code == 0
    found = {person.name: person.files for person in read_features(home / "features")}
    assert found.keys() == {"bob", "odd", "\u00e9va"}
    assert len(found["\u00e9va"]) == 2, "two folders of one name are one person's"
    assert os.fsdecode(b"\xe9.jpg") in found["odd"]
    for bad in ("Jos\ufffd", "new\ufffdline", "\ufffd[31mred", "\ufffdada", "x" * 255, "secret"):
        assert any(f"people/{bad}" in line for line in err.splitlines()), bad
    assert run("stats", "--features", "features")[0] == 0
    code, out, _ = run("evaluate", "--features", "features", "--people", "all", "--json", "-")
    assert (code, bool(json.loads(out))) == (0, True)


def test_pictures_of_odd_names_are_shown_in_a_report(run: Run, home: Path) -> None:
    pytest.importorskip("matplotlib")
    files = [os.fsdecode(b"\xe9%d.jpg" % number) for number in range(5)]
    make_features(home / "few features", 8, files)
    for person in range(8):
        (home / "few" / f"person {person:02}").mkdir(parents=True)
        for file in files:
            shutil.copy(home / "people" / "bob" / "1.jpg", home / "few" / f"person {person:02}" / file)
    words = ("evaluate", "--features", "few features", "--people", "all", "--images", "few", "--plots", LATIN1)
    code, out, _ = run(*words)
    assert (code, "Jos\ufffd/report.html" in out) == (0, True)
    assert (home / LATIN1 / "report.html").read_bytes().decode()


def test_a_bad_folder_costs_only_itself_in_selfies(run: Run, home: Path) -> None:
    code, out, err = run("selfies", "--selfies", "people", "--faces", "faces", "--json")
    assert code == 0
    assert json.loads(out)["faces"] == "faces"
    crops = list_people(home / "faces")
    assert {"bob", LATIN1, "new\nline", "x" * 255, "odd"} <= crops.keys()
    assert len(crops["odd"]) == 4
    assert "secret" not in crops
    assert any("people/secret" in line for line in err.splitlines())
    first = sorted((home / "faces").rglob("*.png"))
    assert run("selfies", "--selfies", "people", "--faces", "faces")[0] == 0
    assert sorted((home / "faces").rglob("*.png")) == first


def test_a_bad_person_costs_only_itself_in_gallery_add_people(run: Run, home: Path) -> None:
    code, out, _ = run("gallery", "add", "--people", "people", "--json")
    assert code == 0
    added = {one["name"] for one in json.loads(out)["results"] if one["outcome"] == "added"}
    assert "bob" in added
    assert added <= Gallery.open(home / "gallery").people.keys()


def test_every_odd_file_can_be_named_in_identify(run: Run, home: Path) -> None:
    assert run("gallery", "add", "bob", "people/bob")[0] == 0
    odd = sorted((home / "people" / "odd").iterdir())
    code, out, _ = run("identify", *odd, home / "people" / "secret" / "1.jpg", "--json")
    assert code == 2
    entries = json.loads(out)["pictures"]
    assert [entry["image"] for entry in entries[:-1]] == [str(path) for path in odd]
    assert sum("faces" in entry for entry in entries) == 4
    assert "Permission denied" in entries[-1]["error"]
    assert run("identify", *(one["image"] for one in entries if "faces" in one))[0] == 0


def test_a_folder_of_odd_files_is_captured_from(run: Run, home: Path) -> None:
    assert run("capture", "--video", "people/odd", "--auto", "1", "--output", os.fsdecode(b"caf\xe9"))[0] == 0
    assert [path.name for path in (home / os.fsdecode(b"caf\xe9")).iterdir()] == ["001.png"]


def test_what_is_not_utf8_on_the_command_line_is_one_line(run: Run, home: Path) -> None:
    run("gallery", "add", "bob", "people/bob")
    for words in (
        ("forget", LATIN1, "--yes"),
        ("gallery", "remove", LATIN1),
        ("gallery", "rename", LATIN1, "ada"),
        ("gallery", "rename", "bob", LATIN1),
        ("events", "--name", LATIN1),
        ("events", "--camera", LATIN1),
        ("explain", "--track", LATIN1),
        ("enrol", "--name", LATIN1, "--track", "a:b:1"),
        ("identify", "people/bob/1.jpg", "--network", LATIN1),
    ):
        code, out, err = run(*words)
        assert (code, out, len(err.splitlines())) == (2, "", 1) or words[0] == "events", words


def test_loops_of_links_are_gone_through_once(home: Path) -> None:
    with as_anybody():
        pictures = list(pictures_below(home / "people"))
    assert sum(path.name == "good.jpg" for path in pictures) == 1
    assert home / "people" / "secret" in pictures, "it is told when it is read"
