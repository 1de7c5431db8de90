"""Unknown visitors are told apart by their faces: what all vectors of a camera have in common is taken off before."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from twinface.averages import Average, Averages
from twinface.events import Event, EventStore, Kind, LookRecord, Subject, TrackKey, Upkeep
from twinface.gallery.keys import KEY_VARIABLE
from twinface.live.live_averages import LiveAverages
from twinface.matching.vectors import normalised
from twinface.networks import find_recipe
from twinface.settings import Settings, UnknownSettings
from twinface.unknowns import SAME_UNKNOWN_COSINE, Unknowns, list_unknowns

RECIPE = replace(find_recipe("sface"), name="other", fingerprint="a" * 64, dimension=64)
AXES = np.eye(64, dtype=np.float32)
CAST = 1.2 * AXES[0]


def at_the_door(face: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network makes of a face at a camera that draws all vectors in one direction."""
    return np.asarray(normalised((face + CAST)[np.newaxis])[0], np.float32)


class Box:
    """The matcher's unknown visitors, at cameras of which `door` has an average."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "events.sqlite"
        self.tracks = 0
        averages = LiveAverages(Settings(gallery=folder / "gallery"), RECIPE, Upkeep(1.0, 1.0))
        prior = averages.snapshot.prior
        averages.snapshot = Averages(1, prior, {"camera:door": Average(prior + np.float32(0.77) * AXES[0], 60)})
        self.unknowns = Unknowns(self.path, UnknownSettings(), lambda _look: True, averages.centre)

    def visit(self, camera: str, vector: NDArray[np.float32]) -> None:
        """Two looks at somebody, whose track ends."""
        self.tracks += 1
        key = TrackKey(camera, 7, self.tracks)
        looks = [
            LookRecord(key, crop, 0, crop, crop, RECIPE.fingerprint, vector, 0.9, "unknown", None, 0.1)
            for crop in (2 * self.tracks, 2 * self.tracks + 1)
        ]
        event = Event(Kind.EXIT, Subject.TRACK, camera, 7, self.tracks, None, "unknown", 0.1, 1, 1, 1.0, 0.0, 1)
        with EventStore(self.path) as store:
            store.append([event], looks)
        self.unknowns.take([event])

    def known(self) -> list[list[int]]:
        """The tracks of each visitor."""
        return [[key.track for key in one.tracks] for one in list_unknowns(self.path)]


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Box:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    return Box(tmp_path)


def test_two_whom_a_camera_makes_alike_are_two(box: Box) -> None:
    one, two = at_the_door(AXES[3]), at_the_door(AXES[4])
    assert one @ two > SAME_UNKNOWN_COSINE
    for vector in (one, two, one):
        box.visit("door", vector)
    assert box.known() == [[1, 3], [2]]


def test_a_visitor_is_known_again_at_another_camera(box: Box) -> None:
    seldom = at_the_door(0.4 * AXES[3])
    assert seldom @ AXES[3] < SAME_UNKNOWN_COSINE
    box.visit("door", seldom)
    box.visit("hall", AXES[3])
    box.visit("hall", AXES[4])
    assert box.known() == [[1, 2], [3]]
