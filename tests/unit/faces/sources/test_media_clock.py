import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twinface.faces.sources.videos import MediaClock

HOUR_MS = 3_600_000.0


def media(fps: float, stamps_ms: list[float]) -> tuple[list[float], list[int]]:
    """Media times, and the frames that are jumps."""
    clock = MediaClock(fps)
    taken = [clock.take(stamp_ms) for stamp_ms in stamps_ms]
    return [media_ms for media_ms, _ in taken], [index for index, (_, jump) in enumerate(taken) if jump]


def test_stamps_that_make_sense_are_believed() -> None:
    assert media(25, [0, 40, 80, 200, 240]) == ([0, 40, 80, 200, 240], [0])


def test_a_film_begins_when_it_is_started_whatever_its_first_stamp_says() -> None:
    assert media(25, [10 * HOUR_MS, 10 * HOUR_MS + 40]) == ([0, 40], [0])


@pytest.mark.parametrize(
    ("stamps_ms", "times_ms"),
    [
        pytest.param([0, 40, HOUR_MS, HOUR_MS + 40, HOUR_MS + 80], [0, 40, 80, 120, 160], id="an hour is missing"),
        pytest.param([1000, 1040, 540, 580, 620], [0, 40, 80, 120, 160], id="back"),
        pytest.param([95_443_700, 95_443_740, 0, 40, 80], [0, 40, 80, 120, 160], id="33 bits of 90 kHz wrap"),
    ],
)
def test_a_jump_is_a_cut_and_played_on_at_once(stamps_ms: list[float], times_ms: list[float]) -> None:
    assert media(25, stamps_ms) == (times_ms, [0, 2])


def test_forward_and_back_again_are_two_cuts() -> None:
    assert media(25, [0, HOUR_MS, HOUR_MS + 40, 40, 80])[1] == [0, 1, 3]


@pytest.mark.parametrize("fps", [0.0, -1.0, math.nan, math.inf, 90_000.0, 0.001, -192153584101141.0])
def test_where_neither_stamps_nor_rate_make_sense_it_is_25_frames_a_second(fps: float) -> None:
    assert media(fps, [0.0] * 4) == ([0, 40, 80, 120], [0])
    assert media(fps, [0.0, 0.01, 0.02, 0.03]) == ([0, 40, 80, 120], [0])
    assert media(fps, [math.nan] * 4) == ([0, 40, 80, 120], [0])


def test_frames_in_pairs_and_in_a_wrong_order_are_no_jump() -> None:
    assert media(25, [0, 0, 80, 80, 160]) == ([0, 40, 80, 120, 160], [0])
    assert media(25, [0, 80, 40, 120, 160])[1] == [0]


def test_a_slow_film_is_played_slowly_and_one_of_an_absurd_rate_at_once() -> None:
    assert media(0.2, [0, 5000, 10_000]) == ([0, 5000, 10_000], [0])
    assert media(0.01, [0, 100_000, 200_000]) == ([0, 40, 80], [0, 1, 2])


@given(st.floats(allow_nan=True), st.lists(st.floats(allow_nan=True), min_size=2))
def test_media_time_grows_and_never_waits_long_whatever_a_file_says(fps: float, stamps_ms: list[float]) -> None:
    times_ms, _ = media(fps, stamps_ms)
    steps_ms = [after - before for before, after in itertools.pairwise(times_ms)]
    assert times_ms[0] == 0
    assert all(0 < step_ms <= 15_000 for step_ms in steps_ms)
