import tracemalloc
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from twinface.evaluation.differentials.grouping import Grouping, everybody_together
from twinface.evaluation.differentials.pair_counts import AllPairs, GroupCounts, count_pairs, draw_rounds
from twinface.evaluation.protocols.comparison import choose_similarity
from twinface.progress import no_progress

COSINE = choose_similarity("cosine", None, "")
THRESHOLD = 0.1


def noise(person: NDArray[np.int32], seed: int = 0, dimension: int = 6) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(int(person.max()) + 1, dimension))
    return (centres[person] + rng.normal(size=(len(person), dimension))).astype(np.float32)


def cosines(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(unit @ unit.T)


def test_every_round_is_what_weighing_each_pair_by_hand_gives() -> None:
    """Pictures without a group, a person in two groups and people of one picture are among them."""
    person = np.repeat(np.arange(9), [1, 3, 2, 1, 4, 2, 2, 1, 3]).astype(np.int32)
    group = np.array([0, 0, 1, 0, 2, 2, -1, 1, 1, 1, 1, 0, 0, 2, 2, 1, 0, 0, 0], np.int32)
    grouping = Grouping(("kind",), (("x",), ("y",), ("z",)), group)
    vectors, often = noise(person), draw_rounds(9, 30, seed=4)
    pairs = AllPairs(vectors, person, COSINE, same_person_above=0.8)
    (counts,) = count_pairs(pairs, [grouping], THRESHOLD, often, no_progress)
    expected = {name: np.zeros_like(getattr(counts, name)) for name in ("accepted", "compared", "set_aside")}
    expected |= {name: np.zeros_like(getattr(counts, name)) for name in ("refused", "genuine")}
    scores = cosines(vectors)
    for i, j in combinations(range(len(person)), 2):
        g, h = sorted((group[i], group[j]))
        if g < 0:
            continue
        if person[i] != person[j]:
            weight = often[person[i]].astype(float) * often[person[j]]
            alike, accepted = scores[i, j] > 0.8, scores[i, j] >= THRESHOLD
            expected["set_aside"][g, h] += weight * alike
            expected["compared"][g, h] += weight * (not alike)
            expected["accepted"][g, h] += weight * (accepted and not alike)
        elif g == h:
            weight = often[person[i]].astype(float)
            expected["genuine"][g] += weight
            expected["refused"][g] += weight * (scores[i, j] < THRESHOLD)
    for name, values in expected.items():
        assert values[..., 0].any(), name
        np.testing.assert_array_equal(getattr(counts, name), values, name)
    assert counts.people.tolist() == [4, 3, 2]
    assert counts.pictures.tolist() == [8, 6, 4]
    assert counts.people_pairs.tolist() == [[6, 11, 8], [11, 3, 6], [8, 6, 1]]


def test_many_blocks_count_each_pair_once() -> None:
    """One person's pictures are in two blocks."""
    person = np.repeat(np.arange(700), 3).astype(np.int32)
    vectors, group = noise(person, dimension=3), (person % 3).astype(np.int32)
    grouping = Grouping(("kind",), (("x",), ("y",), ("z",)), group)
    pairs = AllPairs(vectors, person, COSINE)
    assert len(pairs) == len(list(pairs)) == 6
    counts = count_pairs(pairs, [grouping, everybody_together(2100)], 0.999, draw_rounds(700, 1, 0), no_progress)
    accepted = np.triu(cosines(vectors) >= 0.999, k=1)
    other = person[:, np.newaxis] != person
    assert counts[1].accepted[0, 0, 0] == pytest.approx(np.count_nonzero(accepted & other), abs=3)  # rounding
    assert counts[1].compared[0, 0, 0] == 2100 * 2099 / 2 - 2100
    assert counts[1].genuine[0, 0] == 2100
    for g in range(3):
        for h in range(g, 3):
            of_both = (group[:, np.newaxis] == g) & (group == h) | (group[:, np.newaxis] == h) & (group == g)
            assert counts[0].accepted[g, h, 0] == pytest.approx(np.count_nonzero(accepted & other & of_both), abs=3)
            assert counts[0].compared[g, h, 0] == np.count_nonzero(np.triu(other & of_both))


def test_rounds_draw_as_many_people_as_there_are_and_everybody_first() -> None:
    often = draw_rounds(50, 20, seed=1)
    assert (often[:, 0] == 1).all()
    assert (often.sum(axis=0) == 50).all()
    assert often[:, 1:].max() > 1
    assert np.array_equal(often, draw_rounds(50, 20, seed=1))
    assert not np.array_equal(often, draw_rounds(50, 20, seed=2))


def count_strangers(people: int) -> GroupCounts:
    person = np.arange(people, dtype=np.int32)
    vectors = noise(person, dimension=16)
    grouping = Grouping(("kind",), (("x",), ("y",)), (person % 2).astype(np.int32))
    pairs = AllPairs(vectors, person, COSINE, same_person_above=0.95)
    return count_pairs(pairs, [grouping], 0.5, draw_rounds(people, 100, 0), no_progress)[0]


def test_memory_does_not_grow_with_the_number_of_pairs() -> None:
    """The scores of 6,000 people alone would be 72 MB, half a matrix; a tenth of a block is accepted."""
    tracemalloc.start()
    try:
        counts = count_strangers(6000)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert counts.accepted[0, 0, 0] > 10_000
    assert peak_bytes < 60e6
