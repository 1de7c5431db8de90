import numpy as np
import pytest
from numpy.typing import NDArray

from twinface.evaluation.figures.open_set import (
    Searches,
    can_identify,
    outcomes,
    search_open_set,
    worst_confusions,
)
from twinface.evaluation.figures.results import measure_identification
from twinface.progress import no_progress
from twinface.settings import MatchingSettings
from twinface.types import Scorer, Vectors


def search(matrix: NDArray[np.float32], person: NDArray[np.int32], seed: int = 0) -> Searches:
    """Pictures whose vectors are their places in the matrix, so that scores are looked up there."""

    def prepare(gallery: Vectors) -> Scorer:
        return lambda probes: matrix[np.ix_(probes[:, 0].astype(int), gallery[:, 0].astype(int))]

    places = np.arange(len(person), dtype=np.float32)[:, np.newaxis]
    return search_open_set(places, prepare, person, MatchingSettings(rule="best-k"), seed=seed, show=no_progress)


def block_matrix(person: NDArray[np.int32], noise: float = 0.0) -> NDArray[np.float32]:
    """1 for two pictures of one person, 0 for two of different people, and noise on both."""
    matrix = (person[:, np.newaxis] == person).astype(np.float32)
    blur = np.random.default_rng(0).normal(0, noise, matrix.shape)
    return (matrix + blur + blur.T).astype(np.float32)


def test_people_told_apart_perfectly_are_all_named_and_strangers_are_not() -> None:
    person = np.repeat(np.arange(10), 6).astype(np.int32)
    searches = search(block_matrix(person), person)
    # 20 draws; five people with 3 of 6 pictures in the gallery, the other five with all 6 as strangers.
    assert np.count_nonzero(searches.known) == 20 * 5 * 3
    assert np.count_nonzero(~searches.known) == 20 * 5 * 6
    found = measure_identification("best-k", searches, seed=0)
    assert found.rank1 == 1.0
    assert found.figures.eer == 0.0
    assert found.confusions == []
    assert all(one.missed == one.misranked == one.false_positives == 0 for one in found.outcomes)


def test_a_picture_is_never_searched_for_in_a_gallery_that_has_it() -> None:
    """Had a probe been in its own gallery, the 5 would show as its score."""
    person = np.repeat(np.arange(8), 4).astype(np.int32)
    matrix = block_matrix(person)
    np.fill_diagonal(matrix, 5.0)
    assert search(matrix, person).score.max() == pytest.approx(1.0)


def test_people_with_too_few_pictures_are_always_strangers() -> None:
    person = np.array([0] * 5 + [1] * 5 + [2] * 3 + [3], np.int32)
    assert can_identify(person)
    searches = search(block_matrix(person), person)
    assert set(searches.person[searches.probe[searches.known]]) == {0, 1}
    assert {2, 3} <= set(searches.person[searches.probe[~searches.known]])
    assert not can_identify(np.array([0] * 5 + [1] * 3 + [2] * 3 + [3], np.int32))
    assert not can_identify(np.array([0] * 5 + [1] * 5 + [2], np.int32))


def test_the_best_three_of_a_person_count() -> None:
    """One lucky score of a stranger does not outdo three good ones of the right person."""
    person = np.repeat(np.arange(4), 4).astype(np.int32)
    matrix = np.where(person[:, np.newaxis] == person, 0.6, 0.1).astype(np.float32)
    matrix[0, 4], matrix[4, 0] = 0.9, 0.9
    assert search(matrix, person).right[search(matrix, person).known].all()


def test_twins_are_named_as_the_worst_confusion() -> None:
    person = np.repeat(np.arange(10), 6).astype(np.int32)
    alike = np.where(person == 1, 0, person)
    matrix = block_matrix(alike.astype(np.int32), noise=0.05)
    searches = search(matrix, person)
    twins = {(int(person[one.probe]), one.taken_for) for one in worst_confusions(searches, 0.5, 5)}
    assert twins == {(0, 1), (1, 0)}
    worst = outcomes(searches, 0.5)[:2]
    assert {one.person for one in worst} == {0, 1}
    assert all(one.false_positives > 0 for one in worst)
    assert sum(one.known for one in outcomes(searches, 0.5)) == np.count_nonzero(searches.known)


def test_rates_are_told_only_where_the_strangers_carry_them() -> None:
    few = np.repeat(np.arange(10), 6).astype(np.int32)
    assert search(block_matrix(few, 0.1), few).carried_rates() == []
    assert measure_identification("best-k", search(block_matrix(few, 0.1), few), seed=0).rate is None
    enough = np.repeat(np.arange(60), 6).astype(np.int32)
    found = measure_identification("best-k", search(block_matrix(enough, 0.2), enough), seed=0)
    assert set(found.figures.accepted_at) == {"0.01"}
    named = found.searches.score[~found.searches.known] >= found.threshold
    assert 0.005 < named.mean() <= 0.01


def test_a_wrong_name_is_a_miss_at_every_threshold() -> None:
    person = np.arange(4, dtype=np.int32)
    searches = Searches(
        probe=np.array([0, 1, 2], np.int32),
        found=np.array([0, 2, 0], np.int32),
        score=np.array([0.9, 0.9, 0.3], np.float32),
        known=np.array([True, True, False]),
        person=person,
    )
    assert searches.as_pairs().scores.tolist() == pytest.approx([0.9, -np.inf, 0.3])
    first, second, third = sorted(outcomes(searches, 0.5), key=lambda one: one.person)
    assert (first.missed, second.missed, second.misranked) == (0, 1, 1)
    assert (third.strange, third.false_positives) == (1, 0)
    assert outcomes(searches, 0.2)[-1].person == 0
