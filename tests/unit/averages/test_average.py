"""An average is that of different faces, held to the bundled one by how few these are."""

from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from twinface.averages import FEWEST, MOVED, PRIOR_COUNT, Averages, AveragesInUse, Clusters, averages_of_people
from twinface.averages.average import ENROLLED_PRIOR_COUNT, MOST_SHIFT, Tally
from twinface.errors import ArtefactError
from twinface.gallery import PersonVectors

DIMENSION = 8
PRIOR = np.full(DIMENSION, 0.1, np.float32)


def axis(number: int, length: float = 1.0) -> NDArray[np.float32]:
    return np.asarray(length * np.eye(DIMENSION, dtype=np.float32)[number], np.float32)


SPREAD = [axis(number) for number in range(4)]
"""Pictures of a person whose mean lies so near to PRIOR that the bound on a shift is out of reach."""


def person(name: str, vectors: Sequence[NDArray[np.float32]], sources: tuple[str, ...] = ()) -> PersonVectors:
    files = tuple(map(str, range(len(vectors))))
    return PersonVectors(name, files, np.stack(vectors), np.ones(len(vectors), np.float32), "n", sources)


def people(count: int, vectors: Sequence[NDArray[np.float32]], source: str = "photos") -> dict[str, PersonVectors]:
    names = [f"person {number}" for number in range(count)]
    return {name: person(name, vectors, (source,) * len(vectors)) for name in names}


def no_faces() -> dict[str, Clusters]:
    return {}


def test_the_bundled_average_counts_as_so_many_people() -> None:
    found = averages_of_people(people(30, [7.0 * one for one in SPREAD]).values(), PRIOR)
    expected = (ENROLLED_PRIOR_COUNT * PRIOR + 30 * np.mean(SPREAD, axis=0)) / (ENROLLED_PRIOR_COUNT + 30)
    np.testing.assert_allclose(found.of("photos"), expected, rtol=1e-5)
    assert found.of("photos").dtype == np.float32


def test_a_person_counts_once_however_many_pictures_there_are() -> None:
    one, two = [axis(0, 3.0)], [axis(0), axis(0, 2.0), axis(0, 9.0)]
    first = averages_of_people([*people(29, one).values(), person("last", one)], PRIOR)
    second = averages_of_people([*people(29, one).values(), person("last", two)], PRIOR)
    np.testing.assert_allclose(first.of("photos"), second.of("photos"), rtol=1e-5)


def test_pictures_count_for_their_own_source() -> None:
    sources = ("photos", "camera:a", "camera:a", "photos")
    mixed = [person(str(n), [axis(0), axis(1), axis(2), axis(3)], sources) for n in range(20)]
    found = averages_of_people(mixed, PRIOR)
    of_photos = (ENROLLED_PRIOR_COUNT * PRIOR + 10 * (axis(0) + axis(3))) / (ENROLLED_PRIOR_COUNT + 20)
    np.testing.assert_allclose(found.of("photos"), of_photos, rtol=1e-5)
    of_camera = (PRIOR_COUNT * PRIOR + 10 * (axis(1) + axis(2))) / (PRIOR_COUNT + 20)
    np.testing.assert_allclose(found.of("camera:a"), of_camera, rtol=1e-5)
    np.testing.assert_array_equal(found.of("camera:b"), PRIOR)


def test_fewer_than_enough_people_have_the_bundled_average() -> None:
    few, enough = (averages_of_people(people(count, [axis(0)]).values(), PRIOR) for count in (FEWEST - 1, FEWEST))
    np.testing.assert_array_equal(few.of("photos"), PRIOR)
    assert np.linalg.norm(enough.of("photos") - PRIOR) > 0.1
    assert (few.known["photos"].is_frozen, enough.known["photos"].is_frozen) == (True, False)
    assert few.known["photos"].people == FEWEST - 1


def test_no_average_lies_further_from_the_bundled_one_than_any_camera_does() -> None:
    for count in (10**3, 10**6):
        shift = Tally(count, count * axis(3)).average(PRIOR) - PRIOR
        assert np.linalg.norm(shift) == pytest.approx(MOST_SHIFT, rel=1e-5)
        np.testing.assert_allclose(shift / MOST_SHIFT, (axis(3) - PRIOR) / np.linalg.norm(axis(3) - PRIOR), atol=1e-3)


def test_vectors_of_another_network_are_refused() -> None:
    with pytest.raises(ArtefactError, match="photos have 8 numbers, the bundled average has 4"):
        averages_of_people(people(2, [axis(0)]).values(), PRIOR[:4])


def test_the_snapshot_stays_until_an_average_has_moved() -> None:
    in_use = AveragesInUse(no_faces, PRIOR)
    known = people(30, SPREAD)
    assert in_use.refresh(known)
    assert not in_use.refresh(known)
    first = in_use.snapshot
    assert not in_use.refresh(people(31, SPREAD))
    assert in_use.snapshot is first
    assert in_use.latest.known["photos"].people == 31
    assert in_use.refresh(people(60, SPREAD))
    assert in_use.snapshot.version == first.version + 1
    assert np.linalg.norm(in_use.snapshot.of("photos") - first.of("photos")) > MOVED


def test_small_steps_add_up_to_a_move() -> None:
    in_use, versions = AveragesInUse(no_faces, PRIOR), []
    for count in range(30, 200):
        in_use.refresh(people(count, SPREAD))
        versions.append(in_use.snapshot.version)
        exact = averages_of_people(people(count, SPREAD).values(), PRIOR)
        assert not exact.moved_from(in_use.snapshot)
    assert 3 <= versions[-1] <= 30


def test_what_has_gone_is_a_move_too() -> None:
    in_use = AveragesInUse(no_faces, PRIOR)
    in_use.refresh(people(30, [axis(0)]))
    assert in_use.refresh({})
    np.testing.assert_array_equal(in_use.snapshot.of("photos"), PRIOR)
    assert in_use.gauges == {"average_people photos": 0}


def test_what_a_camera_has_shown_counts_more_than_who_is_enrolled_from_it() -> None:
    faces = {"camera:a": Clusters.none(DIMENSION)}
    for number in range(DIMENSION):
        faces["camera:a"] = faces["camera:a"].learnt(axis(number), 0 * PRIOR, number)
    in_use = AveragesInUse(lambda: faces, PRIOR)
    in_use.refresh({**people(30, [axis(0)], "camera:a"), "b": person("b", [axis(1)], ("camera:b",))})
    assert in_use.gauges == {"average_people camera:a": DIMENSION, "average_people camera:b": 1}


def test_people_with_vectors_of_another_length_stop_nobody() -> None:
    in_use = AveragesInUse(no_faces, PRIOR[:4])
    assert in_use.refresh(people(30, [axis(0)]))
    assert in_use.snapshot.known == {}


def test_without_people_there_is_the_bundled_average_from_the_start() -> None:
    assert Averages(0, PRIOR).of("photos") is PRIOR
    assert AveragesInUse(no_faces, PRIOR).snapshot.of("camera:door") is PRIOR
