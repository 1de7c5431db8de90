"""Two people among the pictures of one are found, on vectors whose cosines are known."""

import numpy as np
import pytest

from twinface.enrolment.likeness import compare_groups, find_two_clusters
from twinface.matching import load_head
from twinface.types import Vectors

HEAD = load_head(None, "a" * 64)


def pictures_of(person: int, count: int, cosine: float = 0.6) -> Vectors:
    """Unit vectors with this cosine to each other, and 0 to those of others."""
    vectors = np.zeros((count, 120), np.float32)
    vectors[:, person] = np.sqrt(cosine)
    for number in range(count):
        vectors[number, 10 + 20 * person + number] = np.sqrt(1 - cosine)
    return 10 * vectors


def between(person: int, other: int, count: int, share: float) -> Vectors:
    """Pictures of a person that are a bit like somebody else's, as profiles are."""
    return (pictures_of(person, count, 0.4) + share * pictures_of(other, count, 0.4)).astype(np.float32)


@pytest.mark.parametrize("counts", [(2, 2), (2, 8), (8, 2), (5, 5), (10, 3)])
def test_two_people_are_found_with_the_pictures_of_the_one_with_less(counts: tuple[int, int]) -> None:
    first, second = counts
    found = find_two_clusters(np.concatenate([pictures_of(0, first), pictures_of(1, second)]), HEAD)
    assert found is not None
    assert len(found.rows) == min(counts)
    assert set(found.rows) <= set(range(first)) or set(found.rows) <= set(range(first, first + second))
    assert not found.likeness.is_one_person
    assert found.likeness.score < found.likeness.bound


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 10, 19])
def test_one_person_is_one(count: int) -> None:
    assert find_two_clusters(pictures_of(0, count), HEAD) is None


def test_one_person_from_the_front_and_from_the_side_is_one() -> None:
    frontal, profiles = pictures_of(0, 6, 0.7), between(0, 3, 4, 0.8)
    assert find_two_clusters(np.concatenate([frontal, profiles]), HEAD) is None


def test_the_same_picture_many_times_is_one_person() -> None:
    assert find_two_clusters(np.repeat(pictures_of(0, 1), 6, axis=0), HEAD) is None


def test_single_odd_pictures_neither_count_nor_hide_two_people() -> None:
    odd = [pictures_of(person, 1) for person in (2, 3)]
    assert find_two_clusters(np.concatenate([pictures_of(0, 6), *odd]), HEAD) is None
    found = find_two_clusters(np.concatenate([*odd, pictures_of(0, 6), pictures_of(1, 3)]), HEAD)
    assert found is not None
    assert set(found.rows) >= {8, 9, 10}
    assert not set(found.rows) & set(range(2, 8))


def test_three_people_are_not_one_either() -> None:
    assert find_two_clusters(np.concatenate([pictures_of(person, 3) for person in (0, 1, 2)]), HEAD) is not None


def test_groups_are_compared_as_they_are_matched() -> None:
    likeness = compare_groups(pictures_of(0, 3), pictures_of(0, 6)[3:], HEAD)
    assert likeness.is_one_person
    assert not compare_groups(pictures_of(0, 1), pictures_of(1, 4), HEAD).is_one_person
