"""Crops beside vectors: they go where their person goes, and nothing of them stays behind."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError, SignatureError
from twinface.gallery import Gallery, PersonVectors, person_path
from twinface.gallery.person_files import crop_key, crops_path

OpenGallery = Callable[..., Gallery]
MakePerson = Callable[..., PersonVectors]
Keep = Callable[..., dict[str, bytes]]


@pytest.fixture
def keep(make_person: MakePerson) -> Keep:
    """Adds a random person with a crop for each vector; returns the crops."""

    def add(gallery: Gallery, name: str, count: int = 2) -> dict[str, bytes]:
        person = make_person(name, count)
        crops = [f"crop {number} of {name}".encode() for number in range(count)]
        gallery.add(name, person.files, person.vectors, person.quality, crops)
        return dict(zip(map(crop_key, person.vectors), crops, strict=True))

    return add


def files_of(gallery: Gallery) -> list[str]:
    return sorted(path.name for path in (gallery.folder / "people").iterdir())


def test_no_picture_is_stored_unless_it_is_given(open_gallery: OpenGallery, enrol: Callable[..., int]) -> None:
    gallery = open_gallery()
    enrol(gallery, "a")
    assert gallery.crops("a") == {}
    assert not gallery.keeps_crops("a")
    assert len(files_of(gallery)) == 1


def test_crops_are_found_by_their_vectors_and_readable_by_the_owner_only(open_gallery: OpenGallery, keep: Keep) -> None:
    gallery = open_gallery()
    first = keep(gallery, "a", 2)
    assert open_gallery().crops("a") == first
    assert gallery.keeps_crops("a")
    assert stat.S_IMODE(crops_path(gallery.folder / "people", "a").stat().st_mode) == 0o600
    more = keep(gallery, "a", 3)
    assert gallery.crops("a") == first | more
    assert len(gallery.people["a"].files) == 3


def test_adding_known_pictures_again_keeps_the_crops_they_had_not(
    open_gallery: OpenGallery, keep: Keep, enrol: Callable[..., int]
) -> None:
    gallery = open_gallery()
    enrol(gallery, "a", 2)
    version = gallery.version
    crops = keep(gallery, "a", 2)
    assert gallery.crops("a") == crops
    assert (gallery.version, len(gallery.people["a"].files)) == (version, 2)


def test_crops_need_one_for_each_vector(open_gallery: OpenGallery, make_person: MakePerson) -> None:
    gallery, person = open_gallery(), make_person("a", 2)
    with pytest.raises(ValueError, match="shorter"):
        gallery.add("a", person.files, person.vectors, person.quality, [b"one"])


def test_a_removed_persons_crops_are_gone(open_gallery: OpenGallery, keep: Keep) -> None:
    gallery = open_gallery()
    keep(gallery, "a")
    keep(gallery, "b")
    gallery.remove("a")
    assert not crops_path(gallery.folder / "people", "a").exists()
    assert len(files_of(gallery)) == 2


def test_crops_follow_a_new_name(open_gallery: OpenGallery, keep: Keep) -> None:
    gallery = open_gallery()
    crops = keep(gallery, "a")
    gallery.rename("a", "b")
    assert gallery.crops("b") == crops
    assert len(files_of(gallery)) == 2


def test_merging_two_keeps_every_picture_and_crop_of_both(open_gallery: OpenGallery, keep: Keep) -> None:
    gallery = open_gallery()
    crops = keep(gallery, "a", 2) | keep(gallery, "b", 3)
    gallery.rename("a", "b", merge=True)
    again = open_gallery()
    assert list(again.people) == ["b"]
    assert sorted(again.people["b"].files) == ["a_0.jpg", "a_1.jpg", "b_0.jpg", "b_1.jpg", "b_2.jpg"]
    assert again.crops("b") == crops
    assert len(files_of(gallery)) == 2


def test_merging_into_nobody_is_a_rename(open_gallery: OpenGallery, keep: Keep) -> None:
    gallery = open_gallery()
    keep(gallery, "a")
    gallery.rename("a", "b", merge=True)
    assert list(open_gallery().people) == ["b"]


def test_what_a_crash_left_is_removed_by_the_next_change(open_gallery: OpenGallery, keep: Keep) -> None:
    gallery = open_gallery()
    keep(gallery, "a")
    keep(gallery, "b")
    people = gallery.folder / "people"
    person_path(people, "a").unlink()
    (people / ".b.pkl.x8kq2").write_bytes(b"half a person")
    (people / ".b.crops.x8kq2").write_bytes(b"half their crops")
    (gallery.folder / "people-77").mkdir()
    (gallery.folder / "people-77" / "b.pkl").write_bytes(b"of a rebuild that was killed")
    (gallery.folder / "people-of-mine").mkdir()
    keep(open_gallery(), "b", 3)
    assert files_of(gallery) == [path.name for path in (crops_path(people, "b"), person_path(people, "b"))]
    assert sorted(path.name for path in gallery.folder.iterdir() if path.is_dir()) == ["people", "people-of-mine"]


def test_damaged_crops_are_found_and_cost_no_vector(open_gallery: OpenGallery, keep: Keep) -> None:
    gallery = open_gallery()
    keep(gallery, "a")
    path = crops_path(gallery.folder / "people", "a")
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert isinstance(gallery.verify()[path], SignatureError)
    assert list(open_gallery().people) == ["a"]
    with pytest.raises(SignatureError):
        keep(gallery, "a", 3)
    assert len(open_gallery().people["a"].files) == 2
    gallery.remove("a")
    assert files_of(gallery) == []


def test_crops_of_another_make_are_refused(open_gallery: OpenGallery, keep: Keep, key: bytes, tmp_path: Path) -> None:
    from twinface.gallery.person_files import read_crops
    from twinface.gallery.signing import seal

    path = tmp_path / "x.crops"
    for value in ({"format": 2, "crops": {}}, {"format": 1, "crops": [b"x"]}, {"format": 1, "crops": {"a": "text"}}):
        path.write_bytes(seal(value, key))
        with pytest.raises(ArtefactError, match=os.fspath(path)):
            read_crops(path, key)


def test_the_key_is_of_the_numbers_not_of_their_place() -> None:
    matrix = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert crop_key(matrix[:, 1]) == crop_key(np.array([1, 4], np.float32))
    assert crop_key(matrix[0]) != crop_key(matrix[1])
