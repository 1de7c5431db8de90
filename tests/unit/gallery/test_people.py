"""One person's file: what goes in comes out, and what does not fit is refused with a mend."""

import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twinface.errors import ArtefactError, FingerprintError, InputError
from twinface.gallery import PersonVectors, person_path, read_features, read_person, write_features, write_person
from twinface.gallery.names import checked_name
from twinface.gallery.person import appended, slug_of

MakePerson = Callable[..., PersonVectors]


def test_a_person_comes_back_as_written(tmp_path: Path, key: bytes, make_person: MakePerson) -> None:
    person = make_person("Zoë Ångström", 3)
    path = person_path(tmp_path, person.name)
    write_person(path, person, key)
    back = read_person(path, key)
    assert (back.name, back.files, back.network) == (person.name, person.files, person.network)
    assert back.vectors.dtype == back.quality.dtype == np.float32
    np.testing.assert_array_equal(back.vectors, person.vectors)
    np.testing.assert_array_equal(back.quality, person.quality)


def test_only_the_owner_may_read_a_person(tmp_path: Path, key: bytes, make_person: MakePerson) -> None:
    write_person(tmp_path / "p.pkl", make_person(), key)
    assert stat.S_IMODE((tmp_path / "p.pkl").stat().st_mode) == 0o600


def test_a_view_of_a_larger_matrix_is_written_as_itself(tmp_path: Path, key: bytes, make_person: MakePerson) -> None:
    person = make_person(count=4)
    halves = {"files": person.files[::2], "vectors": person.vectors[::2], "sources": person.sources[::2]}
    every_other = replace(person, **halves, quality=person.quality[::2])
    write_person(tmp_path / "p.pkl", every_other, key)
    np.testing.assert_array_equal(read_person(tmp_path / "p.pkl", key).vectors, person.vectors[::2])


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(make_person: MakePerson, bad: float) -> None:
    person = make_person()
    vectors = person.vectors.copy()
    vectors[1, 3] = bad
    with pytest.raises(ArtefactError, match=r"Zoë: vectors that are not finite.*extract again"):
        replace(person, vectors=vectors)


@pytest.mark.parametrize(
    "vectors",
    [np.ones(8, np.float32), np.ones((2, 8), np.float64), np.ones((2, 0), np.float32), np.ones((3, 8), np.float32)],
)
def test_vectors_of_a_wrong_form_are_refused(make_person: MakePerson, vectors: np.ndarray) -> None:
    with pytest.raises(ArtefactError, match="extract again"):
        replace(make_person(), vectors=vectors)


@given(st.text(min_size=1, max_size=60))
@settings(deadline=None)
def test_any_name_has_a_slug_that_is_a_safe_file_name(name: str) -> None:
    try:
        slug = slug_of(checked_name(name))
    except InputError:
        return
    assert slug.isascii()
    assert slug == slug.lower()
    assert not set(slug) - set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert 0 < len(slug) <= 60


def test_names_that_look_alike_have_slugs_of_their_own() -> None:
    names = ["Zoe", "Zoë", "zoe", "ZOE", "zo-e", "李明", "李铭", "../../etc/passwd", "etc passwd", "🙂", "🙃"]
    assert len({slug_of(name) for name in names}) == len(names)


def test_the_same_picture_is_appended_once(make_person: MakePerson) -> None:
    person = make_person(count=3)
    again = replace(person, files=("copy.jpg",) * 3)
    assert appended(person, again).files == person.files
    twice = replace(person, vectors=person.vectors[[0, 0, 1]])
    assert appended(None, twice).files == (person.files[0], person.files[2])


def test_pictures_of_one_name_in_two_folders_are_two(make_person: MakePerson) -> None:
    first, second = make_person("a", 1), replace(make_person("b", 1), name="a", files=("a_0.jpg",))
    assert appended(first, second).files == ("a_0.jpg", "a_0.jpg")


def test_features_come_back_in_the_order_of_names(tmp_path: Path, key: bytes, make_person: MakePerson) -> None:
    write_features(tmp_path, [make_person("b"), make_person("a")], key)
    assert [person.name for person in read_features(tmp_path, key)] == ["a", "b"]


def test_features_of_two_networks_are_not_mixed(tmp_path: Path, key: bytes, make_person: MakePerson) -> None:
    write_features(tmp_path, [make_person("a"), make_person("b", network="b" * 64)], key)
    with pytest.raises(FingerprintError, match="a and b are of two networks"):
        read_features(tmp_path, key)


def test_features_of_two_lengths_are_not_mixed(tmp_path: Path, key: bytes, make_person: MakePerson) -> None:
    write_features(tmp_path, [make_person("a"), make_person("b", dimension=9)], key)
    with pytest.raises(ArtefactError, match="differ in length"):
        read_features(tmp_path, key)


@pytest.mark.parametrize("folder", ["missing", "."])
def test_a_folder_without_features_says_how_to_make_them(tmp_path: Path, key: bytes, folder: str) -> None:
    with pytest.raises(ArtefactError, match="twinface extract"):
        read_features(tmp_path / folder, key)
