"""YuNet as twinface runs it beside OpenCV's: milliseconds a picture on one thread, and how far their faces differ.

    .venv/bin/python benchmarks/detectors.py [--pictures FOLDER] [--videos FOLDER] [--most 300] [--json]

OpenCV's FaceDetectorYN reads the file of the model zoo that ours is made of (scripts/fold_yunet.py). Both see the same
pictures in turns, shrunk to 640 and to 320 pixels; without a folder they are the portraits of the assets.
"""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from twinface import assets
from twinface.faces import detection, list_pictures, read_image
from twinface.faces.yunet import Rows, YuNet
from twinface.types import Image

SIDES_PX = (640, 320)
SCORE = 0.4
EVERY = 10
"""Each so many frames of a video one is taken."""


@dataclass(frozen=True)
class Comparison:
    """Both on the same pictures; differences are the greatest, of pictures in which both find as many faces."""

    side_px: int
    pictures: int
    faces: int
    other_counts: int
    box_px: float
    landmark_px: float
    score: float
    least_ms: tuple[float, float]
    median_ms: tuple[float, float]


def compare(pictures: list[Image], side_px: int) -> Comparison:
    """Ours and OpenCV's, picture by picture."""
    ours = YuNet(detection.MODEL.read_bytes(), score_threshold=SCORE)
    zoo = detection.MODEL.with_name("face_detection_yunet_2023mar_int8bq.onnx")
    opencv = cv2.FaceDetectorYN.create(str(zoo), "", (32, 32), SCORE, 0.3, 5000)

    def detect_with_opencv(image: Image) -> Rows:
        opencv.setInputSize((image.shape[1], image.shape[0]))
        found = opencv.detect(image)[1]
        return np.zeros((0, 15), np.float32) if found is None else np.asarray(found, np.float32)

    times: list[tuple[float, float]] = []
    differences = [np.zeros((0, 15), np.float32)]
    other_counts = 0
    for picture in pictures:
        image = shrink(picture, side_px)
        (one, ours_ms), (other, opencv_ms) = timed(ours.detect, image), timed(detect_with_opencv, image)
        times.append((ours_ms, opencv_ms))
        if len(one) == len(other):
            differences.append(np.abs(one - other))
        else:
            other_counts += 1
    greatest = np.concatenate([*differences, np.zeros((1, 15), np.float32)]).max(axis=0)
    columns = list(zip(*times, strict=True))
    return Comparison(
        side_px,
        len(pictures),
        sum(map(len, differences)),
        other_counts,
        round(float(greatest[:4].max()), 5),
        round(float(greatest[4:14].max()), 5),
        round(float(greatest[14]), 7),
        tuple(round(min(column), 2) for column in columns),  # type: ignore[arg-type]
        tuple(round(statistics.median(column), 2) for column in columns),  # type: ignore[arg-type]
    )


def timed(detect: Callable[[Image], Rows], image: Image) -> tuple[Rows, float]:
    """The faces, and the milliseconds of the second time: the first may be the first of its size."""
    detect(image)
    begun_s = time.perf_counter()
    return detect(image), 1000 * (time.perf_counter() - begun_s)


def shrink(image: Image, side_px: int) -> Image:
    """To `side_px` on the long side."""
    scale = side_px / max(image.shape)
    return np.asarray(cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def find_pictures(folder: Path | None, videos: Path | None, most: int) -> Iterator[Image]:
    """So many pictures of a folder and its folders, spread over them, and frames of the videos of another."""
    folder = folder or (None if videos else assets.fetch("portraits"))
    folders = [folder, *sorted(path for path in folder.rglob("*") if path.is_dir())] if folder else []
    paths = [path for one in folders for path in list_pictures(one)]
    for path in paths[:: max(1, len(paths) // most)][:most]:
        yield shrink(read_image(path), SIDES_PX[0])
    for path in sorted(videos.glob("*.mp4")) if videos else []:
        capture, number = cv2.VideoCapture(str(path)), 0
        while capture.grab():
            if number % EVERY == 0:
                yield shrink(np.asarray(capture.retrieve()[1], np.uint8), SIDES_PX[0])
            number += 1
        capture.release()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=Path, help="folder with pictures, or with folders of them")
    parser.add_argument("--videos", type=Path, help="folder with *.mp4")
    parser.add_argument("--most", type=int, default=300, help="pictures of the folder, spread over all there are")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = list(find_pictures(arguments.pictures, arguments.videos, arguments.most))
    results = [compare(pictures, side_px) for side_px in SIDES_PX]
    if arguments.json:
        print(json.dumps([asdict(one) for one in results]))
        return
    table = Table(*(name.replace("_", " ") for name in asdict(results[0])), box=None)
    for one in results:
        table.add_row(
            *(" ; ".join(map(str, value)) if isinstance(value, tuple) else str(value) for value in asdict(one).values())
        )
    Console(width=160).print("two numbers are ours; OpenCV's", table, sep="\n")


if __name__ == "__main__":
    main()
