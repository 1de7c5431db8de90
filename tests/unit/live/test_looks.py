from collections.abc import Callable

import numpy as np
import pytest

from twinface.live.looks import Glimpse, LookPlan
from twinface.settings import TrackingSettings
from twinface.types import Captured, Face, FaceMeasures

FACE = Face(np.zeros(4, np.float32), np.zeros((5, 2), np.float32), 0.9)
IMAGE = np.zeros((112, 112, 3), np.uint8)

Play = Callable[..., dict[int, int]]


def measures(quality: float) -> FaceMeasures:
    """Of a face that nothing but the detector's doubt speaks against."""
    return FaceMeasures(100.0, 1.0, 128.0, 50.0, 0.0, 0.0, 0.0, detection_score=0.5 + 0.42 * quality)


@pytest.fixture
def play() -> Play:
    """Plays qualities, a frame each 100 ms from `start_ms` on; returns frame → the frame that was taken then."""
    plan = LookPlan(TrackingSettings(first_looks=3, first_look_interval_ms=250.0, look_wait_ms=200.0))
    shown = 0

    def play(*qualities: float, doubtful: tuple[int, ...] = ()) -> dict[int, int]:
        nonlocal shown
        taken = {}
        for quality in qualities:
            glimpse = Glimpse(shown, Captured(0, 0, 100.0 * shown), FACE, IMAGE, measures(quality))
            chosen = plan.choose(glimpse, doubtful=shown in doubtful)
            if chosen is not None:
                taken[shown] = chosen.frame
            shown += 1
        return taken

    return play


def test_a_good_face_is_looked_at_at_once_then_later_and_later_then_every_two_seconds(play: Play) -> None:
    assert play(*[0.8] * 60) == {at: at for at in (0, 3, 11, 31, 51)}


def test_a_poor_face_is_looked_at_after_a_short_wait_by_the_best_of_it(play: Play) -> None:
    assert play(0.1, 0.3, 0.2, 0.2) == {2: 1}


def test_a_face_that_gets_good_is_not_waited_for_any_longer(play: Play) -> None:
    assert play(0.1, 0.5, 0.5) == {1: 1}


def test_a_clearly_better_face_is_looked_at_although_nothing_is_due(play: Play) -> None:
    assert play(*[0.5] * 20) == {0: 0, 3: 3, 11: 11}
    assert play(0.55, 0.9, 0.9, 0.9, 0.92) == {21: 21}


def test_a_doubtful_face_is_looked_at_at_once_whatever_was_before(play: Play) -> None:
    play(*[0.9] * 20)
    assert play(*[0.5] * 10, doubtful=(22,)) == {22: 22}


def test_doubt_that_goes_on_does_not_multiply_looks(play: Play) -> None:
    play(*[0.9] * 20)
    assert play(*[0.9] * 8, doubtful=tuple(range(20, 28))) == {20: 20, 23: 23, 26: 26}


def test_crops_from_before_the_doubt_are_not_taken(play: Play) -> None:
    assert play(0.3, 0.1, 0.1, 0.1, doubtful=(1,)) == {2: 1}


def test_doubt_in_every_frame_does_not_put_a_look_off(play: Play) -> None:
    play(*[0.9] * 20)
    assert play(*[0.1] * 6, doubtful=tuple(range(20, 26))) == {22: 20, 25: 23}


def test_by_default_the_second_look_is_at_the_next_frame_and_the_last_of_the_first_at_another_moment() -> None:
    plan = LookPlan(TrackingSettings())
    glimpses = [Glimpse(n, Captured(0, 0, 40.0 * n), FACE, IMAGE, measures(0.8)) for n in range(100)]
    taken = [glimpse.frame for glimpse in glimpses if plan.choose(glimpse, doubtful=False)]
    assert taken == [0, 1, 4, 11, 61]


def test_at_least_nine_of_ten_boxes_are_not_recognised_at_25_frames_a_second() -> None:
    plan = LookPlan(TrackingSettings())
    rng = np.random.default_rng(0)
    glimpses = [
        Glimpse(n, Captured(0, 0, 40.0 * n), FACE, IMAGE, measures(float(q)))
        for n, q in enumerate(rng.uniform(0.2, 0.9, 150))
    ]
    taken = [glimpse for glimpse in glimpses if plan.choose(glimpse, doubtful=False)]
    assert 3 <= len(taken) <= 15


def test_a_face_that_was_never_taken_is_left_to_the_end() -> None:
    plan = LookPlan(TrackingSettings())
    assert plan.last() is None
    plan.choose(Glimpse(0, Captured(0, 0, 0.0), FACE, IMAGE, measures(0.2)), doubtful=False)
    last = plan.last()
    assert last is not None
    assert last.frame == 0
    plan.choose(Glimpse(1, Captured(0, 0, 40.0), FACE, IMAGE, measures(0.8)), doubtful=False)
    assert plan.last() is None
