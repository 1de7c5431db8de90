"""Each picture against its person's others and everybody else, by the rule that the matcher uses."""

import numpy as np
import pytest

from twinface.evaluation.protocols.leave_one_out import Comparisons, compare
from twinface.gallery import PersonVectors
from twinface.gallery.person import take_snapshot
from twinface.matching import decide, load_head
from twinface.matching.vectors import fuse
from twinface.settings import MatchingSettings
from twinface.types import Vectors

NETWORK = "a" * 64
RULES = ({}, {"rule": "best-k"}, {"rule": "best-k", "best_k": 1}, {"rule": "mean"})


def person(name: str, vectors: Vectors) -> PersonVectors:
    files = tuple(f"{number}.jpg" for number in range(len(vectors)))
    return PersonVectors(name, files, vectors.astype(np.float32), np.ones(len(vectors), np.float32), NETWORK)


def random_people(counts: list[int], seed: int = 0) -> list[PersonVectors]:
    random = np.random.default_rng(seed)
    return [
        person(f"p{number}", random.normal(size=4) + 0.4 * random.normal(size=(count, 4)))
        for number, count in enumerate(counts)
    ]


def compared(people: list[PersonVectors], strangers: list[PersonVectors], settings: MatchingSettings) -> Comparisons:
    return compare(take_snapshot(people, 1, NETWORK), strangers, load_head(None, NETWORK), settings)


@pytest.mark.parametrize("settings", [MatchingSettings.model_validate(one) for one in RULES])
def test_a_probe_scores_as_it_would_with_the_gallery_without_it(settings: MatchingSettings) -> None:
    people, strangers = random_people([3, 1, 5, 2, 90]), random_people([2, 1], seed=1)
    found = compared(people, strangers, settings)
    head, row = load_head(None, NETWORK), 0
    for number, somebody in enumerate([*people, *strangers]):
        for place in range(len(somebody.vectors)):
            others = [np.delete(one.vectors, place, axis=0) if one is somebody else one.vectors for one in people]
            index = np.repeat(np.arange(len(people), dtype=np.int32), [len(vectors) for vectors in others])
            probe = somebody.vectors[place]
            scores = head.score(probe, np.concatenate(others))
            decision = decide(scores, index, tuple(one.name for one in people), settings)
            if settings.rule == "template":
                left = [number for number, vectors in enumerate(others) if len(vectors)]
                templates = np.stack([fuse(others[number]) for number in left])
                names = tuple(people[number].name for number in left)
                decision = decide(head.score(probe, templates), np.arange(len(left), dtype=np.int32), names, settings)
            expected = {candidate.name: candidate.score for candidate in decision.candidates}
            for other, one in enumerate(people):
                if one.name in expected and len(others[other]):
                    assert found.scores[row, other] == pytest.approx(expected[one.name], abs=1e-6)
            if number < len(people) and len(others[number]):
                assert found.closest[row] == pytest.approx(scores[index == number].max(), abs=1e-6)
            assert found.shown[row] == number
            row += 1
    assert row == len(found.scores)
    assert (found.people, found.strangers) == (5, 2)


def test_a_picture_that_is_alone_has_no_score_with_its_own_person() -> None:
    found = compared(random_people([1, 2]), random_people([1]), MatchingSettings())
    assert np.isnan(found.own).tolist() == [True, False, False, True]
    assert np.isnan(found.closest).tolist() == [True, False, False, True]
    assert found.impostor.tolist() == [[False, True], [True, False], [True, False], [True, True]]
    assert not np.isnan(found.scores[found.impostor]).any()
    assert found.best_other()[0].tolist()[:3] == [1, 0, 0]


def test_the_probe_itself_is_left_out() -> None:
    apart = person("ann", np.eye(2, 3))
    found = compared([apart, person("bob", np.array([[0.0, 0.0, 1.0]]))], [], MatchingSettings())
    assert found.own[:2] == pytest.approx([0.0, 0.0], abs=1e-6)


def test_progress_counts_every_probe() -> None:
    seen: list[int] = []
    people = take_snapshot(random_people([100, 2]), 1, NETWORK)
    strangers = random_people([3])
    compare(people, strangers, load_head(None, NETWORK), MatchingSettings(), lambda: seen.append(1))
    assert len(seen) == 105
