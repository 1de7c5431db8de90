from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from twinface.evaluation.figures.verification import verification_figures


def test_figures_of_a_small_case_by_hand() -> None:
    scores = np.array([0.9, 0.8, 0.3, 0.7, 0.2, 0.1], np.float32)
    figures = verification_figures(scores, np.array([True, True, True, False, False, False]))
    assert figures.auc == pytest.approx(8 / 9)
    assert figures.eer == pytest.approx(1 / 3)
    assert figures.accepted_at == {}


def test_perfect_and_useless_scores() -> None:
    same = np.arange(4000) < 2000
    perfect = verification_figures(same.astype(np.float32), same)
    assert (perfect.auc, perfect.eer) == (1.0, 0.0)
    assert perfect.accepted_at == {"0.01": 1.0}
    useless = verification_figures(np.zeros(4000, np.float32), same)
    assert useless.auc == 0.5
    assert useless.eer == pytest.approx(0.5)


def test_thresholds_let_no_more_impostors_pass_than_they_say() -> None:
    rng = np.random.default_rng(1)
    scores = rng.random(30_000).astype(np.float32)
    same = np.arange(30_000) < 10_000
    figures = verification_figures(scores, same)
    assert set(figures.thresholds) == {"0.01", "0.001"}
    for rate, threshold in figures.thresholds.items():
        passed = float((scores[~same] >= threshold).mean())
        assert float(rate) / 2 < passed <= float(rate)
        assert figures.accepted_at[rate] == pytest.approx(float((scores[same] >= threshold).mean()))


def test_pairs_of_one_kind_only_are_refused() -> None:
    with pytest.raises(ValueError, match="pairs of the same and of different people"):
        verification_figures(np.ones(3, np.float32), np.ones(3, np.bool_))


@pytest.mark.parametrize("seed", range(8))
def test_auc_and_eer_are_those_of_brute_force(seed: int) -> None:
    rng = np.random.default_rng(seed)
    same = np.arange(400) < rng.integers(20, 380)
    scores = np.where(same, rng.normal(1.0, 1.0, 400), rng.normal(0.0, 1.0, 400)).astype(np.float32)
    scores = np.round(scores, seed % 3)  # many equal scores, some, few
    scores[rng.random(400) < 0.02] = -np.inf
    genuine, impostor = scores[same], scores[~same]
    above = (genuine[:, np.newaxis] > impostor).mean()
    equal = (genuine[:, np.newaxis] == impostor).mean()
    figures = verification_figures(scores, same)
    assert figures.auc == pytest.approx(above + equal / 2)
    assert figures.eer == pytest.approx(eer_by_brute_force(genuine, impostor), abs=1e-9)


def eer_by_brute_force(genuine: NDArray[np.float32], impostor: NDArray[np.float32]) -> float:
    """Both errors at every threshold there is; where they cross, the point on the line between the two beside it."""
    thresholds = [*np.unique(np.concatenate([genuine, impostor])), np.inf]
    points = [(float((impostor >= t).mean()), float((genuine < t).mean())) for t in thresholds]
    for (passed, refused), (passed_after, refused_after) in pairwise([(1.0, 0.0), *points]):
        if passed_after <= refused_after:
            share = (passed - refused) / (passed - refused + refused_after - passed_after)
            return passed + share * (passed_after - passed)
    raise AssertionError("the errors never cross")
