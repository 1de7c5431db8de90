"""A face counts once however often it comes, and what a source has shown follows whom it shows."""

from collections.abc import Iterable

import numpy as np
import pytest
from numpy.typing import NDArray

from twinface.averages.average import MOST_SHIFT
from twinface.averages.clusters import MATURE, MOST_CLUSTERS, MOST_NEW_A_DAY, Clusters

DIMENSION = 128
PRIOR = np.zeros(DIMENSION, np.float32)
DAY_NS = 86_400 * 10**9
START_NS = 20_000 * DAY_NS
Vector = NDArray[np.float32]


def unit(vector: NDArray[np.floating]) -> Vector:
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


def faces(count: int, seed: int, camera: Vector = PRIOR) -> list[Vector]:
    """Different faces, with what a `camera` adds to all of them."""
    drawn = np.random.default_rng(seed).normal(size=(count, DIMENSION))
    return [unit(unit(face) + camera) for face in drawn]


def seen_again(face: Vector, random: np.random.Generator) -> Vector:
    """Another track of a face: a cosine of about 0.8 with it."""
    return unit(face + 0.75 * unit(random.normal(size=DIMENSION)))


def shown(vectors: Iterable[Vector], clusters: Clusters | None = None, *, a_day: float = 20.0) -> Clusters:
    """A source that has shown these, so many a day, after whom it had shown before."""
    clusters = clusters or Clusters.none(DIMENSION)
    begin_ns = int(clusters.seen_ns.max()) if len(clusters) else START_NS
    for number, vector in enumerate(vectors, start=1):
        clusters = clusters.learnt(vector, PRIOR, begin_ns + int(number * DAY_NS / a_day))
    return clusters


def moved(before: Clusters, after: Clusters) -> float:
    return float(np.linalg.norm(after.tally.average(PRIOR) - before.tally.average(PRIOR)))


CAMERA = unit(np.random.default_rng(1).normal(size=DIMENSION)) * np.float32(0.4)
OTHER_CAMERA = unit(np.random.default_rng(2).normal(size=DIMENSION)) * np.float32(0.4)


def test_a_family_of_five_that_comes_a_thousand_times_counts_as_five() -> None:
    random = np.random.default_rng(3)
    family, passers = faces(5, 4, CAMERA), faces(40, 5, CAMERA)
    once = shown([*passers, *family])
    often = shown([seen_again(family[number % 5], random) for number in range(5000)], once, a_day=20.0)
    assert (len(once), len(often)) == (45, 45)
    assert often.tracks.tolist() == [1] * 40 + [1001] * 5
    assert moved(once, often) < 0.02
    for face in family:
        assert float(face @ often.tally.average(PRIOR)) < float(face @ np.mean(passers, axis=0)) + 0.03


def test_a_thousand_who_pass_by_are_what_it_has_shown() -> None:
    clusters = shown(faces(100, 6, CAMERA))
    later = shown(faces(1000, 7, OTHER_CAMERA), clusters)
    assert len(later) == MOST_CLUSTERS
    before, after = (one.tally.average(PRIOR) for one in (clusters, later))
    assert float(unit(before) @ unit(CAMERA)) > 0.9
    assert float(unit(after) @ unit(OTHER_CAMERA)) > 0.95
    assert abs(float(unit(after) @ unit(CAMERA))) < 0.2


def test_the_face_not_seen_for_longest_gives_way() -> None:
    first = faces(MOST_CLUSTERS + 1, 8)
    clusters = shown([first[1], *first[:MOST_CLUSTERS]])
    clusters = shown([first[0], first[MOST_CLUSTERS]], clusters)
    assert len(clusters) == MOST_CLUSTERS
    known = [clusters.find(face, PRIOR) is not None for face in (first[0], first[1], first[2], first[-1])]
    assert known == [True, False, True, True]


def test_a_face_is_the_mean_of_its_tracks_and_has_length_1() -> None:
    random = np.random.default_rng(9)
    (face,) = faces(1, 9)
    clusters = shown([seen_again(face, random) * 7 for _ in range(100)])
    assert (len(clusters), clusters.tracks.tolist()) == (1, [100])
    assert float(np.linalg.norm(clusters.centres[0])) == pytest.approx(1.0, abs=1e-5)
    assert float(clusters.centres[0] @ face) > 0.97


def test_faces_are_compared_without_what_the_source_adds_to_all_of_them() -> None:
    """Where strangers have a cosine of 0.5, and somebody seen again, badly, one of 0.53 by the face itself."""
    camera, random = unit(CAMERA), np.random.default_rng(25)
    drawn = faces(40, 25)
    prior = np.mean([unit(face + camera) for face in drawn], axis=0, dtype=np.float32)
    clusters = Clusters.none(DIMENSION)
    for number, face in enumerate(drawn):
        clusters = clusters.learnt(unit(face + camera), prior, START_NS + number)
    assert len(clusters) == 40
    again = [face + camera + 1.6 * unit(random.normal(size=DIMENSION)) for face in drawn]
    found = [clusters.find(np.asarray(track, np.float32), prior) for track in again]
    assert sum(row == number for number, row in enumerate(found)) >= 37
    assert sum(row not in {number, None} for number, row in enumerate(found)) == 0


def test_a_face_that_changes_is_what_it_was_lately() -> None:
    summer, other = faces(2, 26)
    winter = unit(summer + 0.8 * other)
    clusters = shown([winter] * 60, shown([summer] * 500))
    assert clusters.tracks.tolist() == [560]
    assert float(clusters.centres[0] @ winter) > 0.98


def test_two_that_come_to_look_like_one_are_put_together() -> None:
    """As of somebody who was seen from the left and from the right first, and then from in front."""
    front, side, other = faces(3, 24)
    left, right = unit(front + 1.3 * side), unit(front - 1.3 * side)
    clusters = shown([left, other, right])
    assert len(clusters) == 3
    clusters = shown([front] * 5, clusters)
    assert sorted(clusters.tracks.tolist()) == [1, 7]
    assert (int(clusters.since_ns.min()), len(clusters.seen_ns)) == (START_NS + int(DAY_NS / 20), 2)
    assert float(clusters.centres[clusters.tracks.argmax()] @ front) > 0.9


def test_one_face_that_comes_a_thousand_times_is_one_however_young_the_source() -> None:
    random = np.random.default_rng(10)
    (face,) = faces(1, 10)
    clusters = shown([seen_again(face, random) for _ in range(1000)], a_day=1000.0)
    assert len(clusters) == 1


def test_a_mature_source_learns_so_many_new_faces_a_day() -> None:
    clusters = shown(faces(MATURE, 11, CAMERA), a_day=10.0)
    attacked = shown(faces(1000, 12), clusters, a_day=1000.0)
    assert len(attacked) - len(clusters) <= MOST_NEW_A_DAY
    assert len(attacked) > len(clusters)
    assert moved(clusters, attacked) < 0.1
    next_days = shown(faces(1000, 13), clusters, a_day=100.0)
    assert len(next_days) - len(clusters) == pytest.approx(10 * MOST_NEW_A_DAY, abs=MOST_NEW_A_DAY)


def test_a_young_source_learns_as_fast_as_people_pass_until_it_is_mature() -> None:
    assert len(shown(faces(MATURE - 1, 21), a_day=1000.0)) == MATURE - 1
    assert len(shown(faces(300, 21), a_day=1000.0)) == MATURE


def test_who_is_known_is_seen_also_when_no_new_face_is_learnt() -> None:
    passers = faces(MATURE, 14)
    clusters = shown(faces(1000, 15), shown(passers, a_day=10.0), a_day=1000.0)
    assert clusters.tracks[-1] == 1
    again = shown([passers[-1]], clusters, a_day=1000.0)
    assert again.tracks[MATURE - 1] == 2
    assert again.seen_ns[MATURE - 1] == again.seen_ns.max()


def test_no_number_of_like_faces_takes_more_than_the_cap_off() -> None:
    clusters = shown([unit(0.3 * face + unit(CAMERA)) for face in faces(2000, 16)])
    assert float(np.linalg.norm(clusters.tally.average(PRIOR))) <= MOST_SHIFT + 1e-5


def test_who_was_not_seen_for_long_is_let_go() -> None:
    clusters = shown(faces(40, 17))
    kept = clusters.kept(int(clusters.seen_ns[10]), int(clusters.seen_ns[-1]))
    assert len(kept) == 30
    np.testing.assert_array_equal(kept.centres, clusters.centres[10:])
    assert clusters.kept(0, int(clusters.seen_ns[-1])) is clusters


def test_a_clock_that_begins_again_earlier_lets_go_of_nobody_and_does_not_keep_for_ever() -> None:
    clusters = shown(faces(MATURE, 18), a_day=10.0)
    earlier_ns = START_NS - 300 * DAY_NS
    kept = clusters.kept(earlier_ns - 90 * DAY_NS, earlier_ns)
    assert len(kept) == MATURE
    assert kept.seen_ns.max() == kept.since_ns.max() == earlier_ns
    later_ns = earlier_ns + 91 * DAY_NS
    assert len(kept.kept(later_ns - 90 * DAY_NS, later_ns)) == 0


def test_what_is_learnt_changes_nothing_that_was_handed_out() -> None:
    clusters = shown(faces(10, 19))
    centres, seen_ns = clusters.centres.copy(), clusters.seen_ns.copy()
    shown([*faces(10, 19), *faces(10, 20)], clusters)
    np.testing.assert_array_equal(clusters.centres, centres)
    np.testing.assert_array_equal(clusters.seen_ns, seen_ns)
