"""From scores to a name: the rules, their edges, and that a stranger stays one."""

import numpy as np
import pytest

from twinface.matching import decide
from twinface.matching.decision import one_each, person_scores
from twinface.settings import MatchingSettings
from twinface.types import State

NAMES = ("ann", "bob", "carl", "dora")
INDEX = np.array([0, 0, 1, 1, 1, 2, 3], np.int32)


def scores(*values: float) -> np.ndarray:
    return np.array(values, np.float32)


def rule(name: str, threshold: float = 0.5) -> MatchingSettings:
    return MatchingSettings.model_validate({"rule": name, "threshold": threshold})


def test_mean_names_the_best_mean_not_the_best_score() -> None:
    decision = decide(scores(0.99, 0.2, 0.7, 0.7, 0.7, 0.1, 0.0), INDEX, NAMES, rule("mean"))
    assert (decision.state, decision.name) == (State.KNOWN, "bob")
    assert decision.score == pytest.approx(0.7)
    assert [candidate.name for candidate in decision.candidates] == ["bob", "ann", "carl"]


def test_the_threshold_is_enough() -> None:
    exactly = scores(0.5, 0.5, 0, 0, 0, 0, 0)
    assert decide(exactly, INDEX, NAMES, rule("mean", 0.5)).name == "ann"
    below = decide(exactly, INDEX, NAMES, rule("mean", 0.51))
    assert (below.state, below.name, below.score) == (State.UNCERTAIN, None, 0.5)
    assert below.candidates[0].name == "ann"
    assert below.reason == "ann misses the threshold of 0.510 by 0.010"
    assert decide(exactly, INDEX, NAMES, rule("mean", 1.0)).state is State.UNCERTAIN
    assert decide(scores(0.49, 0.5, 0, 0, 0, 0, 0), INDEX, NAMES, rule("mean", 1.0)).state is State.UNKNOWN


def test_who_does_not_lead_is_not_named() -> None:
    close = decide(scores(0.8, 0.8, 0.75, 0.75, 0.75, 0, 0), INDEX, NAMES, rule("mean"))
    assert (close.state, close.name) == (State.UNCERTAIN, None)
    assert close.reason == "ann leads bob by 0.050, 0.100 are needed"
    assert decide(scores(0.8, 0.8, 0.69, 0.69, 0.69, 0, 0), INDEX, NAMES, rule("mean")).name == "ann"


def test_a_threshold_left_open_is_one_half() -> None:
    assert decide(scores(0.5, 0.5, 0, 0, 0, 0, 0), INDEX, NAMES, MatchingSettings()).name == "ann"
    assert decide(scores(0.49, 0.5, 0, 0, 0, 0, 0), INDEX, NAMES, MatchingSettings()).name is None


def test_vote_counts_vectors_over_the_score() -> None:
    all_over = decide(scores(0.81, 0.99, 0.99, 0.99, 0.8, 0, 0), INDEX, NAMES, rule("vote"))
    assert (all_over.name, all_over.score) == ("ann", 1.0)
    assert all_over.candidates[1].name == "bob"
    assert all_over.candidates[1].score == pytest.approx(2 / 3)


def test_vote_needs_more_than_the_share() -> None:
    index = np.zeros(20, np.int32)
    votes = scores(*[0.9] * 17, *[0.1] * 3)
    assert decide(votes, index, ("ann",), rule("vote")).state is State.UNCERTAIN
    assert decide(scores(*[0.9] * 18, 0.1, 0.1), index, ("ann",), rule("vote")).name == "ann"


def test_equal_votes_go_to_the_better_mean() -> None:
    index = np.array([0, 1], np.int32)
    assert decide(scores(0.9, 0.95), index, ("ann", "bob"), rule("vote")).candidates[0].name == "bob"


def test_equal_people_go_by_their_order() -> None:
    index = np.array([0, 1, 2], np.int32)
    decision = decide(scores(0.9, 0.9, 0.9), index, ("ann", "bob", "carl"), rule("mean"))
    assert [candidate.name for candidate in decision.candidates] == ["ann", "bob", "carl"]


def test_best_k_forgives_poor_pictures() -> None:
    index = np.array([0] * 6 + [1], np.int32)
    values = scores(0.1, 0.9, 0.1, 0.9, 0.1, 0.6, 0.7)
    assert decide(values, index, ("ann", "bob"), rule("mean")).name == "bob"
    decision = decide(values, index, ("ann", "bob"), rule("best-k"))
    assert decision.name == "ann"
    assert decision.score == pytest.approx(0.8)


@pytest.mark.parametrize("name", ["mean", "vote", "best-k"])
def test_the_order_of_vectors_does_not_matter(name: str, random: np.random.Generator) -> None:
    values = random.random(50).astype(np.float32)
    index = random.integers(0, 4, 50).astype(np.int32)
    order = random.permutation(50)
    shuffled = decide(values[order], index[order], NAMES, rule(name))
    straight = decide(values, index, NAMES, rule(name))
    assert shuffled.name == straight.name
    assert [c.name for c in shuffled.candidates] == [c.name for c in straight.candidates]
    assert shuffled.score == pytest.approx(straight.score)


@pytest.mark.parametrize("name", ["mean", "vote", "best-k"])
def test_each_rule_does_what_it_says(name: str, random: np.random.Generator) -> None:
    values = random.random(200).astype(np.float32)
    index = random.integers(0, 4, 200).astype(np.int32)
    for candidate in decide(values, index, NAMES, rule(name)).candidates:
        own = np.sort(values[index == NAMES.index(candidate.name)])
        expected = {"mean": own.mean(), "vote": (own > 0.8).mean(), "best-k": own[-3:].mean()}[name]
        assert candidate.score == pytest.approx(float(expected), abs=1e-6)


@pytest.mark.parametrize("name", ["mean", "vote", "best-k"])
def test_an_empty_gallery_knows_nobody(name: str) -> None:
    decision = decide(np.empty(0, np.float32), np.empty(0, np.int32), (), rule(name))
    assert (decision.state, decision.name, decision.score, decision.candidates) == (State.UNKNOWN, None, 0.0, ())


def test_at_most_three_candidates_and_no_more_than_people() -> None:
    assert len(decide(scores(1, 1, 1, 1, 1, 1, 1), INDEX, NAMES, rule("mean")).candidates) == 3
    assert len(decide(scores(0.1), np.zeros(1, np.int32), ("ann",), rule("mean")).candidates) == 1


@pytest.mark.parametrize("name", ["template", "mean", "best-k", "vote"])
@pytest.mark.parametrize("people", [2, 3, 4, 400])
def test_the_best_of_many_are_those_that_putting_everybody_in_order_finds(name: str, people: int) -> None:
    rng, settings, names = np.random.default_rng(people), rule(name), tuple(map(str, range(people)))
    counts = np.ones(people, int) if name == "template" else rng.integers(1, 4, people)
    index = np.repeat(np.arange(people), counts).astype(np.int32)
    for _ in range(20):
        values = rng.choice(np.array([0.0, 0.2, 0.7, 0.85, 1.0], np.float32), len(index))
        numbers = person_scores(values, index, people, settings)
        means = [float(values[index == one].mean(dtype=np.float64)) for one in range(people)]
        expected = sorted(range(people), key=lambda one: (-numbers[one], -means[one], one))[:3]
        found = decide(values, index, names, settings).candidates
        assert [int(one.name) for one in found] == expected


def test_somebody_without_a_vector_is_not_given_the_score_of_another() -> None:
    numbers = person_scores(scores(0.9, 0.5), np.array([1, 1], np.int32), 2, rule("mean"))
    assert numbers.tolist() == pytest.approx([0.0, 0.7])


@pytest.mark.parametrize("rule_name", ["template", "mean", "best-k", "vote"])
def test_people_of_one_score_each_are_decided_as_by_any_other_list_of_theirs(rule_name: str) -> None:
    random, names = np.random.default_rng(3), tuple(f"person {number:02}" for number in range(40))
    for _ in range(50):
        some = random.choice(np.linspace(0.0, 1.0, 30, dtype=np.float32), len(names))
        index = np.array(one_each(len(names)))
        known = decide(some, one_each(len(names)), names, rule(rule_name))
        assert known == decide(some, index, names, rule(rule_name))
        best = sorted(range(len(names)), key=lambda one: (-some[one], one))[:3]
        if rule_name != "vote":
            assert [one.name for one in known.candidates] == [names[one] for one in best]


def test_deciding_leaves_the_scores_as_they_are() -> None:
    some = np.linspace(0.0, 0.9, 4, dtype=np.float32)
    decide(some, one_each(4), NAMES, rule("template"))
    np.testing.assert_array_equal(some, np.linspace(0.0, 0.9, 4, dtype=np.float32))
