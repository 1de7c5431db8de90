"""Plain cosine as a score, where no head is bundled."""

import numpy as np
import pytest

from twinface.errors import ArtefactError
from twinface.matching import load_head
from twinface.matching.head_spec import SFACE_SCALE
from twinface.matching.vectors import checked_unit_vectors, checked_vectors, normalised

HEAD = load_head(None, "a" * 64)


def at_cosine(cosine: float) -> np.ndarray:
    """A vector of length 3 at that cosine to (1, 0)."""
    return 3.0 * np.array([[cosine, np.sqrt(1.0 - cosine**2)]], np.float32)


def test_the_offset_is_the_decision_point() -> None:
    one = np.array([[2.0, 0.0]], np.float32)
    assert HEAD.score_pairs(one, at_cosine(SFACE_SCALE.offset))[0] == pytest.approx(0.5, abs=1e-4)
    assert HEAD.score_pairs(one, at_cosine(0.6))[0] > 0.99
    assert HEAD.score_pairs(one, at_cosine(0.2))[0] < 0.01


def test_scores_are_calibrated_cosines_whatever_the_lengths(random: np.random.Generator) -> None:
    gallery, probes = (random.normal(size=(n, 16)).astype(np.float32) for n in (9, 4))
    scores = HEAD.prepare(gallery)(probes)
    cosines = (probes @ gallery.T) / np.outer(np.linalg.norm(probes, axis=1), np.linalg.norm(gallery, axis=1))
    expected = 1.0 / (1.0 + np.exp(-SFACE_SCALE.slope * (cosines - SFACE_SCALE.offset)))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, rtol=1e-4, atol=1e-6)


def test_all_ways_of_scoring_agree(random: np.random.Generator) -> None:
    gallery, probes = (random.normal(size=(n, 16)).astype(np.float32) for n in (9, 4))
    scores = HEAD.prepare(gallery)(probes)
    for row, probe in enumerate(probes):
        np.testing.assert_allclose(HEAD.score(probe, gallery), scores[row], atol=1e-5)
        np.testing.assert_allclose(HEAD.score_pairs(np.repeat(probe[None], 9, 0), gallery), scores[row], atol=1e-5)


def test_a_vector_of_zeros_is_like_nobody() -> None:
    assert HEAD.score(np.zeros(2, np.float32), at_cosine(1.0))[0] < 1e-5


@pytest.mark.parametrize("shape", [(0, 0), (0, 16)])
def test_an_empty_gallery_gives_no_scores(shape: tuple[int, int], random: np.random.Generator) -> None:
    probes = random.normal(size=(3, 16)).astype(np.float32)
    assert HEAD.prepare(np.empty(shape, np.float32))(probes).shape == (3, 0)
    assert HEAD.score(probes[0], np.empty(shape, np.float32)).shape == (0,)


def test_no_probes_give_no_scores(random: np.random.Generator) -> None:
    gallery = random.normal(size=(3, 16)).astype(np.float32)
    assert HEAD.prepare(gallery)(np.empty((0, 16), np.float32)).shape == (0, 3)


def test_vectors_of_another_length_are_refused() -> None:
    gallery = np.ones((3, 16), np.float32)
    with pytest.raises(ArtefactError, match=r"shape \(1, 8\), expected \(n, 16\).*with the same network"):
        HEAD.score(np.ones(8, np.float32), gallery)
    with pytest.raises(ArtefactError, match="with the same network"):
        HEAD.score_pairs(gallery, np.ones((3, 8), np.float32))


@pytest.mark.parametrize("bad", [np.nan, -np.inf])
def test_vectors_that_are_not_finite_are_refused(bad: float) -> None:
    vectors = np.ones((3, 16), np.float32)
    vectors[1, 1] = bad
    good = np.ones((3, 16), np.float32)
    for call in (
        lambda: HEAD.prepare(vectors),
        lambda: HEAD.prepare(good)(vectors),
        lambda: HEAD.score_pairs(good, vectors),
    ):
        with pytest.raises(ArtefactError, match="not finite numbers; check the network"):
            call()


def test_numbers_whose_squares_overflow_are_numbers() -> None:
    vectors = np.full((2, 4), 1e30, np.float32)
    assert checked_vectors(vectors, 4) is vectors
    vectors[1, 2] = np.inf
    with pytest.raises(ArtefactError, match="not finite"):
        checked_vectors(vectors, 4)


@pytest.mark.parametrize("length", [1e-18, 1e-3, 1.0, 1e17])
def test_a_single_vector_of_any_length_comes_to_length_one(length: float, random: np.random.Generator) -> None:
    direction = random.normal(size=(1, 128)).astype(np.float32)
    unit = checked_unit_vectors(direction * np.float32(length / np.linalg.norm(direction)), 128)
    np.testing.assert_allclose(unit, direction / np.linalg.norm(direction), rtol=1e-5)
    assert unit.dtype == np.float32


def test_a_single_vector_that_is_no_number_is_refused() -> None:
    for wrong in (np.nan, np.inf):
        with pytest.raises(ArtefactError, match="not finite"):
            checked_unit_vectors(np.full((1, 4), wrong, np.float32), 4)
    np.testing.assert_array_equal(checked_unit_vectors(np.zeros((1, 4), np.float32), 4), np.zeros((1, 4)))


def test_single_vectors_and_several_are_made_the_same(random: np.random.Generator) -> None:
    vectors = random.normal(size=(20, 128)).astype(np.float32)
    singly = np.concatenate([checked_unit_vectors(vector[np.newaxis], 128) for vector in vectors])
    np.testing.assert_allclose(singly, normalised(vectors), atol=2e-7)
