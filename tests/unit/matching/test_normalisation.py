"""Scores told from those of strangers nearest to each side: as by a plain loop, and the same whatever all share."""

import math
from itertools import pairwise

import numpy as np
import pytest

from twinface.matching.normalisation import (
    NEAREST_SHARE,
    POSED_BEHIND,
    SHARPNESS,
    Groups,
    Nearest,
    find_nearest,
    normalise_all,
    normalise_pairs,
)

RNG = np.random.default_rng(1)
GROUPS = Groups(3, 200, 2, 50)
COHORT = 700
OURS, THEIRS = RNG.normal(size=(1100, COHORT)).astype(np.float32), RNG.normal(size=(40, COHORT)).astype(np.float32)
OURS[7] = 3.0


def _nearest(scores: np.ndarray) -> Nearest:
    return find_nearest(len(scores), GROUPS, lambda rows: scores[rows].copy())


def _plainly(row: list[float], ends: list[int], posed: int) -> tuple[float, float]:
    """Mean and deviation of one side's nearest, the last `posed` groups being of posed pictures."""
    parts = [sorted(row[start:end]) for start, end in pairwise([0, *ends])]
    best = [part[-round(NEAREST_SHARE * len(part)) :] for part in parts]
    means = [sum(part) / len(part) for part in best]
    behind = [0.0] * (len(parts) - posed) + [POSED_BEHIND] * posed
    weights = [math.exp(SHARPNESS * (mean - less)) for mean, less in zip(means, behind, strict=True)]
    shares = [one / sum(weights) for one in weights]
    mean = sum(share * one for share, one in zip(shares, means, strict=True))
    return mean, sum(share * float(np.std(part)) for share, part in zip(shares, best, strict=True))


def test_blocks_find_what_a_plain_loop_does() -> None:
    found = _nearest(OURS)
    assert (found.mean.dtype, found.mean.shape, found.deviation.shape) == (np.float32, (1100,), (1100,))
    expected = [_plainly(row, [200, 400, 600, 650, 700], 2) for row in OURS.astype(np.float64).tolist()]
    assert found.mean == pytest.approx(np.array([mean for mean, _ in expected]), abs=1e-4)
    assert found.deviation == pytest.approx(np.array([max(1e-3, one) for _, one in expected]), abs=1e-4)
    alone = [_nearest(OURS[row : row + 1]) for row in (0, 511, 512, 1023, 1024, 1099)]
    together = found.mean[[0, 511, 512, 1023, 1024, 1099]]
    assert np.array([one.mean[0] for one in alone]) == pytest.approx(together, abs=1e-6)


def test_the_group_most_like_a_face_decides_however_small_it_is() -> None:
    """Of two groups of everyday people one is as like as can be: the other, and posed pictures, hardly matter."""
    scores = np.full((1, 300), -40.0, np.float32)
    scores[0, 100:200] = np.linspace(0.0, 9.9, 100)
    found = find_nearest(1, Groups(2, 100, 1, 100), lambda rows: scores[rows].copy())
    assert found.mean[0] == pytest.approx(scores[0, 180:200].mean(), abs=1e-3)
    assert found.deviation[0] == pytest.approx(scores[0, 180:200].std(), abs=1e-3)


def test_posed_pictures_have_to_be_nearer_to_count_as_much() -> None:
    scores = np.concatenate([np.zeros(10), np.full(10, POSED_BEHIND)]).astype(np.float32)[np.newaxis]
    groups = Groups(1, 10, 1, 10)
    assert find_nearest(1, groups, lambda rows: scores[rows].copy()).mean[0] == pytest.approx(POSED_BEHIND / 2)
    everyday = Groups(2, 10, 0, 100)
    assert find_nearest(1, everyday, lambda rows: scores[rows].copy()).mean[0] > 0.7 * POSED_BEHIND


def test_each_block_is_asked_for_once_and_nothing_else_is() -> None:
    asked: list[int] = []

    def score(rows: slice) -> np.ndarray:
        asked.extend(range(rows.start, rows.stop))
        return OURS[rows].copy()

    find_nearest(len(OURS), GROUPS, score)
    assert asked == list(range(len(OURS)))


@pytest.mark.parametrize("size", [1, 2, 7, 8])
def test_of_a_small_group_one_at_least_counts(size: int) -> None:
    some = THEIRS[:, :size]
    found, best = find_nearest(40, Groups(1, size, 0, 5), lambda rows: some[rows].copy()), np.sort(some, axis=1)
    kept = best[:, -max(1, round(NEAREST_SHARE * size)) :]
    assert found.mean == pytest.approx(kept.mean(axis=1), abs=1e-5)
    assert found.deviation == pytest.approx(np.maximum(kept.std(axis=1), 1e-3), abs=1e-5)


def test_nobody_has_nobody_near() -> None:
    found = find_nearest(0, GROUPS, lambda rows: OURS[rows])
    assert (found.mean.shape, found.deviation.shape) == ((0,), (0,))


def test_pairs_and_all_are_what_a_plain_loop_makes() -> None:
    a, b = _nearest(OURS[:30]), _nearest(THEIRS)
    scores = RNG.normal(size=(30, 40)).astype(np.float32)
    expected = np.empty((30, 40))
    for i in range(30):
        for j in range(40):
            of_a = (float(scores[i, j]) - float(a.mean[i])) / float(a.deviation[i])
            of_b = (float(scores[i, j]) - float(b.mean[j])) / float(b.deviation[j])
            expected[i, j] = (of_a + of_b) / 2
    rows, columns = np.indices(scores.shape).reshape(2, -1)
    pairs = normalise_pairs(scores.reshape(-1), a.of(rows), b.of(columns))
    assert pairs == pytest.approx(expected.reshape(-1), rel=1e-4, abs=1e-3)
    assert normalise_all(scores.copy(), a.scales, b.scales) == pytest.approx(expected, rel=1e-4, abs=1e-3)


def test_pairs_score_the_same_whichever_side_comes_first() -> None:
    a, b = _nearest(OURS[:40]), _nearest(THEIRS)
    scores = RNG.normal(size=40).astype(np.float32)
    assert np.array_equal(normalise_pairs(scores, a, b), normalise_pairs(scores, b, a))


def test_somebody_who_scores_higher_with_everybody_is_no_nearer_to_anybody() -> None:
    scores = RNG.normal(size=(5, 40)).astype(np.float32)
    theirs, before = _nearest(THEIRS), _nearest(OURS[:5])
    more = np.array([0.0, 1.0, -2.0, 5.0, 20.0], np.float32)[:, np.newaxis]
    after = _nearest(OURS[:5] + more)
    lifted = scores + more
    far = Nearest(np.zeros(40, np.float32), np.full(40, 1e6, np.float32))
    pairs = [normalise_all(part.copy(), mine.scales, far.scales) for part, mine in ((scores, before), (lifted, after))]
    assert pairs[0] == pytest.approx(pairs[1], abs=1e-3)
    shared = normalise_all(scores + 2.0, _nearest(OURS[:5] + 2.0).scales, _nearest(THEIRS + 2.0).scales)
    assert shared == pytest.approx(normalise_all(scores.copy(), before.scales, theirs.scales), abs=1e-3)
