"""What the default rule of detection does where the camera swings: beside faces looked for in every frame.

    .venv/bin/python benchmarks/swinging_camera.py VIDEO... [--json]

A window of two thirds of each video swings over it, as a camera on a pole in the wind, to and fro `hertz` times a
second over `sway` of its own width, and half as much up and down. IDF1, ID switches and fragments are those of the
default settings against the tracks of every frame, which are taken for the truth. Looks are crops to recognise.
"""

import argparse
import json
import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from moving_faces.metrics import Accountant
from rich.console import Console
from rich.table import Table

from twinface.faces import FaceDetector, SourceSpec, open_source
from twinface.live.camera import CameraStage, Sighting
from twinface.settings import CameraSettings, DetectionSettings, TrackingSettings
from twinface.types import Frame

WINDOW = 2 / 3
SWINGS = ((0.0, 0.0), (0.5, 0.02), (0.5, 0.1), (2.0, 0.02), (2.0, 0.1))
"""Hertz, and the sway as a share of the window's width; the first one stands still."""


@dataclass(frozen=True, slots=True)
class Found:
    """Of one video and swing; `looked_at` is the share of frames in which faces were looked for."""

    video: str
    hertz: float
    sway: float
    frames: int
    looked_at: float
    boxes_every_frame: int
    boxes: int
    looks_every_frame: int
    looks: int
    idf1: float
    switches: int
    fragments: int


def swing(video: Path, hertz: float, sway: float) -> Iterator[Frame]:
    """The frames of a video through the window."""
    for frame in open_source(SourceSpec(str(video), paced=False)):
        height, width = frame.image.shape[:2]
        across, down = int(width * WINDOW), int(height * WINDOW)
        share = math.sin(2 * math.pi * hertz * frame.captured.media_ms / 1000)
        left = min(max(0, round((width - across) / 2 + sway * across * share)), width - across)
        top = min(max(0, round((height - down) / 2 + sway * down * share / 2)), height - down)
        window = np.ascontiguousarray(frame.image[top : top + down, left : left + across])
        yield Frame(window, frame.index, frame.captured, frame.cut)


def see(video: Path, hertz: float, sway: float, detection: DetectionSettings) -> list[Sighting]:
    """What the camera's stage gives for each frame."""
    camera, tracking = CameraSettings(name="bench", source="0"), TrackingSettings()
    detector = FaceDetector(score_threshold=tracking.weak_score, max_side_px=detection.max_side_px)
    stage = CameraStage(camera, 1, detector, detection=detection, tracking=tracking, crop_size_px=112)
    return [stage.see(frame) for frame in swing(video, hertz, sway)]


def compare(video: Path, hertz: float, sway: float) -> Found:
    """The default settings against every frame."""
    every = see(video, hertz, sway, DetectionSettings(every=1, adaptive=False))
    ours = see(video, hertz, sway, DetectionSettings())
    accountant = Accountant()
    for true, one in zip(every, ours, strict=True):
        boxes = [[(box.track, np.array(box.box_xyxy, np.float32)) for box in s.update.tracks] for s in (true, one)]
        accountant.take(boxes[0], boxes[1], [])
    account = accountant.close()
    return Found(
        video=video.stem,
        hertz=hertz,
        sway=sway,
        frames=len(every),
        looked_at=round(sum(one.detected for one in ours) / len(ours), 2),
        boxes_every_frame=sum(len(one.update.tracks) for one in every),
        boxes=sum(len(one.update.tracks) for one in ours),
        looks_every_frame=sum(len(one.crops) for one in every),
        looks=sum(len(one.crops) for one in ours),
        idf1=round(account.idf1, 3),
        switches=account.switches,
        fragments=account.fragments,
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("videos", type=Path, nargs="+", metavar="VIDEO")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    rows = [asdict(compare(video, *swing)) for video in arguments.videos for swing in SWINGS]
    if arguments.json:
        print(json.dumps({"figures": rows}))
        return
    table = Table(*(name.replace("_", " ") for name in rows[0]), box=None)
    for row in rows:
        table.add_row(*map(str, row.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
