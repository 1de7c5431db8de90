"""Scores told from those of strangers nearest to each side: as by a plain loop, and the same whatever all share."""

import numpy as np
import pytest

from twinface.matching.normalising import NEAREST, Nearest, find_nearest, normalise_all, normalise_pairs

RNG = np.random.default_rng(1)
COHORT = 700
OURS, THEIRS = RNG.normal(size=(1100, COHORT)).astype(np.float32), RNG.normal(size=(40, COHORT)).astype(np.float32)
OURS[7] = 3.0


def _nearest(scores: np.ndarray) -> Nearest:
    return find_nearest(len(scores), lambda rows: scores[rows].copy())


def test_blocks_find_what_a_plain_loop_does() -> None:
    found = _nearest(OURS)
    assert (found.mean.dtype, found.mean.shape, found.deviation.shape) == (np.float32, (1100,), (1100,))
    best = [sorted(row)[-NEAREST:] for row in OURS.astype(np.float64).tolist()]
    assert found.mean == pytest.approx(np.array([np.mean(row) for row in best]), abs=1e-4)
    assert found.deviation == pytest.approx(np.array([max(1e-3, np.std(row)) for row in best]), abs=1e-4)
    alone = [_nearest(OURS[row : row + 1]) for row in (0, 511, 512, 1023, 1024, 1099)]
    assert [one.mean[0] for one in alone] == found.mean[[0, 511, 512, 1023, 1024, 1099]].tolist()


def test_each_block_is_asked_for_once_and_nothing_else_is() -> None:
    asked: list[int] = []

    def score(rows: slice) -> np.ndarray:
        asked.extend(range(rows.start, rows.stop))
        return OURS[rows].copy()

    find_nearest(len(OURS), score)
    assert asked == list(range(len(OURS)))


@pytest.mark.parametrize("size", [1, NEAREST - 1, NEAREST, NEAREST + 1])
def test_a_small_cohort_is_taken_whole(size: int) -> None:
    some = THEIRS[:, :size]
    found, best = _nearest(some), np.sort(some, axis=1)[:, -NEAREST:]
    assert found.mean == pytest.approx(best.mean(axis=1), abs=1e-5)
    assert found.deviation == pytest.approx(np.maximum(best.std(axis=1), 1e-3), abs=1e-5)


def test_nobody_has_nobody_near() -> None:
    found = find_nearest(0, lambda rows: OURS[rows])
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
    assert normalise_all(scores.copy(), a, b) == pytest.approx(expected, rel=1e-4, abs=1e-3)


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
    pairs = [
        normalise_all(part.copy(), mine, Nearest(np.zeros(40, np.float32), np.full(40, 1e6, np.float32)))
        for part, mine in ((scores, before), (lifted, after))
    ]
    assert pairs[0] == pytest.approx(pairs[1], abs=1e-3)
    shared = normalise_all((scores + 2.0).copy(), _nearest(OURS[:5] + 2.0), _nearest(THEIRS + 2.0))
    assert shared == pytest.approx(normalise_all(scores.copy(), before, theirs), abs=1e-3)
