"""Vectors of one kind of picture told as if they were of no kind: directions move, lengths stay."""

import numpy as np
import pytest

from twinface.matching.vectors import adjust, centre, normalised

RNG = np.random.default_rng(2)
PRIOR = (0.1 * RNG.normal(size=24)).astype(np.float32)
OWN = (PRIOR + 0.06 * RNG.normal(size=24)).astype(np.float32)
UNIT = normalised((OWN + normalised(RNG.normal(size=(4000, 24)))).astype(np.float32))
VECTORS = (RNG.uniform(2.0, 20.0, size=(4000, 1)) * UNIT).astype(np.float32)
LENGTHS = np.linalg.norm(VECTORS, axis=1)


def test_vectors_stay_as_long_as_they_are() -> None:
    adjusted = adjust(VECTORS, OWN, PRIOR)
    assert adjusted.dtype == np.float32
    assert np.linalg.norm(adjusted, axis=1) == pytest.approx(LENGTHS, rel=1e-5)
    assert np.linalg.norm(centre(VECTORS, PRIOR), axis=1) == pytest.approx(LENGTHS, rel=1e-5)
    assert normalised(adjusted) != pytest.approx(UNIT, abs=1e-2)


def test_nothing_happens_where_the_averages_are_equal() -> None:
    assert np.array_equal(adjust(VECTORS, PRIOR, PRIOR), VECTORS)
    assert np.array_equal(adjust(VECTORS, np.tile(PRIOR, (len(VECTORS), 1)), PRIOR), VECTORS)


def test_what_a_kind_has_in_common_is_gone() -> None:
    average = UNIT.mean(axis=0)
    left = normalised(centre(adjust(VECTORS, average, PRIOR), PRIOR)).mean(axis=0)
    before = normalised(centre(VECTORS, PRIOR)).mean(axis=0)
    assert np.linalg.norm(left) < 0.03
    assert np.linalg.norm(left) < 0.2 * np.linalg.norm(before)


def test_each_vector_may_have_an_average_of_its_own() -> None:
    averages = np.stack([OWN, PRIOR, 2 * OWN])
    together = adjust(VECTORS[:3], averages, PRIOR)
    alone = [adjust(VECTORS[row : row + 1], averages[row], PRIOR)[0] for row in range(3)]
    assert together == pytest.approx(np.stack(alone), rel=1e-5)
    assert together[1] == pytest.approx(VECTORS[1], rel=1e-5)


def test_how_long_a_vector_is_does_not_turn_it() -> None:
    assert normalised(adjust(7.0 * VECTORS, OWN, PRIOR)) == pytest.approx(
        normalised(adjust(VECTORS, OWN, PRIOR)), abs=1e-5
    )


def test_a_vector_of_zeros_stays_one() -> None:
    nothing = np.zeros((1, 24), np.float32)
    assert not adjust(nothing, OWN, PRIOR).any()
    assert not centre(nothing, PRIOR).any()
