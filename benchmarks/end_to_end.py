"""The whole pipeline on 720p videos at real time: frames, crops, capture-to-match latency, CPU and memory.

    .venv/bin/python benchmarks/end_to_end.py [--seconds 20] [--cameras 1] [--faces 4] [--fps 25] [--extractors 2]
                                              [--still] [--every N] [--no-adaptive]
                                              [--json]

The videos are made here: portraits of the assets walk over a moving background, four people of whom two are known; with
one face a camera, that of somebody known. With --still the background stands still, with the noise of a sensor, and
they are there for four of every ten seconds. Latency is from the moment a frame was taken to the moment its face's
match was decided.
"""

import argparse
import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from real_pipeline import Box
from rich.console import Console
from rich.table import Table

from twinface import assets
from twinface.messages.schema import MatchEvent
from twinface.settings import DetectionSettings

WIDTH_PX, HEIGHT_PX, FPS = 1280, 720, 25.0
KNOWN = {"person a": "person_a", "person b": "person_b"}
SHOWN = ("person_a_2", "impostor_1", "person_b_2", "impostor_2")
FACES_IN_A_ROW = 7


@dataclass(frozen=True, slots=True)
class Scene:
    """What cameras see: `faces` people, 1…20, for so many seconds; the background moves unless it is `still`.

    More than four are the same four again, smaller and in rows."""

    seconds: float
    faces: int = 4
    fps: float = FPS
    still: bool = False

    @property
    def frames(self) -> int:
        """How many a video has."""
        return round(self.seconds * self.fps)


def make_video(path: Path, scene: Scene, first: int = 0) -> None:
    """Write a video of the people of SHOWN from `first` on."""
    portraits = assets.fetch("portraits")
    shown = [SHOWN[(first + place) % len(SHOWN)] for place in range(scene.faces)]
    width_px, height_px = (240, 460) if scene.faces <= len(SHOWN) else (150, HEIGHT_PX // (_rows(scene.faces) + 1))
    faces = [_shrink(cv2.imread(str(portraits / f"{name}.jpg")), width_px, height_px) for name in shown]
    noise = np.random.default_rng(0).integers(60, 120, (HEIGHT_PX // 8, WIDTH_PX // 8 * 2, 3), np.uint8)
    background = cv2.resize(noise, (WIDTH_PX * 2, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), scene.fps, (WIDTH_PX, HEIGHT_PX))
    sensor = (
        np.random.default_rng(1).normal(8, 4, (5, HEIGHT_PX, WIDTH_PX, 3)).clip(0).astype(np.uint8)
        if scene.still
        else []
    )
    for number in range(scene.frames):
        shift = 0 if scene.still else (2 * number) % WIDTH_PX
        picture = background[:, shift : shift + WIDTH_PX].copy()
        if scene.still:
            cv2.add(picture, sensor[number % len(sensor)], picture)
        for place, face in enumerate([] if scene.still and number / scene.fps % 10 < 6 else faces):
            height, width = face.shape[:2]
            swing = np.sin(2 * np.pi * (number / scene.fps / 6 + place / 4))
            left, top = _place(place, scene.faces, height, swing)
            picture[top : top + height, left : left + width] = face
        writer.write(picture)
    writer.release()


def _rows(faces: int) -> int:
    return -(-faces // FACES_IN_A_ROW)


def _place(place: int, faces: int, height_px: int, swing: float) -> tuple[int, int]:
    """Left and top of a picture: four across the frame, or rows of seven that stay where they are, but for a little."""
    if faces <= len(SHOWN):
        return int(40 + place * 310 + 30 * swing), int((HEIGHT_PX - height_px) / 2 * (1 + 0.5 * swing))
    row, column = divmod(place, FACES_IN_A_ROW)
    left, top = column * WIDTH_PX // FACES_IN_A_ROW, row * HEIGHT_PX // _rows(faces)
    return int(left + 12 * (1 + swing)), int(top + 8 * (1 + swing))


def _shrink(picture: NDArray[np.uint8], width_px: int, height_px: int) -> NDArray[np.uint8]:
    scale = width_px / picture.shape[1]
    down = min(scale, height_px / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=down, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def measure(
    folder: Path,
    scene: Scene,
    *,
    cameras: int = 1,
    extractors: int = 2,
    detection: DetectionSettings | None = None,
) -> dict[str, Any]:
    """Play a video a camera through the real processes; what was measured, JSON-ready."""
    tables = []
    for number in range(cameras):
        # Only every second of SHOWN is known.
        make_video(folder / f"walk{number}.mp4", scene, first=2 * number if scene.faces == 1 else number)
        tables.append(f'name = "walk{number}"\nsource = "walk{number}.mp4"')
    box = Box(folder)
    one = detection or DetectionSettings()
    extra = f"[detection]\nevery = {one.every}\nadaptive = {str(one.adaptive).lower()}\n"
    box.configure(tables, extractors=extractors, extra=extra)
    for name, picture in KNOWN.items():
        box.twinface("gallery", "add", name, str(assets.fetch("portraits") / f"{picture}_1.jpg"))
    events, status = box.play(scene.seconds + 60)
    return _summarise(scene.frames * cameras, events, status)


def _summarise(frames: int, events: list[MatchEvent], status: dict[str, Any]) -> dict[str, Any]:
    health = {process["name"]: process["health"] for process in status["processes"] if process["health"]}
    seen = [one["counters"] for name, one in health.items() if name.startswith("camera.")]
    looks = [event for event in events if event.type == "match"]
    latency_ms = [look.latency_ms or 0.0 for look in looks]
    p50_ms, p95_ms = np.percentile(latency_ms, (50, 95))
    return {
        "frames_in_video": frames,
        "frames_seen": sum(one["frames"] for one in seen),
        "frames_detected": sum(one["detections"] for one in seen),
        "face_boxes": sum(one["boxes"] for one in seen),
        "crops_offered": sum(link["sent"] for link in status["links"] if link["topic"] == "crops"),
        "crops_recognised": len(looks),
        "named": sum(look.name is not None for look in looks),
        "cameras_that_named": len({look.camera for look in looks if look.name is not None}),
        "capture_to_match_ms": {"p50": round(float(p50_ms), 1), "p95": round(float(p95_ms), 1)},
        "books_balance": all(link["balanced"] for link in status["links"]),
        "processes": {
            name: {
                "cpu_percent_of_a_core": round(100.0 * one["cpu_s"] / one["uptime_s"], 1),
                "cpu_s": round(one["cpu_s"], 2),
                "memory_mb": round(one["memory_mb"], 1),
            }
            for name, one in health.items()
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the video")
    parser.add_argument("--cameras", type=int, default=1)
    parser.add_argument("--faces", type=int, default=4, choices=range(1, 21), help="how many each camera sees")
    parser.add_argument("--fps", type=float, default=FPS)
    parser.add_argument("--extractors", type=int, default=2)
    parser.add_argument("--still", action="store_true", help="nothing moves but the people, who come and go")
    detection = DetectionSettings()
    parser.add_argument("--every", type=int, default=detection.every, help="[detection] every")
    parser.add_argument(
        "--adaptive", action=argparse.BooleanOptionalAction, default=detection.adaptive, help="[detection] adaptive"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="twinface-bench-", dir="/tmp") as folder:
        scene = Scene(arguments.seconds, arguments.faces, arguments.fps, arguments.still)
        figures = measure(
            Path(folder),
            scene,
            cameras=arguments.cameras,
            extractors=arguments.extractors,
            detection=DetectionSettings(every=arguments.every, adaptive=arguments.adaptive),
        )
    if arguments.json:
        print(json.dumps(figures))
        return
    processes = figures.pop("processes")
    console = Console()
    for name, value in figures.items():
        console.print(f"{name.replace('_', ' ')}: {value}")
    table = Table("process", "CPU, % of a core", "memory, MB", box=None)
    for name, one in processes.items():
        table.add_row(name, str(one["cpu_percent_of_a_core"]), str(one["memory_mb"]))
    console.print(table)


if __name__ == "__main__":
    main()
