from collections.abc import Callable

import numpy as np
import pytest

from twinface.faces import bound_quality
from twinface.live.look_plan import Glimpse, LookPlan, View
from twinface.settings import TrackingSettings
from twinface.types import Captured, Face, FaceMeasures

FRONTAL_PX = np.array([[-10, -10], [10, -10], [0, 0.94], [-8, 10], [8, 10]], np.float32)
IMAGE = np.zeros((112, 112, 3), np.uint8)

Play = Callable[..., dict[int, int]]


def view(
    frame: int, quality: float, *, step_ms: float = 100.0, bound: float = 1.0, cut: list[int] | None = None
) -> View:
    """A face that is blurred to this quality, and that by all else could have `bound` or a little more.

    Frames follow each other after `step_ms`; the numbers of those whose face is cut out are added to `cut`.
    """
    face = Face(np.array([0, 0, 100, 100], np.float32), FRONTAL_PX, 0.5 + 0.42 * min(1.0, bound + 0.001))
    sharpness = 0.22 + 0.28 * quality / bound_quality(face)
    measures = FaceMeasures(100.0, sharpness, 128.0, 50.0, 0.0, 0.0, 0.0, face.detection_score)
    captured = Captured(0, 0, step_ms * frame)

    def cut_out() -> Glimpse:
        if cut is not None:
            cut.append(frame)
        return Glimpse(frame, captured, face, IMAGE, measures)

    return View(captured, face, cut_out)


@pytest.fixture
def play() -> Play:
    """Plays qualities, a frame each 100 ms from `start_ms` on; returns frame → the frame that was taken then."""
    plan = LookPlan(TrackingSettings(first_looks=3, first_look_interval_ms=250.0, look_wait_ms=200.0))
    shown = 0

    def play(*qualities: float, doubtful: tuple[int, ...] = ()) -> dict[int, int]:
        nonlocal shown
        taken = {}
        for quality in qualities:
            chosen = plan.choose(view(shown, quality), doubtful=shown in doubtful)
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
    taken = [n for n in range(100) if plan.choose(view(n, 0.8, step_ms=40.0), doubtful=False)]
    assert taken == [0, 1, 4, 11, 61]


def test_at_least_nine_of_ten_boxes_are_not_recognised_at_25_frames_a_second() -> None:
    plan = LookPlan(TrackingSettings())
    rng = np.random.default_rng(0)
    qualities = rng.uniform(0.2, 0.9, 150).tolist()
    taken = [n for n, q in enumerate(qualities) if plan.choose(view(n, q, step_ms=40.0), doubtful=False)]
    assert 3 <= len(taken) <= 15


def test_a_face_that_was_never_taken_is_left_to_the_end() -> None:
    plan = LookPlan(TrackingSettings())
    assert plan.last() is None
    plan.choose(view(0, 0.2, step_ms=40.0), doubtful=False)
    last = plan.last()
    assert last is not None
    assert last.frame == 0
    plan.choose(view(1, 0.8, step_ms=40.0), doubtful=False)
    assert plan.last() is None


def test_nothing_is_cut_out_of_a_face_that_cannot_be_chosen() -> None:
    plan = LookPlan(TrackingSettings())
    cut: list[int] = []
    for frame in range(40):
        plan.choose(view(frame, 0.8, step_ms=40.0, bound=0.9, cut=cut), doubtful=False)
    assert cut == [0, 1, 4, 11]


def test_of_a_wait_only_faces_that_could_be_better_are_cut_out() -> None:
    plan = LookPlan(TrackingSettings(look_wait_ms=500.0))
    cut: list[int] = []
    for frame, bound in enumerate([0.3, 0.15, 0.35, 0.1, 0.3]):
        plan.choose(view(frame, bound - 0.1, bound=bound, cut=cut), doubtful=False)
    assert cut == [0, 2, 4]


@pytest.mark.parametrize("seed", range(20))
def test_what_is_chosen_is_the_same_as_when_every_face_is_cut_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bounds = rng.uniform(0.1, 1.0, 200)
    qualities = bounds * rng.uniform(0.4, 1.0, 200) ** 0.5
    doubtful = rng.random(200) < 0.03

    def choose(bounds: list[float], cut: list[int]) -> list[int | None]:
        plan = LookPlan(TrackingSettings(look_wait_ms=120.0, look_interval_ms=1500.0))
        chosen = [
            plan.choose(view(n, q, step_ms=40.0, bound=bound, cut=cut), doubtful=doubt)
            for n, (q, bound, doubt) in enumerate(zip(qualities.tolist(), bounds, doubtful.tolist(), strict=True))
        ]
        return [one and one.frame for one in chosen]

    needed: list[int] = []
    every: list[int] = []
    assert choose(bounds.tolist(), needed) == choose([1.0] * 200, every)
    assert len(needed) < 0.8 * len(every)
