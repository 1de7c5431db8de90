"""From strangers who come to a gallery to the score that keeps them nameless."""

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinface.matching.threshold import DEFAULT_A_PERSON, DEFAULT_AT_MOST, imagined_rate, least_score, share_asked_for

TAIL = np.array([[3e-2, 2.9e-2], [1e-2, 9e-3], [1e-3, 6e-4], [1e-4, 3e-5]], np.float32)
AS_REAL = np.array([[1e-1, 1e-1], [1e-5, 1e-5]], np.float32)
"""Of imagined strangers who are as alike as real ones."""


def _scores(logits: np.ndarray) -> np.ndarray:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(logits, -80.0, 80.0))), np.float32)


def _logit(score: float) -> float:
    return math.log(score / (1.0 - score))


BEST = _scores(np.random.default_rng(1).logistic(-6.0, 1.0, size=3000))


def test_where_nothing_is_asked_for_it_is_so_many_a_person_and_no_more_than_a_bound() -> None:
    assert share_asked_for(None, 1) == DEFAULT_A_PERSON
    assert share_asked_for(None, 7) == pytest.approx(7 * DEFAULT_A_PERSON)
    assert share_asked_for(None, 1000) == DEFAULT_AT_MOST
    assert share_asked_for(0.25, 1) == share_asked_for(0.25, 1000) == 0.25


@pytest.mark.parametrize("share", [0.3, 0.1, 0.01, 10 / 3000])
def test_where_enough_are_above_it_is_what_so_many_reach(share: float) -> None:
    needed = least_score([BEST], 1, share, AS_REAL)
    above = len(BEST) - np.searchsorted(np.sort(BEST), needed - 1e-7)
    assert above == pytest.approx(share * len(BEST), abs=1)


@pytest.mark.parametrize("share", [1e-3, 1e-4, 1e-5])
@pytest.mark.parametrize("people", [1, 20, 1000])
def test_beyond_the_last_few_it_is_the_best_of_so_many_normal_logits(share: float, people: int) -> None:
    deviate = NormalDist(mu=-6.0, sigma=1.5).inv_cdf
    reached = 1.0 - (np.arange(3000) + 0.5) / 3000
    best = np.array([deviate((1.0 - above) ** (1 / people)) for above in reached])
    needed = least_score([_scores(best)], people, share, AS_REAL)
    assert _logit(needed) == pytest.approx(deviate((1.0 - share) ** (1 / people)), abs=0.05)


@given(st.integers(0, 50), st.floats(1e-6, 0.5), st.floats(1.0, 1000.0), st.integers(1, 2000))
def test_the_fewer_may_be_named_the_higher_is_the_score(seed: int, share: float, less: float, people: int) -> None:
    rng = np.random.default_rng(seed)
    best = [_scores(rng.standard_t(1 + seed % 9, size=(200, 3000)[seed % 2]) * 2.0 - 5.0)]
    at_least = least_score(best, people, share, TAIL)
    assert least_score(best, people, share / less, TAIL) >= at_least
    assert 0.0 < at_least <= 1.0


@given(st.floats(1e-6, 0.2), st.integers(1, 1000), st.integers(1, 1000))
def test_the_more_people_the_higher_is_the_score_for_the_same_strangers(share: float, few: int, more: int) -> None:
    assert least_score([BEST], few + more, share, TAIL) >= least_score([BEST], few, share, TAIL)


def test_the_kind_of_picture_that_names_most_decides() -> None:
    higher = _scores(np.log(BEST / (1 - BEST)) + 2.0)
    worst = least_score([higher], 20, 1e-3, TAIL)
    assert least_score([BEST, higher], 20, 1e-3, TAIL) == least_score([higher, BEST], 20, 1e-3, TAIL) == worst
    assert worst > least_score([BEST], 20, 1e-3, TAIL)


def test_imagined_strangers_who_are_less_alike_raise_the_score() -> None:
    for share in (0.02, 1e-3, 1e-5):
        assert least_score([BEST], 1, share, TAIL) > least_score([BEST], 1, share, AS_REAL)


@pytest.mark.parametrize("best", [np.zeros(3000), np.ones(3000), np.full(3000, 0.5), np.zeros(3)])
@pytest.mark.parametrize("share", [0.5, 1e-2, 1e-7])
def test_scores_that_say_nothing_give_one_all_the_same(best: np.ndarray, share: float) -> None:
    needed = least_score([best.astype(np.float32)], 1, share, TAIL)
    assert needed == pytest.approx(float(best[0]), abs=1e-6)


def test_measured_rates_are_met_and_the_ones_between_lie_between() -> None:
    for rate, imagined in TAIL.tolist():
        assert imagined_rate(rate, TAIL) == pytest.approx(imagined, rel=1e-4)
    assert imagined_rate(math.sqrt(1e-3 * 1e-4), TAIL) == pytest.approx(math.sqrt(6e-4 * 3e-5), rel=1e-4)


def test_beyond_the_rarest_it_falls_on_as_before_and_above_the_most_common_the_ratio_stays() -> None:
    slope = math.log(2.9e-2 / 3e-5) / math.log(3e-2 / 1e-4)
    assert imagined_rate(1e-6, TAIL) == pytest.approx(3e-5 * 1e-2**slope, rel=1e-3)
    assert imagined_rate(0.3, TAIL) == pytest.approx(0.29, rel=1e-4)


@given(st.floats(1e-9, 0.9), st.floats(1e-9, 0.9))
def test_a_rarer_rate_is_rarer_among_the_imagined_too(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0.0 < imagined_rate(low, TAIL) <= imagined_rate(high, TAIL) < 1.0


def test_ten_who_stand_out_are_above_whatever_the_tail_says() -> None:
    best = _scores(np.concatenate([np.full(2990, -6.0), np.zeros(10)]))
    for share in (10 / 3000, 9 / 3000, 1e-3):
        assert least_score([best], 1, share, AS_REAL) >= 0.5


def test_rarer_comparisons_of_more_people_are_corrected_by_more() -> None:
    few, many = (least_score([BEST], people, 1e-3, TAIL) for people in (1, 100))
    assert many > few
    assert least_score([BEST], 100, 1e-2, AS_REAL) == pytest.approx(least_score([BEST], 1, 1e-2, AS_REAL), rel=1e-3)
