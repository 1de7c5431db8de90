"""Names that are earned by several looks, kept, and lost again."""

import numpy as np
import pytest

from twinface.matching.decision import agree, enrolled_vectors
from twinface.matching.vectors import fuse
from twinface.settings import MatchingSettings
from twinface.types import Candidate, Decision, State

SETTINGS = MatchingSettings()
NOTHING = Decision(State.PENDING, None, 0.0, ())


def said(name: str, score: float) -> Decision:
    """As `decide` would with the default threshold, and nobody else near."""
    candidates = (Candidate(name, score), Candidate("nobody", 0.0))
    if score >= 0.5:
        return Decision(State.KNOWN, name, score, candidates)
    return Decision(State.UNCERTAIN if score >= 0.25 else State.UNKNOWN, None, score, candidates, "too low")


def states(*looks: tuple[Decision, list[Decision]], before: Decision = NOTHING) -> list[tuple[str, str | None]]:
    """What is said after each step of fused decision and looks."""
    found = []
    for fused, each in looks:
        before = agree(before, fused, each, SETTINGS)
        found.append((str(before.state), before.name))
    return found


def test_a_name_needs_two_looks_that_agree() -> None:
    ann, bob = said("ann", 0.9), said("bob", 0.6)
    assert states((ann, [ann]), (ann, [ann, ann])) == [("pending", None), ("known", "ann")]
    assert states((ann, [ann, bob]), (ann, [ann, bob, ann])) == [("uncertain", None), ("known", "ann")]
    assert agree(NOTHING, ann, [ann, bob], SETTINGS).reason == "1 of 2 looks agree on ann, 2 are needed"


def test_a_look_agrees_that_would_be_enough_by_itself() -> None:
    ann, weak, nobody = said("ann", 0.9), said("ann", 0.49), said("ann", 0.1)
    assert states((ann, [ann, weak])) == states((ann, [ann, nobody])) == [("uncertain", None)]
    assert states((ann, [ann, weak, said("ann", 0.5)])) == [("known", "ann")]
    too_close = Decision(State.UNCERTAIN, None, 0.8, (Candidate("ann", 0.8), Candidate("bob", 0.75)), "no lead")
    assert states((ann, [ann, too_close])) == [("known", "ann")]


def test_unknown_is_earned_by_three_looks() -> None:
    stranger = said("ann", 0.01)
    steps = [(stranger, [stranger] * count) for count in (1, 2, 3)]
    assert states(*steps) == [("pending", None), ("pending", None), ("unknown", None)]


def test_a_doubtful_look_does_not_take_a_name_away_and_evidence_does() -> None:
    ann, doubtful, stranger = said("ann", 0.9), said("ann", 0.3), said("ann", 0.05)
    known = agree(NOTHING, ann, [ann, ann], SETTINGS)
    kept = agree(known, doubtful, [ann, ann, doubtful], SETTINGS)
    assert (kept.state, kept.name, kept.score, kept.reason) == (State.KNOWN, "ann", 0.3, "")
    assert agree(kept, stranger, [stranger] * 4, SETTINGS).state is State.UNKNOWN


def test_another_name_needs_one_look_more() -> None:
    ann, bob = said("ann", 0.9), said("bob", 0.9)
    known = agree(NOTHING, ann, [ann, ann], SETTINGS)
    assert agree(known, bob, [bob, bob], SETTINGS).name is None
    assert agree(known, bob, [bob, bob, bob], SETTINGS).name == "bob"


def test_with_nobody_enrolled_everybody_is_unknown_at_once() -> None:
    nobody = Decision(State.UNKNOWN, None, 0.0, (), "nobody is enrolled")
    assert agree(NOTHING, nobody, [], SETTINGS) == nobody


def test_a_template_points_where_the_pictures_do_and_is_shorter_where_they_disagree() -> None:
    vectors = np.array([[3.0, 0.0], [0.0, 5.0]], np.float32)
    assert fuse(vectors) == pytest.approx(np.array([2.0, 2.0]))
    assert fuse(vectors, np.array([3.0, 1.0], np.float32)) == pytest.approx(np.array([0.75, 0.25]) * 3.5)
    assert np.linalg.norm(fuse(vectors[:1])) == pytest.approx(3.0)


def test_the_rule_template_compares_with_one_vector_a_person() -> None:
    vectors = np.eye(5, dtype=np.float32)
    index = np.array([0, 0, 1, 2, 2], np.int32)
    templates, people = enrolled_vectors(vectors, index, 3, SETTINGS)
    assert people.tolist() == [0, 1, 2]
    assert templates == pytest.approx(np.array([[0.5, 0.5, 0, 0, 0], [0, 0, 1, 0, 0], [0, 0, 0, 0.5, 0.5]]))
    rng, counts = np.random.default_rng(1), [1, 9, 2, 30]
    many, index_of_many = rng.normal(size=(42, 16)).astype(np.float32), np.repeat(np.arange(4, dtype=np.int32), counts)
    one_by_one = np.stack([fuse(many[index_of_many == person]) for person in range(4)])
    assert enrolled_vectors(many, index_of_many, 4, SETTINGS)[0] == pytest.approx(one_by_one, abs=1e-6)
    same, unchanged = enrolled_vectors(vectors, index, 3, MatchingSettings(rule="best-k"))
    assert same is vectors
    assert unchanged is index
