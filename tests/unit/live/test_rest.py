"""How many frames of a camera may pass unseen, by how fast they come and what is due."""

import math

import pytest

from twinface.bus.node import Meters
from twinface.live.detection_rest import Rest, UnseenFrames


def passed(rest: Rest, step_ms: float, frames: int = 8) -> int:
    """How many frames after the one looked at rest before the first that does not, where one comes every `step_ms`."""
    for number in range(1, frames):
        if not rest.covers(rest.index + number, rest.media_ms + step_ms * number):
            return number - 1
    return frames


@pytest.mark.parametrize(("step_ms", "frames"), [(20, 3), (40, 3), (50, 3), (66, 2), (80, 1), (100, 1), (101, 0)])
def test_so_many_frames_rest_and_the_next_look_is_within_a_fifth_of_a_second(step_ms: float, frames: int) -> None:
    assert passed(Rest(7, 1000.0, frames=3, until_ms=1e6), step_ms) == frames


def test_the_longest_time_without_a_look_may_be_shorter() -> None:
    assert passed(Rest(7, 1000.0, frames=3, until_ms=1e6, longest_ms=120.0), 40.0) == 2


def test_what_is_due_is_looked_at() -> None:
    assert passed(Rest(7, 1000.0, frames=3, until_ms=1080.0), 40.0) == 1
    assert passed(Rest(7, 1000.0, frames=3, until_ms=1000.0), 40.0) == 0


def test_neither_the_frame_itself_rests_nor_one_before_nor_one_back_in_time() -> None:
    rest = Rest(7, 1000.0, frames=3, until_ms=1e6)
    assert not rest.covers(7, 1000.0)
    assert not rest.covers(6, 960.0)
    assert not rest.covers(8, 999.0)
    assert rest.covers(8, 1001.0)


def test_frames_that_were_left_out_count() -> None:
    rest = Rest(7, 1000.0, frames=2, until_ms=1e6)
    assert rest.covers(9, 1080.0)
    assert not rest.covers(10, 1120.0)


def test_nothing_rests_at_first() -> None:
    assert passed(Rest(), 40.0) == 0


def test_frames_that_rest_are_passed_over_and_counted_with_their_faces() -> None:
    unseen = UnseenFrames(lambda: Rest(7, 1000.0, frames=2, faces=3, until_ms=1e6), lambda: math.inf, lambda: 0.0)
    assert [unseen(index, 40.0 * index + 720.0, 7) for index in (8, 9, 10)] == [True, True, False]
    meters = Meters()
    unseen.report(meters.count)
    unseen.report(meters.count)
    assert meters.read()[0] == {"frames": 2, "boxes": 6}


def test_no_frame_is_passed_over_that_follows_one_which_the_stage_has_yet_to_see() -> None:
    unseen = UnseenFrames(lambda: Rest(7, 1000.0, frames=2, until_ms=1e6), lambda: math.inf, lambda: 0.0)
    assert not unseen(9, 1080.0, 8)
    meters = Meters()
    unseen.report(meters.count)
    assert meters.read()[0] == {"frames": 0, "boxes": 0}


def test_a_frame_that_is_wanted_for_a_preview_is_not_passed_over() -> None:
    rest = Rest(7, 1000.0, frames=2, until_ms=1e6)
    now_s = [4.9]
    unseen = UnseenFrames(lambda: rest, lambda: 5.0, lambda: now_s[0])
    assert unseen(8, 1040.0, 7)
    now_s[0] = 5.0
    assert not unseen(9, 1080.0, 7)
