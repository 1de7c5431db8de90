"""When faces are looked for again: at once where something has moved, seldom where nothing has."""

import cv2
import numpy as np
import pytest

from twinface.faces import MotionGate
from twinface.types import Image

RNG = np.random.default_rng(0)
ROOM = np.asarray(
    cv2.resize(RNG.integers(60, 160, (9, 16, 3), np.uint8), (640, 360), interpolation=cv2.INTER_CUBIC), np.uint8
)


def noisy(image: Image, deviation: float = 3.0) -> Image:
    """As a sensor shows it, twice as noisy before it is shrunk."""
    return np.asarray(np.clip(image + RNG.normal(0, deviation, image.shape), 0, 255), np.uint8)


def due(gate: MotionGate, *images: Image, start_ms: float = 0.0, step_ms: float = 40.0) -> list[bool]:
    return [gate.is_due(image, start_ms + step_ms * n, always=False) for n, image in enumerate(images)]


def test_noise_is_no_motion_and_faces_are_looked_for_now_and_then_all_the_same() -> None:
    images = [noisy(ROOM, 5.0) for _ in range(8)]
    assert due(MotionGate(200.0), *images) == [True, False, False, False, False, True, False, False]


@pytest.mark.parametrize("at", [(0, 0), (352, 632), (166, 307)])
@pytest.mark.parametrize("side_px", [12, 30])
def test_what_comes_into_the_picture_is_seen_in_the_same_frame(at: tuple[int, int], side_px: int) -> None:
    someone = ROOM.copy()
    top, left = min(at[0], 360 - side_px), min(at[1], 640 - side_px)
    someone[top : top + side_px, left : left + side_px] += 15
    gate = MotionGate(10_000.0)
    assert due(gate, noisy(ROOM), noisy(ROOM), noisy(someone), noisy(someone)) == [True, False, True, False]
    assert due(gate, noisy(ROOM), start_ms=160.0) == [True], "nor is one missed who goes"


def test_slow_changes_add_up() -> None:
    dusk = [np.asarray(ROOM - n // 2, np.uint8) for n in range(24)]
    assert [n for n, one in enumerate(due(MotionGate(10_000.0), *dusk)) if one] == [0, 10, 20]


def test_a_change_of_colour_alone_is_a_change() -> None:
    reddish = ROOM.copy()
    reddish[150:180, 300:330] += np.array([0, 0, 12], np.uint8)
    assert due(MotionGate(10_000.0), ROOM, reddish) == [True, True]


def test_after_a_cut_another_size_or_a_step_back_in_time_faces_are_looked_for() -> None:
    gate = MotionGate(10_000.0)
    assert due(gate, ROOM) == [True]
    assert gate.is_due(ROOM, 40.0, always=True)
    assert not gate.is_due(ROOM, 80.0, always=False)
    assert gate.is_due(ROOM[:300], 120.0, always=False)
    assert gate.is_due(ROOM[:300], 10.0, always=False)


@pytest.mark.parametrize("shape", [(1, 1), (3, 2000), (2000, 3), (240, 320)])
def test_pictures_of_any_size_will_do(shape: tuple[int, int]) -> None:
    black, white = (np.full((*shape, 3), level, np.uint8) for level in (0, 255))
    assert due(MotionGate(10_000.0), black, black, white) == [True, False, True]
