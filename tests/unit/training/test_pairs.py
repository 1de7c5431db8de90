import itertools

import numpy as np
import pytest

from twinface.training.heads.feature_table import FeatureTable
from twinface.training.heads.training_pairs import PairSampler


def table_of(counts: list[int]) -> FeatureTable:
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    names = tuple(str(person) for person in range(len(counts)))
    files = tuple(tuple(str(picture) for picture in range(count)) for count in counts)
    return FeatureTable(names, starts, np.zeros((starts[-1], 2), np.float32), "n", files)


def person_of(table: FeatureTable, rows: np.ndarray) -> np.ndarray:
    return np.searchsorted(table.starts, rows, side="right") - 1


@pytest.mark.parametrize("counts", [[2, 1], [5, 1, 3, 4], [1, 1, 30, 2]])
def test_numbers_name_each_pair_of_the_same_person_once(counts: list[int]) -> None:
    table = table_of(counts)
    sampler = PairSampler(table, 1.5)
    first, second = sampler.same_person(np.arange(sampler.positives))
    ranges = [range(start, end) for start, end in itertools.pairwise(table.starts.tolist())]
    wanted = {pair for rows in ranges for pair in itertools.combinations(rows, 2)}
    assert sampler.positives == len(wanted)
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == wanted


def test_numbers_of_a_very_large_person_are_exact() -> None:
    sampler = PairSampler(table_of([60_000]), 1.0)
    last = sampler.positives - 1
    first, second = sampler.same_person(np.array([0, 1, last - 1, last]))
    assert first.tolist() == [0, 0, 59_997, 59_998]
    assert second.tolist() == [1, 2, 59_999, 59_999]


def test_an_epoch_has_each_positive_once_and_so_many_negatives() -> None:
    table = table_of([7, 3, 1, 12, 5])
    sampler = PairSampler(table, 1.5)
    drawn = [sampler.draw(16, index, seed=4, epoch=2) for index in range(sampler.count_batches(16))]
    positives = [
        (a, b) for pairs in drawn for a, b in zip(pairs.first[pairs.same], pairs.second[pairs.same], strict=True)
    ]
    assert len(positives) == len(set(positives)) == sampler.positives
    negatives = sum(int((~pairs.same).sum()) for pairs in drawn)
    assert negatives == pytest.approx(1.5 * sampler.positives, abs=len(drawn))


def test_labels_say_whether_the_people_are_the_same() -> None:
    table = table_of([7, 3, 1, 12, 5])
    sampler = PairSampler(table, 2.0)
    for index in range(sampler.count_batches(32)):
        pairs = sampler.draw(32, index, seed=0, epoch=0)
        same = person_of(table, pairs.first) == person_of(table, pairs.second)
        assert np.array_equal(same, pairs.same)


def test_negatives_reach_every_other_row_alike() -> None:
    sampler = PairSampler(table_of([4, 1, 5]), 1.0)
    first, second = sampler.different_people(60_000, np.random.default_rng(0))
    of_the_last = second[first >= 5]
    assert np.bincount(of_the_last, minlength=10)[5:].sum() == 0
    assert np.bincount(of_the_last, minlength=5) / len(of_the_last) == pytest.approx(np.full(5, 0.2), abs=0.02)


def test_draws_are_the_same_for_the_same_seed_only() -> None:
    sampler = PairSampler(table_of([9, 9, 9]), 1.5)
    one, again, other = (sampler.draw(32, 1, seed, epoch=3) for seed in (5, 5, 6))
    assert np.array_equal(one.first, again.first)
    assert np.array_equal(one.second, again.second)
    assert not np.array_equal(one.second, other.second)


def test_a_large_table_is_drawn_from_in_little_memory() -> None:
    table = table_of([50] * 2_000)
    sampler = PairSampler(table, 1.5)
    pairs = sampler.draw(1024, sampler.count_batches(1024) - 1, seed=0, epoch=0)
    assert sampler.positives == 2_000 * 1_225
    assert 0 < len(pairs.same) <= 1026
    assert sampler.sample(1000, seed=0).same.sum() == 1000


def test_a_picture_is_in_so_many_pairs_at_most_and_in_others_next_time() -> None:
    table = table_of([200, 3, 1, 40])
    sampler = PairSampler(table, 1.5, pairs_per_image=10)
    assert sampler.positives == 200 * 10 // 2 + 3 + 40 * 10 // 2
    epochs = []
    for epoch in (0, 1):
        drawn = [sampler.draw(64, index, seed=1, epoch=epoch) for index in range(sampler.count_batches(64))]
        pairs = {pair for part in drawn for pair in zip(part.first[part.same], part.second[part.same], strict=True)}
        assert len(pairs) == sampler.positives
        assert all(np.array_equal(person_of(table, p.first) == person_of(table, p.second), p.same) for p in drawn)
        epochs.append(pairs)
    assert len(epochs[0] & epochs[1]) < sampler.positives / 2
