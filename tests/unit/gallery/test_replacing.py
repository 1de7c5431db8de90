"""Everybody replaced at once: all of them or nobody, whatever dies, and seen by who is reading."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinface.errors import ArtefactError, FingerprintError
from twinface.gallery import Gallery, PersonVectors
from twinface.gallery.person_files import crop_key

OpenGallery = Callable[..., Gallery]
MakePerson = Callable[..., PersonVectors]
Enrol = Callable[..., int]
OTHER = "b" * 64

KILLED_AT_EVERY_STEP = """
# Does a change again and again, each time in a process that kills itself one file operation later than the last one,
# until it gets through. Prints what the gallery was after each, and what the next change then left.
import json, os, shutil, signal, sys
from pathlib import Path
import numpy as np
from twinface.gallery import Gallery, PersonVectors

KEY, OLD, NEW = b"k" * 32, "a" * 64, "b" * 64
root, change = Path(sys.argv[1]), sys.argv[2]
OPERATIONS = {"open", "os.remove", "os.rename", "os.mkdir", "os.rmdir"}


def person(name, count, network):
    vectors = np.random.default_rng(sum(name.encode())).normal(size=(count, 8)).astype(np.float32)
    files = tuple(f"{name}_{number}" for number in range(count))
    return PersonVectors(name, files, vectors, np.ones(count, np.float32), network)


def add(gallery, name, count=2):
    one = person(name, count, OLD)
    gallery.add(name, one.files, one.vectors, one.quality, [b"crop"] * count)


def replace(gallery):
    with gallery.replacing(NEW, "other") as put:
        for name in "xyz":
            put(person(name, 3, NEW), {})


CHANGES = {
    "replace": replace,
    "add": lambda gallery: add(gallery, "a", 4),
    "rename": lambda gallery: gallery.rename("a", "c"),
    "merge": lambda gallery: gallery.rename("a", "b", merge=True),
    "remove": lambda gallery: gallery.remove("a"),
}


def state(gallery):
    return {"people": {n: len(p.files) for n, p in gallery.people.items()}, "damaged": len(gallery.verify())}


def run(folder, dies_at):
    if child := os.fork():
        return os.WIFSIGNALED(os.waitpid(child, 0)[1])
    steps = iter(range(dies_at))

    def count(event, arguments):
        if event in OPERATIONS and next(steps, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    gallery = Gallery.open(folder, key=KEY)
    sys.addaudithook(count)
    CHANGES[change](gallery)
    os._exit(0)


first = Gallery.open(root / "first", network=OLD, create=True, key=KEY)
add(first, "a")
add(first, "b")
results, killed = [], True
while killed:
    folder = root / f"run{len(results)}"
    shutil.copytree(root / "first", folder)
    killed = run(folder, len(results))
    survivor = Gallery.open(folder, key=KEY)
    after = state(survivor)
    one = person("new", 1, survivor.network)
    survivor.add("new", one.files, one.vectors, one.quality)
    later = state(Gallery.open(folder, key=KEY))
    named = json.loads((folder / "gallery.json").read_text())["people"]
    there = sorted(path.name for path in folder.iterdir() if path.is_dir())
    files = [path.name for path in (folder / named).iterdir()]
    slugs = {Path(name).stem for name in files if name.endswith(".pkl")}
    results.append({
        **after, "later": later, "leftovers": there != [named] or any(Path(name).stem not in slugs for name in files)
    })
print(json.dumps(results))
"""


@pytest.mark.parametrize(
    ("change", "before_or_after"),
    [
        ("replace", [{"a": 2, "b": 2}, {"x": 3, "y": 3, "z": 3}]),
        ("add", [{"a": 2, "b": 2}, {"a": 4, "b": 2}]),
        ("rename", [{"a": 2, "b": 2}, {"b": 2, "c": 2}]),
        ("merge", [{"a": 2, "b": 2}, {"a": 2, "b": 4}, {"b": 4}]),
        ("remove", [{"a": 2, "b": 2}, {"b": 2}]),
    ],
)
def test_a_change_that_is_killed_at_any_step_leaves_what_was_or_what_is_to_be(
    tmp_path: Path, change: str, before_or_after: list[dict[str, int]]
) -> None:
    script = [sys.executable, "-c", KILLED_AT_EVERY_STEP, str(tmp_path), change]
    done = subprocess.run(script, capture_output=True, text=True, check=True)
    results = json.loads(done.stdout)
    assert len(results) > 5
    seen = [result["people"] for result in results]
    assert [people for people in seen if people not in before_or_after] == []
    assert (seen[0], seen[-1]) == (before_or_after[0], before_or_after[-1])
    assert seen == sorted(seen, key=before_or_after.index), "once there, a change stays"
    for result in results:
        assert result["damaged"] == result["later"]["damaged"] == 0
        assert result["later"]["people"] == result["people"] | {"new": 1}
        assert not result["leftovers"]


FULL_DISK = """
import json, resource, sys
from pathlib import Path
import numpy as np
from twinface.errors import ArtefactError
from twinface.gallery import Gallery, PersonVectors
from twinface.gallery.backup import read_backup, restore_backup, write_backup

folder, KEY = Path(sys.argv[1]), Path(sys.argv[2]).read_bytes()


def person(name, count, network="a" * 64):
    vectors = np.random.default_rng(sum(name.encode())).normal(size=(count, 64)).astype(np.float32)
    return PersonVectors(name, tuple(map(str, range(count))), vectors, np.ones(count, np.float32), network)


def put_all(network, *people):
    with gallery.replacing(network, "net") as put:
        for one in people:
            put(one, {})


gallery = Gallery.open(folder, network="a" * 64, create=True, key=KEY)
put_all("a" * 64, person("big", 100), person("small", 2))
write_backup(gallery, folder / "big.backup")
put_all("a" * 64, person("old", 2))
write_backup(gallery, folder / "old.backup")
backup = read_backup(folder / "big.backup")
large = person("old", 200)


def back_up():
    resource.setrlimit(resource.RLIMIT_FSIZE, (500, 20_000))
    write_backup(gallery, folder / "old.backup", force=True)


resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
said = []
for change in (
    lambda: put_all("b" * 64, person("new", 2, "b" * 64), person("huge", 100, "b" * 64)),
    lambda: gallery.add("old", large.files, large.vectors, large.quality),
    lambda: gallery.add("old", large.files[:2], large.vectors[:2], large.quality[:2], [bytes(30_000)] * 2),
    lambda: restore_backup(gallery, backup),
    back_up,
):
    try:
        change()
    except ArtefactError as error:
        said.append(str(error))
again = Gallery.open(folder, key=KEY)
result = {
    "said": said,
    "backed_up": read_backup(folder / "old.backup").contents.people,
    "people": {name: len(one.files) for name, one in again.people.items()},
    "damaged": len(again.verify()),
    "there": sorted(path.name for path in folder.iterdir()),
}
print(json.dumps(result))
"""


def test_a_full_disk_leaves_the_old_gallery_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"k" * 32)
    key.chmod(0o600)
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(key))
    folder = tmp_path / "gallery"
    script = [sys.executable, "-c", FULL_DISK, str(folder), str(key)]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert len(result["said"]) == 5
    assert result["backed_up"] == 1
    assert all("cannot be written (File too large)" in said for said in result["said"])
    assert (result["people"], result["damaged"]) == ({"old": 2}, 0)
    assert result["there"] == [".lock", "big.backup", "gallery.json", "old.backup", "people-3"]


HOLDER = """
import sys
from pathlib import Path
from twinface.gallery import Gallery
with Gallery.open(Path(sys.argv[1]), key=b"k" * 32).unchanging():
    print("held", flush=True)
    sys.stdin.read()
"""
WRITER = """
import sys
from pathlib import Path
from twinface.gallery import Gallery
gallery = Gallery.open(Path(sys.argv[1]), key=b"k" * 32, lock_wait_s=60.0)
print("ready", flush=True)
gallery.remove("a")
print("removed", flush=True)
"""


def start(script: str, folder: Path) -> "subprocess.Popen[str]":
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", script, str(folder)], stdin=pipe, stdout=pipe, text=True)


def read_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_second_process_that_writes_waits_for_the_first_one(open_gallery: OpenGallery, enrol: Enrol) -> None:
    gallery = open_gallery(lock_wait_s=0.05)
    enrol(gallery, "a")
    with start(HOLDER, gallery.folder) as holder:
        assert read_line(holder) == "held"
        with start(WRITER, gallery.folder) as writer:
            assert read_line(writer) == "ready"
            with pytest.raises(ArtefactError, match="another command is writing there; try again when it has ended"):
                enrol(gallery, "b")
            assert list(open_gallery().people) == ["a"], "readers do not wait"
            holder.communicate()
            assert read_line(writer) == "removed"
    assert list(open_gallery().people) == []


def test_everybody_is_replaced_for_who_is_reading_too(
    open_gallery: OpenGallery, enrol: Enrol, make_person: MakePerson
) -> None:
    reader, writer = open_gallery(), open_gallery(network=None)
    enrol(writer, "a")
    reader.refresh()
    crops: dict[str, bytes] = {crop_key(make_person("c").vectors[0]): b"crop", "f" * 32: b"of nobody"}
    with writer.replacing(reader.network, "testnet") as put:
        for name in ("b", "c"):
            put(make_person(name), crops)
        assert not reader.refresh()
        assert list(open_gallery().people) == ["a"]
    assert reader.refresh()
    assert list(reader.people) == list(writer.people) == ["b", "c"]
    assert (reader.version, reader.verify()) == (3, {})
    assert reader.crops("c") == {crop_key(make_person("c").vectors[0]): b"crop"}
    assert not reader.keeps_crops("b")
    enrol(writer, "b", 4)
    assert reader.refresh()
    assert len(reader.people["b"].files) == 4


def test_a_block_that_fails_changes_nothing(open_gallery: OpenGallery, enrol: Enrol, make_person: MakePerson) -> None:
    gallery = open_gallery()
    enrol(gallery, "a")

    def fail() -> None:
        with gallery.replacing("a" * 64, "") as put:
            put(make_person("c"), {})
            put(make_person("b", network=OTHER), {})

    def interrupt() -> None:
        with gallery.replacing("a" * 64, "") as put:
            put(make_person("c"), {})
            raise KeyboardInterrupt

    with pytest.raises(FingerprintError, match="b is of the network bbbb"):
        fail()
    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert list(open_gallery().people) == ["a"]
    assert sorted(path.name for path in gallery.folder.iterdir() if path.is_dir()) == ["people"]
    assert gallery.version == 2


def test_another_network_is_told_to_who_reads_with_the_old_one(
    open_gallery: OpenGallery, enrol: Enrol, make_person: MakePerson
) -> None:
    reader, writer = open_gallery(), open_gallery(network=None)
    enrol(writer, "a")
    reader.refresh()
    with writer.replacing(OTHER, "other") as put:
        put(make_person("a", network=OTHER), {})
    with pytest.raises(FingerprintError, match="made with the network other"):
        reader.refresh()
    assert list(reader.people) == ["a"]
    assert reader.snapshot().network == "a" * 64
    assert (writer.network, writer.network_name) == (OTHER, "other")


def test_a_lost_gallery_json_does_not_lose_people_that_were_replaced(
    open_gallery: OpenGallery, make_person: MakePerson
) -> None:
    gallery = open_gallery()
    with gallery.replacing(gallery.network, "testnet") as put:
        put(make_person("a"), {})
    (gallery.folder / "people-99").mkdir()
    (gallery.folder / "gallery.json").unlink()
    assert list(open_gallery().people) == ["a"]


@pytest.mark.parametrize("people", ["../../elsewhere", "people-", "/", 7, "people-1/../.."])
def test_a_folder_of_people_elsewhere_is_refused(open_gallery: OpenGallery, people: Any) -> None:
    path = open_gallery().folder / "gallery.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"people": people}))
    with pytest.raises(ArtefactError, match="no folder of people"):
        open_gallery()


def test_a_reader_never_sees_part_of_a_gallery_that_is_replaced(
    open_gallery: OpenGallery, make_person: MakePerson
) -> None:
    """While one process replaces everybody over and over, another one only ever sees all of them, of one time."""
    gallery = open_gallery()
    script = """
import sys
from pathlib import Path
import numpy as np
from twinface.gallery import Gallery, PersonVectors
gallery = Gallery.open(Path(sys.argv[1]), key=b"k" * 32)
for turn in range(1, 40):
    with gallery.replacing("a" * 64, "") as put:
        for number in range(5):
            vector = np.full((1, 8), turn, np.float32)
            put(PersonVectors(f"p{number}", ("x",), vector, np.ones(1, np.float32), "a" * 64), {})
    print(turn, flush=True)
"""
    seen = set()
    with start(script, gallery.folder) as writer:
        assert read_line(writer) == "1"
        while writer.poll() is None:
            gallery.refresh()
            assert gallery.damaged == {}
            turns = {float(person.vectors[0, 0]) for person in gallery.people.values()}
            assert (len(gallery.people), len(turns)) == (5, 1)
            seen |= turns
    assert writer.returncode == 0
    assert len(seen) > 1
    assert np.isfinite(list(seen)).all()
