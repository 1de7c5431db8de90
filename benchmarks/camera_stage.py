"""What the camera's stage costs beside its bare parts: processor time of a frame, with decoding, on one thread.

    .venv/bin/python benchmarks/camera_stage.py [--video FILE] [--seconds 8] [--rounds 3] [--json]

The film of end_to_end.py, or a video, is seen in turns by the stage with faces looked for in every frame, by the stage
with the default settings, and by the bare parts: what the default decoded and detected, and nothing else. Frames that
the stage passes over are not decoded to the end, as in the camera's process.
"""

import argparse
import json
import math
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import cv2
import numpy as np
from end_to_end import Scene, make_video
from rich.console import Console

from twinface.faces import FaceDetector, SourceSpec, open_source
from twinface.live.camera import CameraStage
from twinface.live.detection_rest import UnseenFrames
from twinface.settings import CameraSettings, DetectionSettings, TrackingSettings


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians of the rounds, milliseconds of processor time a frame; `detections` of so many `frames`."""

    frames: int
    detections: int
    every_frame_ms: float
    ours_ms: float
    bare_ms: float
    ours_to_bare: float


def see(video: Path, detector: FaceDetector, detection: DetectionSettings) -> list[int]:
    """Let the stage see a video; the numbers of the frames in which it looked for faces."""
    camera, tracking = CameraSettings(name="bench", source="0"), TrackingSettings()
    stage = CameraStage(camera, 1, detector, detection=detection, tracking=tracking, crop_size_px=112)
    unseen = UnseenFrames(lambda: stage.rest, lambda: math.inf, time.monotonic)
    frames = open_source(SourceSpec(str(video), paced=False), unseen)
    return [frame.index for frame in frames if stage.see(frame).detected]


def run_bare(video: Path, detector: FaceDetector, chosen: set[int]) -> int:
    """Decode a video and look for faces in the frames chosen; how many frames it has."""
    capture, index = cv2.VideoCapture(str(video)), 0
    while capture.grab():
        if index in chosen:
            detector.detect(np.asarray(capture.retrieve()[1], np.uint8))
        index += 1
    capture.release()
    return index


_Result = TypeVar("_Result")


def clock(times: list[float], work: Callable[[], _Result]) -> _Result:
    """What `work` returns; its milliseconds of processor time are added to `times`."""
    begun_s = time.process_time()
    result = work()
    times.append(1000 * (time.process_time() - begun_s))
    return result


def measure(video: Path, rounds: int) -> Cost:
    """All three in turns, once more than `rounds`: the first time is not counted."""
    every_frame, ours, bare = list[float](), list[float](), list[float]()
    frames, chosen = 0, list[int]()
    detector = FaceDetector(score_threshold=TrackingSettings().weak_score, max_side_px=DetectionSettings().max_side_px)

    for _ in range(rounds + 1):
        clock(every_frame, partial(see, video, detector, DetectionSettings(every=1, adaptive=False)))
        chosen = clock(ours, partial(see, video, detector, DetectionSettings()))
        frames = clock(bare, partial(run_bare, video, detector, set(chosen)))
    all_ms, ours_ms, bare_ms = (statistics.median(times[1:]) / frames for times in (every_frame, ours, bare))
    return Cost(
        frames, len(chosen), round(all_ms, 2), round(ours_ms, 2), round(bare_ms, 2), round(ours_ms / bare_ms, 3)
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--video", type=Path, help="a video instead of the film that is made here")
    parser.add_argument("--seconds", type=float, default=8.0, help="length of that film")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of lines")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory(prefix="twinface-bench-") as folder:
        video = arguments.video or Path(folder) / "walk.mp4"
        if arguments.video is None:
            make_video(video, Scene(arguments.seconds))
        cost = measure(video, arguments.rounds)
    if arguments.json:
        print(json.dumps(asdict(cost)))
        return
    for name, value in asdict(cost).items():
        Console().print(f"{name.replace('_', ' ')}: {value}")


if __name__ == "__main__":
    main()
