"""The whole pipeline on one 720p video at real time: frames, crops, capture-to-match latency, CPU and memory.

    .venv/bin/python benchmarks/end_to_end.py [--seconds 20] [--extractors 2] [--still] [--adaptive] [--json]

The video is made here: four portraits of the assets walk over a moving background, two of the people are known. With
--still the background stands still, with the noise of a sensor, and they are there for four of every ten seconds.
Latency is from the moment a frame was taken to the moment its face's match was decided.
"""

import argparse
import json
import tempfile
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

WIDTH_PX, HEIGHT_PX, FPS = 1280, 720, 25
KNOWN = {"person a": "person_a", "person b": "person_b"}
SHOWN = ("person_a_2", "impostor_1", "person_b_2", "impostor_2")


def make_video(path: Path, seconds: float, *, still: bool = False) -> int:
    """Write the video; returns its number of frames."""
    portraits = assets.fetch("portraits")
    faces = [_shrink(cv2.imread(str(portraits / f"{name}.jpg"))) for name in SHOWN]
    noise = np.random.default_rng(0).integers(60, 120, (HEIGHT_PX // 8, WIDTH_PX // 8 * 2, 3), np.uint8)
    background = cv2.resize(noise, (WIDTH_PX * 2, HEIGHT_PX), interpolation=cv2.INTER_CUBIC)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), FPS, (WIDTH_PX, HEIGHT_PX))
    sensor = (
        np.random.default_rng(1).normal(8, 4, (5, HEIGHT_PX, WIDTH_PX, 3)).clip(0).astype(np.uint8) if still else []
    )
    frames = round(seconds * FPS)
    for number in range(frames):
        shift = 0 if still else (2 * number) % WIDTH_PX
        picture = background[:, shift : shift + WIDTH_PX].copy()
        if still:
            cv2.add(picture, sensor[number % len(sensor)], picture)
        for place, face in enumerate([] if still and number / FPS % 10 < 6 else faces):
            height, width = face.shape[:2]
            swing = np.sin(2 * np.pi * (number / FPS / 6 + place / 4))
            left = int(40 + place * 310 + 30 * swing)
            top = int((HEIGHT_PX - height) / 2 * (1 + 0.5 * swing))
            picture[top : top + height, left : left + width] = face
        writer.write(picture)
    writer.release()
    return frames


def _shrink(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = 240 / picture.shape[1]
    small = cv2.resize(picture, None, fx=scale, fy=min(scale, 460 / picture.shape[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def measure(folder: Path, seconds: float, extractors: int, *, still: bool, adaptive: bool) -> dict[str, Any]:
    """Play the video through the real processes; what was measured, JSON-ready."""
    frames = make_video(folder / "walk.mp4", seconds, still=still)
    box = Box(folder)
    box.configure(
        ['name = "walk"\nsource = "walk.mp4"'],
        extractors=extractors,
        extra="[detection]\nadaptive = true\n" if adaptive else "",
    )
    for name, picture in KNOWN.items():
        box.twinface("gallery", "add", name, str(assets.fetch("portraits") / f"{picture}_1.jpg"))
    events, status = box.play(seconds + 60)
    return _summarise(frames, events, status)


def _summarise(frames: int, events: list[MatchEvent], status: dict[str, Any]) -> dict[str, Any]:
    health = {process["name"]: process["health"] for process in status["processes"] if process["health"]}
    links = {link["topic"]: link for link in status["links"] if link["topic"] != "vectors"}
    looks = [event for event in events if event.type == "match"]
    latency_ms = [look.latency_ms or 0.0 for look in looks]
    p50_ms, p95_ms = np.percentile(latency_ms, (50, 95))
    return {
        "frames_in_video": frames,
        "frames_seen": health["camera.walk"]["counters"]["frames"],
        "frames_detected": health["camera.walk"]["counters"]["detections"],
        "face_boxes": health["camera.walk"]["counters"]["boxes"],
        "crops_offered": links["crops"]["sent"],
        "crops_recognised": len(looks),
        "named": sum(look.name is not None for look in looks),
        "capture_to_match_ms": {"p50": round(float(p50_ms), 1), "p95": round(float(p95_ms), 1)},
        "books_balance": all(link["balanced"] for link in status["links"]),
        "processes": {
            name: {
                "cpu_percent_of_a_core": round(100.0 * one["cpu_s"] / one["uptime_s"], 1),
                "memory_mb": round(one["memory_mb"], 1),
            }
            for name, one in health.items()
        },
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the video")
    parser.add_argument("--extractors", type=int, default=2)
    parser.add_argument("--still", action="store_true", help="nothing moves but the people, who come and go")
    parser.add_argument("--adaptive", action="store_true", help="with [detection] adaptive = true")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="twinface-bench-", dir="/tmp") as folder:
        figures = measure(
            Path(folder), arguments.seconds, arguments.extractors, still=arguments.still, adaptive=arguments.adaptive
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
