"""The pictures of the last looks: a bounded number in memory, as long as the store keeps the looks."""

from pathlib import Path

import numpy as np
import pytest
from corrected_box import ADA, BOB

from twinface.events import TrackKey
from twinface.events.forgetting import NameSpan, forget_person
from twinface.messages.schema import LookPicture, Message, Stamp
from twinface.types import Captured
from twinface.web.recent_pictures import MOST, RecentPictures


def picture(key: TrackKey, crop: int, size_bytes: int = 100) -> Message:
    body = LookPicture(key.camera, key.stream, key.track, crop)
    return Message(
        Stamp("camera.door", key.stream, 0, Captured(0, 0, 0.0)), body, np.full(size_bytes, crop % 256, np.uint8)
    )


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pictures(box: Path, clock: Clock) -> RecentPictures:
    """One of each look that is stored, and one of a look that is not."""
    one = RecentPictures(box, clock)
    for key, crop in ((ADA, 10), (ADA, 11), (BOB, 30), (BOB, 99)):
        one.take(picture(key, crop))
    return one


def test_a_picture_is_found_by_its_look(pictures: RecentPictures) -> None:
    assert pictures.find(ADA, 11) == bytes([11]) * 100
    assert pictures.find(ADA, 12) is None
    assert pictures.find(BOB, 11) is None


def test_the_oldest_make_room(pictures: RecentPictures) -> None:
    for crop in range(MOST - 1):
        pictures.take(picture(TrackKey("yard", 1, crop), crop))
    assert len(pictures) == MOST
    assert pictures.find(ADA, 10) is None
    assert pictures.find(BOB, 99) is not None
    for crop in range(100):
        pictures.take(picture(TrackKey("yard", 2, crop), crop, 1_000_000))
    assert len(pictures) == 16


def test_the_same_look_counts_once(pictures: RecentPictures) -> None:
    for _ in range(40):
        pictures.take(picture(ADA, 10, 1_000_000))
    assert len(pictures) == 4


def test_what_the_store_does_not_keep_is_let_go_of_once_it_could_have_been_stored(
    pictures: RecentPictures, clock: Clock
) -> None:
    pictures.tidy()
    assert pictures.find(BOB, 99) is not None
    clock.now_s = 31.0
    pictures.tidy()
    assert pictures.find(BOB, 99) is None
    assert len(pictures) == 3


def test_who_is_forgotten_is_forgotten_at_once(pictures: RecentPictures, box: Path) -> None:
    pictures.tidy()
    forget_person(box, [NameSpan("Ada")])
    pictures.tidy()
    assert pictures.find(ADA, 10) is None
    assert pictures.find(BOB, 99) is not None


def test_a_store_that_cannot_be_read_costs_no_picture(pictures: RecentPictures, clock: Clock, box: Path) -> None:
    clock.now_s = 31.0
    box.write_bytes(b"no database" * 1000)
    pictures.tidy()
    assert len(pictures) == 4
    for path in box.parent.glob(f"{box.name}*"):
        path.unlink()
    pictures.tidy()
    assert len(pictures) == 0
