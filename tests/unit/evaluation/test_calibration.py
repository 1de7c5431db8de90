"""The threshold of a false-accept rate, where the right one is known, and what data carry a rate."""

import math

import numpy as np
import pytest

from twinface.evaluation.figures.intervals import Interval
from twinface.evaluation.figures.working_point import Evidence, evidence_of, find_threshold, measure
from twinface.evaluation.protocols.leave_one_out import Comparisons, compare
from twinface.gallery import PersonVectors
from twinface.gallery.person import take_snapshot
from twinface.matching.head import MetricHead
from twinface.matching.head_spec import HeadSpec, LogisticScale
from twinface.settings import MatchingSettings
from twinface.types import Vectors

NETWORK = "a" * 64
SLOPE = 4.0
HEAD = MetricHead(HeadSpec(architecture="metric", network=NETWORK), LogisticScale(slope=SLOPE, offset=0.0))


def person(name: str, vectors: Vectors) -> PersonVectors:
    files = tuple(f"{number}.jpg" for number in range(len(vectors)))
    return PersonVectors(name, files, vectors.astype(np.float32), np.ones(len(vectors), np.float32), NETWORK)


def people_on_a_sphere(count: int, pictures: int = 2, seed: int = 0) -> list[PersonVectors]:
    """Everybody somewhere on the unit sphere in three dimensions, all their pictures in the same place.

    Two people's cosine is then spread evenly over -1…1 (Archimedes), and the share of pairs over c is (1 - c) / 2.
    """
    places = np.random.default_rng(seed).normal(size=(count, 1, 3)).repeat(pictures, axis=1)
    return [person(f"p{seed}-{number}", vectors) for number, vectors in enumerate(places)]


def compared(people: list[PersonVectors], strangers: list[PersonVectors] | None = None) -> Comparisons:
    return compare(take_snapshot(people, 1, NETWORK), strangers or [], HEAD, MatchingSettings())


def share_over(threshold: float) -> float:
    """Of pairs of people on the sphere."""
    cosine = math.log(threshold / (1.0 - threshold)) / SLOPE
    return (1.0 - cosine) / 2.0


@pytest.fixture(scope="module")
def sphere() -> Comparisons:
    return compared(people_on_a_sphere(200))


@pytest.mark.parametrize("rate", [0.1, 0.01, 0.001])
def test_the_threshold_is_where_it_has_to_be(sphere: Comparisons, rate: float) -> None:
    point = measure(sphere, rate, find_threshold(sphere, rate))
    assert point.accepted.of == 200 * 199 * 2
    assert point.accepted.hits == pytest.approx(rate * point.accepted.of, abs=4)
    assert point.accepted.hits <= rate * point.accepted.of
    assert share_over(point.threshold) == pytest.approx(rate, rel=4 / math.sqrt(rate * 200 * 199 / 2))
    assert point.accepted.interval.low <= share_over(point.threshold) <= point.accepted.interval.high


def test_it_is_known_for_strangers_too() -> None:
    comparisons = compared(people_on_a_sphere(20), people_on_a_sphere(1000, pictures=1, seed=5))
    point = measure(comparisons, 0.01, find_threshold(comparisons, 0.01))
    assert point.accepted.of == 20 * 19 * 2 + 20 * 1000
    assert point.strangers_named.of == 1040
    assert share_over(point.threshold) == pytest.approx(0.01, rel=0.3)
    assert point.accepted.interval.low <= share_over(point.threshold) <= point.accepted.interval.high


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    held = 0
    for seed in range(20):
        comparisons = compared(people_on_a_sphere(40, seed=seed))
        point = measure(comparisons, 0.01, find_threshold(comparisons, 0.01))
        held += point.accepted.interval.low <= share_over(point.threshold) <= point.accepted.interval.high
    assert held >= 18


def test_strangers_are_named_where_somebody_reaches_the_threshold(sphere: Comparisons) -> None:
    point = measure(sphere, 0.001, find_threshold(sphere, 0.001))
    reached = sphere.impostor & (np.nan_to_num(sphere.scores) >= point.threshold)
    assert point.strangers_named.hits == reached.any(axis=1).sum()
    assert point.strangers_named.of == 400


def test_not_named_are_those_below_and_those_taken_for_another() -> None:
    people = [
        person("far apart", np.array([[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]])),
        person("close", np.array([[0.0, 1.0, 0.0], [0.0, 1.0, 0.0]])),
        person("single", np.array([[0.0, 1.0, 1.0]])),
        person("third taken for single", np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0], [0.0, 1.0, 1.0]])),
    ]
    comparisons = compared(people)
    assert comparisons.own[-1] > 0.9
    missed = measure(comparisons, 0.01, threshold=0.9).not_named
    assert (missed.hits, missed.of) == (2 + 1, 7)
    assert (missed.interval, missed.people) == (None, 3)


def two_pictures_each(people: int) -> Comparisons:
    return compared([person(f"p{number}", np.eye(people)[[number, number]]) for number in range(people)])


def test_none_missed_is_not_never() -> None:
    missed = measure(two_pictures_each(5), 0.01, threshold=0.5).not_named
    assert missed.hits == 0
    assert missed.interval == Interval(0.0, pytest.approx(1 - 0.025 ** (1 / 5)))


def test_four_people_carry_no_interval() -> None:
    point = measure(two_pictures_each(4), 0.01, threshold=0.5)
    for share, of in ((point.accepted, 4 * 2 * 3), (point.not_named, 8), (point.strangers_named, 8)):
        assert (share.interval, share.people, share.of) == (None, 4, of)


def test_two_people_who_are_alike_make_the_rate_unsure() -> None:
    """All false accepts are of one pair of people: other people may have no such pair, or a few."""
    places = np.linalg.qr(np.random.default_rng(0).normal(size=(60, 60)))[0]
    people = [person(f"p{number}", place[np.newaxis].repeat(10, 0)) for number, place in enumerate(places)]
    people[1] = person("twin", people[0].vectors)
    comparisons = compared(people)
    point = measure(comparisons, 0.001, threshold=0.9)
    assert (point.accepted.hits, point.accepted.of) == (20, 60 * 59 * 10)
    assert point.accepted.interval.low == 0.0
    assert point.accepted.interval.high > 3 * point.accepted.share


def test_none_accepted_is_not_never() -> None:
    apart = np.eye(40)[:, np.newaxis].repeat(2, axis=1)
    comparisons = compared([person(f"p{number}", vectors) for number, vectors in enumerate(apart)])
    point = measure(comparisons, 0.01, threshold=0.9)
    assert point.accepted.hits == 0
    assert point.accepted.interval.high == pytest.approx(3 / 780)


def test_where_too_many_reach_the_highest_score_there_is_no_threshold() -> None:
    comparisons = compared([person(f"p{number}", np.ones((2, 3))) for number in range(4)])
    threshold = find_threshold(comparisons, 0.1)
    assert not (comparisons.scores >= threshold).any()


def test_what_carries_a_rate() -> None:
    few_people = Evidence(people=10, pictures=1000, strangers=0, strangers_pictures=0)
    assert (few_people.pairs, few_people.comparisons) == (45, 9000)
    assert few_people.lowest_rate == pytest.approx(0.023)
    assert few_people.carries(0.023)
    assert not few_people.carries(0.01)
    few_pictures = Evidence(people=46, pictures=92, strangers=0, strangers_pictures=0)
    assert (few_pictures.pairs, few_pictures.comparisons) == (1035, 4140)
    assert not few_pictures.carries(0.001)
    assert few_pictures.lowest_rate == pytest.approx(0.0025)
    assert Evidence(people=46, pictures=460, strangers=0, strangers_pictures=0).carries(0.001)
    alone = Evidence(people=1, pictures=5, strangers=2000, strangers_pictures=10_000)
    assert alone.lowest_rate == pytest.approx(0.001)
    assert Evidence(people=1, pictures=5, strangers=0, strangers_pictures=0).lowest_rate == math.inf


@pytest.mark.parametrize("rate", [0.01, 0.001, 0.0001])
def test_what_to_add_is_just_enough(rate: float) -> None:
    for evidence in (Evidence(5, 20, 0, 0), Evidence(5, 20, 100, 300), Evidence(2, 3, 0, 0)):
        more = evidence.people_for(rate)
        each = evidence.pictures / evidence.people
        for people, enough in ((more, True), (more - 1, False)):
            grown = Evidence(people, round(people * each), evidence.strangers, evidence.strangers_pictures)
            assert grown.carries(rate) is enough
        more = evidence.strangers_for(rate)
        each = evidence.strangers_pictures / evidence.strangers if evidence.strangers else 1
        for strangers, enough in ((more, True), (more - 1, False)):
            grown = Evidence(evidence.people, evidence.pictures, strangers, round(strangers * each))
            assert grown.carries(rate) is enough


def test_the_same_seed_gives_the_same_interval(sphere: Comparisons) -> None:
    assert measure(sphere, 0.01, 0.97) == measure(sphere, 0.01, 0.97)
    assert evidence_of(sphere) == Evidence(200, 400, 0, 0)
