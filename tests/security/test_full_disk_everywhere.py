"""The disk is full at one page after the other of what is written: what was there stays, or what is new, whole.

Each change is made on a real disk with room for 0, 1, 2, … pages of 4 kB, until it gets through. As it fails it says so
in one line, leaves nothing half-written behind, and gets through once there is room.
"""

import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from small_disk import fill, small_disk

from twinface.averages import Clusters, read_faces
from twinface.averages.faces_file import averages_lock, write_faces
from twinface.corrections import Correction, CorrectionKind, add_corrections, read_corrections
from twinface.errors import TwinfaceError
from twinface.events import Event, EventQuery, EventStore, Kind, Subject, read_events
from twinface.files import sha256_of
from twinface.gallery import Gallery, PersonVectors
from twinface.gallery.backup import read_backup, restore_backup, write_backup
from twinface.gallery.keys import KEY_VARIABLE
from twinface.gallery.person_files import SetAside, crop_key, crops_of
from twinface.matching import load_head
from twinface.matching.head_folder import write_built_in_head
from twinface.networks import find_recipe
from twinface.publishing import published

_PAGE_KB = 4
_MOST_PAGES = 400
_PAGES_MORE = {"publish a head": 9}
"""Of a change that takes hundreds of pages; one at a time where nothing is said."""
_NETWORK = find_recipe("sface").fingerprint

State = object
Change = Callable[[Path], object]


@pytest.fixture(scope="module")
def disk() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="tf-") as folder, small_disk(Path(folder) / "disk", 4096) as disk:
        yield disk


@pytest.fixture(autouse=True)
def own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))


def person(name: str, count: int = 8) -> PersonVectors:
    vectors = np.random.default_rng(sum(name.encode())).normal(size=(count, 128)).astype(np.float32)
    return PersonVectors(name, tuple(f"{n}.jpg" for n in range(count)), vectors, np.ones(count, np.float32), _NETWORK)


def add(gallery: Gallery, name: str, count: int = 8) -> None:
    one = person(name, count)
    gallery.add(name, one.files, one.vectors, one.quality, [bytes(3000)] * count)


def correction(number: int) -> Correction:
    vector = person("c", 1).vectors[0] + number
    return Correction(CorrectionKind.REJECT, "Ada", vector, _NETWORK, 0.5, "door:1:1", None, number)


def event(track: int) -> Event:
    times = {"at_ns": track, "since_ns": 1, "duration_s": 0.0, "media_ms": 0.0, "frame": 1}
    return Event(Kind.ENTER, Subject.TRACK, "door", 1, track, "x" * 200, "known", 0.5, **times)


def put_everybody_anew(root: Path) -> None:
    with Gallery.open(root / "gallery").replacing(_NETWORK, "sface") as put:
        for name in ("Eve", "Fay"):
            one = person(name)
            put(one, {crop_key(vector): bytes(3000) for vector in one.vectors})


def store_events(root: Path) -> None:
    with EventStore(root / "events.sqlite") as store:
        store.append([event(track) for track in range(10, 60)])


def publish_a_head(root: Path) -> None:
    with published(root / "head") as draft:
        write_built_in_head(draft, _NETWORK, "another name")


def learn(root: Path, count: int) -> None:
    clusters = Clusters.none(128)
    for number, vector in enumerate(person("d", count).vectors):
        clusters = clusters.learnt(vector, np.zeros(128, np.float32), number)
    with averages_lock(root / "averages.pkl"):
        write_faces(root / "averages.pkl", {"camera:door": clusters}, _NETWORK)


def prepare(root: Path) -> None:
    """A gallery, corrections, a head, events, averages and a backup."""
    gallery = Gallery.open(root / "gallery", network=_NETWORK, network_name="sface", create=True)
    add(gallery, "Ada")
    add(gallery, "Bob")
    gallery.remember_set_aside("Ada", [SetAside("a.jpg", "/tmp/a.jpg", "0" * 64)])
    add_corrections(gallery.folder, [correction(0)])
    learn(root, 3)
    write_backup(gallery, root / "backup")
    publish_a_head(root)
    with EventStore(root / "events.sqlite") as store:
        store.append([event(track) for track in range(3)])


def state(root: Path) -> State:
    """All that can be read, which has to be sound; raises where something is not."""
    gallery = Gallery.open(root / "gallery")
    assert gallery.verify() == {}
    people = {
        name: (one.files, one.vectors.tobytes(), len(crops_of(one, gallery.crops(name))))
        for name, one in gallery.people.items()
    }
    aside = gallery.set_aside("Ada")
    corrections = [one.at_ns for one in read_corrections(gallery.folder)]
    head = load_head(root / "head", _NETWORK).spec.network_name, sha256_of(root / "head" / "head.npz")
    events = [one.track for one in read_events(root / "events.sqlite", EventQuery())]
    learnt = len(read_faces(root / "averages.pkl", _NETWORK)["camera:door"])
    return people, aside, corrections, head, events, learnt, read_backup(root / "backup").contents.people


def leftovers(root: Path) -> list[Path]:
    """Half-written files and folders; locks stay, and what SQLite keeps beside a database is a part of it."""
    return [path for path in root.rglob(".*") if path.name != ".lock"]


CHANGES: dict[str, Change] = {
    "add": lambda root: add(Gallery.open(root / "gallery"), "Cyd"),
    "add pictures": lambda root: add(Gallery.open(root / "gallery"), "Ada", 16),
    "rename": lambda root: Gallery.open(root / "gallery").rename("Ada", "Ann"),
    "merge": lambda root: Gallery.open(root / "gallery").rename("Ada", "Bob", merge=True),
    "remove": lambda root: Gallery.open(root / "gallery").remove("Ada"),
    "replace everybody": put_everybody_anew,
    "set aside": lambda root: Gallery.open(root / "gallery").remember_set_aside(
        "Ada", [SetAside(f"{n}.jpg", "/tmp/" + "b" * 200, "1" * 64) for n in range(40)]
    ),
    "correct": lambda root: add_corrections(root / "gallery", [correction(number) for number in range(1, 20)]),
    "back up": lambda root: write_backup(Gallery.open(root / "gallery"), root / "backup", force=True),
    "restore": lambda root: restore_backup(Gallery.open(root / "gallery"), read_backup(root / "backup")),
    "publish a head": publish_a_head,
    "store events": store_events,
    "learn": lambda root: learn(root, 20),
}


@pytest.mark.parametrize("name", CHANGES)
def test_whatever_page_is_missing_what_was_there_stays_or_what_is_new(disk: Path, tmp_path: Path, name: str) -> None:
    pristine, root, change = tmp_path / "pristine", disk / "root", CHANGES[name]
    pristine.mkdir()
    prepare(pristine)
    before = state(pristine)
    for pages in range(0, _MOST_PAGES, _PAGES_MORE.get(name, 1)):
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(pristine, root)
        filler = fill(disk, but_kb=pages * _PAGE_KB)
        failed = ""
        try:
            change(root)
        except (TwinfaceError, OSError, sqlite3.Error) as error:
            failed = str(error)
        filler.unlink()
        now = state(root)
        assert "\n" not in failed
        if not failed:
            assert pages > 0 or name == "remove", "it took no room at all"
            break
        assert now == before or name in {"merge", "rename"}, failed
        change_again(change, root, now != before)
        assert leftovers(root) == []
    else:
        pytest.fail(f"{name} does not get through with {_MOST_PAGES} pages")


def change_again(change: Change, root: Path, may_be_done: bool) -> None:
    """With room it gets through; unless it had, but for its last word."""
    try:
        change(root)
    except TwinfaceError:
        assert may_be_done
    state(root)
