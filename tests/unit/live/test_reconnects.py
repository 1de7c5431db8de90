"""Tracks over what cameras in a network do: they serve single pictures, and drop their streams."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from fake_cameras import http_camera, jpeg

from twinface.faces import FaceDetector, SourceSpec, open_source, read_image
from twinface.live.camera import CameraStage
from twinface.messages.schema import TracksUpdate
from twinface.settings import CameraSettings, DetectionSettings, TrackingSettings
from twinface.types import Captured, Frame, Image

MakeStage = Callable[[float], CameraStage]


@pytest.fixture(scope="session")
def portrait(portraits: Path) -> Image:
    image = read_image(portraits / "person_a_1.jpg")
    return np.asarray(cv2.resize(image, (320, 400), interpolation=cv2.INTER_AREA), np.uint8)


@pytest.fixture
def make_stage(detector: FaceDetector) -> MakeStage:
    def make(lost_ms: float) -> CameraStage:
        camera, tracking = CameraSettings(name="door", source="0"), TrackingSettings(lost_ms=lost_ms)
        return CameraStage(camera, 1, detector, detection=DetectionSettings(), tracking=tracking, crop_size_px=112)

    return make


def see(stage: CameraStage, url: str, frames: int) -> list[TracksUpdate]:
    source = open_source(SourceSpec(url, snapshot_fps=20.0))
    with closing(iter(source)) as reading:
        return [stage.see(frame).update for frame, _ in zip(reading, range(frames), strict=False)]


@pytest.mark.parametrize("path", ["/snap.jpg", "/stream"])
def test_one_face_is_one_track(path: str, make_stage: MakeStage, portrait: Image) -> None:
    however_busy_ms = 60_000
    with http_camera(lambda _number: jpeg(portrait), frames_per_stream=3) as camera:
        updates = see(make_stage(however_busy_ms), camera.url(path), 10)
    assert [update.born for update in updates] == [(1,)] + [()] * 9
    assert [update.ended for update in updates] == [()] * 10


@pytest.mark.parametrize(
    ("media_ms", "size", "goes_on"),
    [
        pytest.param(1900.0, 400, True, id="back in time"),
        pytest.param(2100.0, 400, False, id="too late"),
        pytest.param(3_600_000.0, 400, False, id="an hour later"),
        pytest.param(-40.0, 400, False, id="before"),
        pytest.param(40.0, 360, False, id="another size"),
    ],
)
def test_a_track_goes_on_over_a_gap_within_lost_ms(
    media_ms: float, size: int, goes_on: bool, make_stage: MakeStage, portrait: Image
) -> None:
    stage = make_stage(2000)
    stage.see(Frame(portrait, 0, Captured(0, 0, 0.0), cut=True))
    again = np.asarray(cv2.resize(portrait, (320, size)), np.uint8)
    update = stage.see(Frame(again, 1, Captured(0, 0, media_ms))).update
    assert update.born == (() if goes_on else (2,))
    assert update.ended == (() if goes_on else (1,))
