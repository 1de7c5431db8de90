import numpy as np
import pytest

from twinface.evaluation.figures.fold_accuracy import best_threshold, fold_numbers, folded_accuracy


def test_a_small_case_by_hand() -> None:
    """Two folds of two pairs of each kind.

    The second alone is told apart between 0.5 and 0.6, so the first is decided at 0.55, which refuses its 0.5; the
    first between 0.3 and 0.5, so the second is decided at 0.4, which accepts its 0.5.
    """
    same = np.array([True, True, False, False, True, True, False, False])
    scores = np.array([0.9, 0.5, 0.3, 0.1, 0.8, 0.6, 0.5, 0.2], np.float32)
    folded = folded_accuracy(scores, same, fold_numbers(same, 2))
    assert folded.thresholds == pytest.approx([0.55, 0.4])
    assert folded.accuracies == pytest.approx([0.75, 0.75])
    assert folded.right.tolist() == [True, False, True, True, True, True, False, True]


def test_the_threshold_of_a_fold_does_not_look_at_it() -> None:
    rng = np.random.default_rng(0)
    same = np.tile([True, False], 50)
    scores = np.where(same, rng.normal(1, 1, 100), rng.normal(0, 1, 100)).astype(np.float32)
    fold = fold_numbers(same, None)
    before = folded_accuracy(scores, same, fold).thresholds
    scores[fold == 3] = rng.normal(size=10)
    after = folded_accuracy(scores, same, fold).thresholds
    assert after[3] == before[3]


def test_pairs_that_cannot_be_compared_are_different_at_every_threshold() -> None:
    same = np.array([True, True, False, False] * 4)
    scores = np.where(same, 0.9, 0.1).astype(np.float32)
    scores[0], scores[2] = -np.inf, -np.inf
    folded = folded_accuracy(scores, same, fold_numbers(same, 4))
    assert folded.accuracies.tolist() == [0.75, 1.0, 1.0, 1.0]
    assert np.isfinite(folded.thresholds).all()
    assert folded.thresholds == pytest.approx([0.5] * 4)


def test_without_a_header_ten_folds_hold_their_share_of_both_kinds() -> None:
    same = np.arange(95) < 25
    fold = fold_numbers(same, None)
    assert fold.max() == 9
    for kind, least in ((same, 2), (~same, 7)):
        assert set(np.bincount(fold[kind], minlength=10)) <= {least, least + 1}
        assert (np.diff(fold[kind]) >= 0).all()


def test_few_pairs_make_few_folds_and_one_is_refused() -> None:
    assert fold_numbers(np.array([True, True, True, False, False, False]), None).tolist() == [0, 1, 2, 0, 1, 2]
    with pytest.raises(ValueError, match="two pairs of each kind"):
        fold_numbers(np.array([True, False, False]), None)


def test_the_best_threshold_lies_in_the_middle_of_the_gap() -> None:
    same = np.array([False, False, True, True])
    assert best_threshold(np.array([0.0, 0.2, 0.6, 1.0], np.float32), same) == pytest.approx(0.4)
    all_same = best_threshold(np.array([0.5, 0.5], np.float32), np.array([True, True]))
    assert all_same <= 0.5
    assert best_threshold(np.array([0.5, 0.5], np.float32), np.array([False, False])) > 0.5
