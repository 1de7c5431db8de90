"""The gallery: changes are whole, seen by others, and never cost anybody."""

import fcntl
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError, FingerprintError, InputError, SignatureError
from twinface.gallery import Gallery, PersonVectors, people_files, person_path, read_person, write_person

OpenGallery = Callable[..., Gallery]
Enrol = Callable[..., int]
MakePerson = Callable[..., PersonVectors]
OTHER_NETWORK = "b" * 64


def test_a_new_gallery_is_empty_and_can_be_matched_against(open_gallery: OpenGallery) -> None:
    snapshot = open_gallery().snapshot()
    assert snapshot.names == ()
    assert len(snapshot.person_index) == len(snapshot.vectors) == 0


def test_a_snapshot_holds_everybody(open_gallery: OpenGallery, enrol: Enrol, make_person: MakePerson) -> None:
    gallery = open_gallery()
    enrol(gallery, "b", 1)
    enrol(gallery, "a", 3)
    snapshot = gallery.snapshot()
    assert snapshot.names == ("a", "b")
    assert snapshot.person_index.dtype == np.int32
    assert snapshot.person_index.tolist() == [0, 0, 0, 1]
    np.testing.assert_array_equal(
        snapshot.vectors, np.concatenate([make_person("a", 3).vectors, make_person("b", 1).vectors])
    )
    assert snapshot.version == gallery.version == 3
    assert snapshot.network == gallery.network


def test_every_change_raises_the_version(open_gallery: OpenGallery, enrol: Enrol) -> None:
    gallery = open_gallery()
    versions = [gallery.version]
    for change in (
        lambda: enrol(gallery, "a"),
        lambda: enrol(gallery, "a", 3),
        lambda: gallery.rename("a", "b"),
        lambda: gallery.remove("b"),
    ):
        change()
        versions.append(gallery.version)
    assert versions == sorted(set(versions))


def test_adding_again_appends_only_what_is_new(open_gallery: OpenGallery, enrol: Enrol) -> None:
    gallery = open_gallery()
    assert enrol(gallery, "a", 2) == 2
    version = gallery.version
    assert enrol(gallery, "a", 2) == 0
    assert gallery.version == version
    assert enrol(gallery, "a", 3) == 1
    assert gallery.people["a"].files == ("a_0.jpg", "a_1.jpg", "a_2.jpg")


def test_a_running_reader_takes_up_changes(open_gallery: OpenGallery, enrol: Enrol) -> None:
    writer, reader = open_gallery(), open_gallery()
    assert not reader.refresh()
    enrol(writer, "a")
    assert reader.refresh()
    assert reader.snapshot().names == ("a",)
    assert not reader.refresh()
    before = reader.snapshot()
    assert reader.snapshot() is before
    writer.rename("a", "b")
    assert reader.refresh()
    assert reader.snapshot().names == ("b",)
    assert before.names == ("a",)


def test_only_what_changed_is_read_again(
    open_gallery: OpenGallery, enrol: Enrol, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer, reader = open_gallery(), open_gallery()
    for number in range(20):
        enrol(writer, f"p{number}")
    reader.refresh()
    read: list[Path] = []

    def counting(path: Path, key: bytes) -> PersonVectors:
        read.append(path)
        return read_person(path, key)

    monkeypatch.setattr(people_files, "read_person", counting)
    enrol(writer, "p7", 3)
    read.clear()
    assert reader.refresh()
    assert read == [person_path(writer.folder / "people", "p7")]
    assert len(reader.snapshot().vectors) == 41


def test_people_share_the_memory_of_the_snapshot(open_gallery: OpenGallery, enrol: Enrol) -> None:
    gallery = open_gallery()
    enrol(gallery, "a")
    enrol(gallery, "b")
    matrix = gallery.snapshot().vectors
    assert all(np.shares_memory(person.vectors, matrix) for person in gallery.people.values())
    np.testing.assert_array_equal(gallery.people["b"].vectors, matrix[2:])
    assert not matrix.flags.writeable


def test_rename_keeps_every_picture(open_gallery: OpenGallery, enrol: Enrol) -> None:
    gallery = open_gallery()
    enrol(gallery, "李明", 3)
    vectors = gallery.people["李明"].vectors
    gallery.rename("李明", "Lǐ Míng")
    again = open_gallery()
    assert list(again.people) == ["Lǐ Míng"]
    np.testing.assert_array_equal(again.people["Lǐ Míng"].vectors, vectors)


def test_rename_onto_somebody_is_refused(open_gallery: OpenGallery, enrol: Enrol) -> None:
    gallery = open_gallery()
    enrol(gallery, "a")
    enrol(gallery, "b")
    with pytest.raises(InputError, match="b is in the gallery already; use --merge"):
        gallery.rename("a", "b")
    for merge in (False, True):
        with pytest.raises(InputError, match="a is called so already"):
            gallery.rename("a", "a", merge=merge)
    assert list(open_gallery().people) == ["a", "b"]


def test_nobody_of_that_name_suggests_the_nearest(open_gallery: OpenGallery, enrol: Enrol) -> None:
    gallery = open_gallery()
    enrol(gallery, "Jacinda")
    for name in ("Jacynda", "jacinda", "JACÍNDA"):
        with pytest.raises(InputError, match="did you mean 'Jacinda'"):
            gallery.remove(name)
    with pytest.raises(InputError, match="twinface gallery list"):
        gallery.rename("Q", "R")


def test_a_rename_broken_off_between_its_steps_is_ended_by_the_next_change(
    open_gallery: OpenGallery, enrol: Enrol, key: bytes
) -> None:
    gallery = open_gallery()
    enrol(gallery, "old")
    place = person_path(gallery.folder / "people", "old")
    write_person(place, replace(gallery.people["old"], name="new"), key)

    survivor = open_gallery()
    assert list(survivor.people) == ["new"]
    enrol(survivor, "new", 3)
    assert list(survivor.people) == ["new"]
    assert not place.exists()
    assert open_gallery().verify() == {}


def test_a_crash_before_the_version_leaves_a_whole_gallery_that_readers_see(
    open_gallery: OpenGallery, enrol: Enrol, make_person: MakePerson, key: bytes
) -> None:
    gallery = open_gallery()
    enrol(gallery, "a")
    write_person(person_path(gallery.folder / "people", "b"), make_person("b"), key)
    assert gallery.refresh()
    assert list(gallery.people) == ["a", "b"]
    (gallery.folder / "people" / ".b.pkl.temporary").write_bytes(b"half")
    assert open_gallery().damaged == {}


def test_a_full_disk_changes_nothing(open_gallery: OpenGallery, enrol: Enrol, monkeypatch: pytest.MonkeyPatch) -> None:
    gallery = open_gallery()
    enrol(gallery, "a")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ArtefactError, match="No space left on device"):
        enrol(gallery, "a", 3)
    monkeypatch.undo()
    survivor = open_gallery()
    assert survivor.version == 2
    assert len(survivor.people["a"].files) == 2
    assert len(list((survivor.folder / "people").iterdir())) == 1


def test_a_second_writer_waits_then_says_so(open_gallery: OpenGallery, enrol: Enrol) -> None:
    gallery = open_gallery(lock_wait_s=0.05)
    with (gallery.folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(ArtefactError, match="another command is writing"):
            enrol(gallery, "a")
    assert enrol(gallery, "a") == 2


def test_writers_do_not_undo_each_other(open_gallery: OpenGallery, enrol: Enrol) -> None:
    first, second = open_gallery(), open_gallery()
    enrol(first, "a")
    enrol(second, "b")
    enrol(first, "a", 4)
    assert {name: len(person.files) for name, person in open_gallery().people.items()} == {"a": 4, "b": 2}
    assert open_gallery().version == 4


def test_a_gallery_of_another_network_is_not_used(open_gallery: OpenGallery, enrol: Enrol) -> None:
    enrol(open_gallery(), "a")
    for create in (False, True):
        with pytest.raises(FingerprintError, match=r"made with the network testnet \(aaaa.*--network"):
            open_gallery(network=OTHER_NETWORK, create=create)
    assert list(open_gallery(network=None, create=False).people) == ["a"]


def test_an_empty_gallery_is_taken_over_by_another_network(open_gallery: OpenGallery, enrol: Enrol) -> None:
    running = open_gallery()
    other = open_gallery(network=OTHER_NETWORK)
    assert (other.network, other.version) == (OTHER_NETWORK, 2)
    enrol(other, "a")
    with pytest.raises(FingerprintError):
        running.refresh()
    with pytest.raises(FingerprintError):
        enrol(running, "b")


def test_nobody_is_added_to_an_empty_gallery_of_another_network(open_gallery: OpenGallery, enrol: Enrol) -> None:
    open_gallery()
    opened = open_gallery(network=OTHER_NETWORK, create=False)
    with pytest.raises(FingerprintError, match="made with the network testnet"):
        enrol(opened, "a")
    assert open_gallery().people == {}


def test_vectors_of_another_length_are_refused(open_gallery: OpenGallery, enrol: Enrol) -> None:
    gallery = open_gallery()
    enrol(gallery, "a", dimension=8)
    for name in ("a", "b"):
        with pytest.raises(ArtefactError, match="vectors of 9 numbers, a's have 8"):
            enrol(gallery, name, 3, dimension=9)
    assert gallery.version == 2


def test_a_person_of_another_network_or_length_is_damage(
    open_gallery: OpenGallery, enrol: Enrol, make_person: MakePerson, key: bytes
) -> None:
    gallery = open_gallery()
    enrol(gallery, "a")
    foreign = [make_person("x", network=OTHER_NETWORK), make_person("y", dimension=9)]
    for person in foreign:
        write_person(person_path(gallery.folder / "people", person.name), person, key)
    copy = gallery.folder / "people" / "zz-copy.pkl"
    copy.write_bytes(person_path(gallery.folder / "people", "a").read_bytes())
    problems = {path.name[:2]: str(error) for path, error in gallery.verify().items()}
    assert list(gallery.people) == ["a"]
    assert "another network" in problems["x-"]
    assert "another length" in problems["y-"]
    assert "a is in" in problems["zz"]


def test_one_damaged_person_costs_nobody_else(open_gallery: OpenGallery, enrol: Enrol) -> None:
    gallery = open_gallery()
    enrol(gallery, "a")
    enrol(gallery, "b")
    place = person_path(gallery.folder / "people", "b")
    damaged = place.read_bytes()[:-1] + b"!"
    place.write_bytes(damaged)

    survivor = open_gallery()
    assert list(survivor.people) == ["a"]
    assert isinstance(survivor.damaged[place], SignatureError)
    enrol(survivor, "c")
    for change in (lambda: enrol(survivor, "b", 3), lambda: survivor.rename("a", "b")):
        with pytest.raises(SignatureError):
            change()
    assert place.read_bytes() == damaged
    survivor.remove("b")
    assert enrol(survivor, "b") == 2
    assert list(open_gallery().people) == ["a", "b", "c"]


def test_verify_reads_what_refresh_would_not(open_gallery: OpenGallery, enrol: Enrol) -> None:
    gallery = open_gallery()
    enrol(gallery, "a")
    place = person_path(gallery.folder / "people", "a")
    status = place.stat()
    with place.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"!")
    os.utime(place, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert not gallery.refresh()
    assert list(gallery.verify()) == [place]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no gallery here; start one with `twinface gallery add"),
        ("{", "not valid JSON"),
        ("[]", "expected a JSON object"),
        ('{"format": 3}', "format 3, this twinface reads 2; update twinface"),
        ('{"format": 1, "version": "x", "network": "a"}', "no version or no network"),
        ('{"format": 1, "version": 1}', "no version or no network"),
    ],
)
def test_a_damaged_gallery_json_is_named(open_gallery: OpenGallery, content: str | None, message: str) -> None:
    path = open_gallery().folder / "gallery.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    with pytest.raises(ArtefactError, match=message):
        open_gallery(create=False)


def test_a_lost_gallery_json_is_made_anew_and_the_people_stay(open_gallery: OpenGallery, enrol: Enrol) -> None:
    gallery = open_gallery()
    enrol(gallery, "a")
    (gallery.folder / "gallery.json").unlink()
    assert list(open_gallery().people) == ["a"]


def test_gallery_json_says_what_it_is(open_gallery: OpenGallery) -> None:
    gallery = open_gallery()
    assert json.loads((gallery.folder / "gallery.json").read_bytes()) == {
        "format": 1,
        "version": 1,
        "network": "a" * 64,
        "network_name": "testnet",
        "people": "people",
    }
