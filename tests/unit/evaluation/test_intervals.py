from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from twinface.evaluation.figures.cost import compare_costs
from twinface.evaluation.figures.intervals import compare_scorers, count_carriers, figure_intervals, share_interval
from twinface.evaluation.figures.verification import ScoredPairs, pairs_among, verification_figures


def faces(seed: int, people: int = 24, pictures: int = 5, noise: float = 0.9) -> tuple[Any, NDArray[np.int32]]:
    """Vectors of people, some of whom are harder to tell than others."""
    rng = np.random.default_rng(seed)
    person = np.repeat(np.arange(people), pictures).astype(np.int32)
    spread = noise * np.exp(rng.normal(0, 0.5, people))[person]
    vectors = rng.normal(size=(people, 12))[person] + spread[:, np.newaxis] * rng.normal(size=(len(person), 12))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True), person


def all_pairs(vectors: NDArray[np.float64], person: NDArray[np.int32]) -> ScoredPairs:
    return pairs_among((vectors @ vectors.T).astype(np.float32), person, np.arange(len(person)))


def test_a_round_is_what_drawing_people_by_hand_gives() -> None:
    """Every pair written down as often as its people were drawn, all figures computed again from these."""
    pairs = all_pairs(*faces(1))
    figures = verification_figures(pairs.scores, pairs.same)
    found = figure_intervals(pairs, figures, rounds=200, seed=5)
    first, second = pairs.people
    drawn = np.random.default_rng(5).multinomial(24, np.full(24, 1 / 24), size=200)
    by_hand: dict[str, list[float]] = {"auc": [], "eer": [], "tar_at_far_0.01": []}
    for often in drawn:
        weight = np.where(pairs.same, often[first], often[first] * often[second])
        scores, same = np.repeat(pairs.scores, weight), np.repeat(pairs.same, weight)
        told = verification_figures(scores, same)
        for name, value in zip(by_hand, (told.auc, told.eer, told.accepted_at["0.01"]), strict=True):
            by_hand[name].append(value)
    for name, values in by_hand.items():
        low, high = np.quantile(values, (0.025, 0.975))
        assert found[name].low == pytest.approx(low, abs=0.06 * (high - low))
        assert found[name].high == pytest.approx(min(high, 1.0), abs=0.06 * (high - low))


def test_intervals_hold_the_true_figure_about_as_often_as_they_say() -> None:
    def eer_of(pairs: ScoredPairs) -> float:
        return verification_figures(pairs.scores, pairs.same).eer

    truth = np.mean([eer_of(all_pairs(*faces(seed, people=150))) for seed in range(900, 906)])
    held = 0
    for seed in range(60):
        pairs = all_pairs(*faces(seed))
        interval = figure_intervals(pairs, verification_figures(pairs.scores, pairs.same), rounds=200)["eer"]
        held += interval.low <= truth <= interval.high
    assert 52 <= held <= 60  # 57 expected of 95 %


def test_more_pictures_of_the_same_people_do_not_make_it_surer_than_more_people_do() -> None:
    def width(people: int, pictures: int) -> float:
        pairs = all_pairs(*faces(3, people, pictures))
        interval = figure_intervals(pairs, verification_figures(pairs.scores, pairs.same))["auc"]
        return interval.high - interval.low

    assert width(10, 20) > 1.5 * width(40, 5)


def test_fewer_than_five_people_carry_no_interval() -> None:
    for people, carried in ((4, False), (5, True)):
        pairs = all_pairs(*faces(4, people, pictures=6))
        figures = verification_figures(pairs.scores, pairs.same, rates=[0.5])
        assert count_carriers(pairs) == people
        for interval in (*figure_intervals(pairs, figures).values(), share_interval(pairs.same, pairs)):
            assert (interval is not None) == carried
        for difference in (*compare_scorers([pairs], [pairs]).values(), compare_costs(pairs, pairs, prior=0.5)):
            assert (difference.interval is not None, difference.people) == (carried, people)


def test_people_with_one_picture_carry_no_genuine_pair() -> None:
    vectors, person = faces(4, people=30, pictures=6)
    lone = person >= 3
    kept = ~lone | (np.arange(len(person)) % 6 == 0)
    assert count_carriers(all_pairs(vectors[kept], person[kept])) == 3


def test_the_same_seed_gives_the_same_interval() -> None:
    pairs = all_pairs(*faces(2))
    figures = verification_figures(pairs.scores, pairs.same)
    first, again, other = (figure_intervals(pairs, figures, rounds=100, seed=seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_people_that_no_pair_shows_change_nothing() -> None:
    pairs = all_pairs(*faces(2))
    figures = verification_figures(pairs.scores, pairs.same)
    renamed = replace(pairs, person=pairs.person * 3 + 2)
    assert figure_intervals(pairs, figures) == figure_intervals(renamed, figures)


def test_comparing_is_paired() -> None:
    """A scorer that is better by little, on each person, is told from the other though both intervals overlap."""
    vectors, person = faces(4, people=30)
    rng = np.random.default_rng(0)
    blurred = vectors + 0.16 * rng.normal(size=vectors.shape)
    better, worse = all_pairs(vectors, person), all_pairs(blurred, person)
    both = [figure_intervals(pairs, verification_figures(pairs.scores, pairs.same))["auc"] for pairs in (better, worse)]
    assert both[0].low < both[1].high
    found = compare_scorers([better], [worse])["auc"]
    assert found.interval.low > 0
    assert found.interval.low < found.difference < found.interval.high
    same = compare_scorers([better], [better])
    assert all(one.difference == one.interval.low == one.interval.high == 0.0 for one in same.values())


def test_folds_are_compared_each_by_its_own_scores() -> None:
    """Scores of folds need not be comparable: shifting those of one changes nothing."""
    folds = [all_pairs(*faces(seed, people=12)) for seed in (1, 2)]
    shifted = [
        folds[0],
        replace(folds[1], scores=folds[1].scores + 5),
    ]
    assert compare_scorers(folds, folds)["eer"].first == pytest.approx(compare_scorers(shifted, folds)["eer"].first)
    with pytest.raises(ValueError, match="the same pairs"):
        compare_scorers(folds, [folds[0], all_pairs(*faces(2, people=13))])


def test_the_interval_of_a_share_keeps_the_mix_of_kinds() -> None:
    pairs = all_pairs(*faces(5))
    assert share_interval(pairs.same, pairs).low == pytest.approx(pairs.same.mean())
    right = np.random.default_rng(0).random(len(pairs.same)) < 0.9
    interval = share_interval(right, pairs)
    assert interval.low < right.mean() < interval.high
