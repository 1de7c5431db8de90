"""The same video through twinface, deepface and face_recognition, and a face through the original's loop.

    .venv/bin/python benchmarks/side_by_side.py [--seconds 20] [--frames 30] [--environments DIR] [--json]

Processor time of a frame with four faces, 100 people enrolled. twinface plays the video at real time in its own
processes, all of which count from their start on; "once it runs" is what each further frame takes, told from a video of
half the length, and what compares like with like: the others run in one process over frames one after the other, and
are warm before they are clocked, each in a virtual environment of its own that is made here (3 GB for deepface, which
brings TensorFlow). deepface has our weights of YuNet
and SFace; face_recognition those that its package brings. The original's loop needs the extra, `.[train]`.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import onnx
from end_to_end import Scene, make_video, measure
from rich.console import Console
from rich.table import Table

from twinface import assets
from twinface.faces import detection

OTHERS = Path(__file__).with_name("others")
PACKAGES = {
    "deepface": (["deepface==0.0.103", "tf-keras", "flask"], []),
    "face_recognition": (
        ["dlib-bin", "numpy", "pillow", "opencv-python-headless", "setuptools<81", "face-recognition-models==0.3.0"],
        ["face-recognition==1.3.0"],
    ),
}
"""What is installed with what it needs, and what is installed without: face_recognition asks for dlib's sources."""
ENROLLED, PICTURES = 100, 10

progress = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Cost:
    """Processor time of a frame, or of a face for the original, in milliseconds; how many times ours that is, and how
    many times ours once it runs.
    """

    name: str
    of: str
    cpu_ms: float
    ratio: float
    ratio_once_running: float


def make_environment(name: str, folder: Path) -> Path:
    """Its Python; what is there already is used again."""
    python = folder / name / "bin" / "python"
    if not (folder / name / "whole").exists():
        progress.print(f"making an environment for {name} in {folder}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder / name)], check=True)
        packages, alone = PACKAGES[name]
        pip = [str(python), "-m", "pip", "install", "-q"]
        subprocess.run([*pip, *packages], check=True)
        if alone:
            subprocess.run([*pip, "--no-deps", *alone], check=True)
        (folder / name / "whole").touch()
    return python


def give_weights(home: Path) -> None:
    """Put YuNet and SFace where deepface looks for them, so that it downloads nothing.

    SFace's file lists weights as inputs that no node reads; its runtime wants them all the same, so they are left out.
    """
    folder = home / ".deepface" / "weights"
    folder.mkdir(parents=True, exist_ok=True)
    zoo = detection.MODEL.with_name("face_detection_yunet_2023mar_int8bq.onnx")
    (folder / "face_detection_yunet_2023mar.onnx").write_bytes(zoo.read_bytes())
    model = onnx.load(str(assets.fetch("sface")))
    made = {name for node in model.graph.node for name in node.output} | {one.name for one in model.graph.initializer}
    read = {name for node in model.graph.node for name in node.input} - made
    kept = [one for one in model.graph.input if one.name in read]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    onnx.save(model, str(folder / "face_recognition_sface_2021dec.onnx"))


def run_other(python: Path, script: str, *arguments: object, home: Path) -> dict[str, Any]:
    """What a script of `others/` prints."""
    progress.print(f"running {script}")
    run = subprocess.run(
        [str(python), str(OTHERS / f"{script}.py"), *map(str, arguments)],
        env={**os.environ, "HOME": str(home)},
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def measure_ours(folder: Path, seconds: float) -> tuple[float, float]:
    """Processor time of a frame in milliseconds, the start of all processes included, and of a further frame."""
    progress.print("running twinface")
    used_ms, frames = [], []
    for length_s in (seconds, seconds / 2):
        place = folder / f"ours {length_s:g}"
        place.mkdir()
        found = measure(place, Scene(length_s))
        used_ms.append(1000 * sum(one["cpu_s"] for one in found["processes"].values()))
        frames.append(found["frames_in_video"])
    return used_ms[0] / frames[0], (used_ms[0] - used_ms[1]) / (frames[0] - frames[1])


def compare(folder: Path, environments: Path, seconds: float, frames: int) -> list[Cost]:
    """Everybody on the same video, one after the other; ours first."""
    our_ms, running_ms = measure_ours(folder, seconds)

    def beside_ours(name: str, of: str, cpu_ms: float) -> Cost:
        return Cost(name, of, cpu_ms, cpu_ms / our_ms, cpu_ms / running_ms)

    video = folder / "walk.mp4"
    make_video(video, Scene(seconds))
    give_weights(folder)
    found = [beside_ours("twinface", "frame", our_ms), beside_ours("twinface, once it runs", "frame", running_ms)]
    for name in PACKAGES:
        python = make_environment(name, environments)
        cpu_ms = run_other(python, f"with_{name}", video, frames, ENROLLED, home=folder)["cpu_ms"]
        found.append(beside_ours(name, "frame", cpu_ms))
    cpu_ms = run_other(Path(sys.executable), "with_the_original", 2, ENROLLED, PICTURES, home=folder)["cpu_ms"]
    return [*found, beside_ours("the original's loop", "face", cpu_ms)]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of the video")
    parser.add_argument("--frames", type=int, default=30, help="how many of them the others see")
    parser.add_argument("--environments", type=Path, default=Path.home() / ".cache" / "twinface" / "benchmarks")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tf-", dir="/tmp") as name:
        costs = compare(Path(name), arguments.environments, arguments.seconds, arguments.frames)
    if arguments.json:
        print(json.dumps([asdict(one) for one in costs]))
        return
    table = Table("", "CPU time, ms", "of a", "times ours", "once it runs", box=None)
    for one in costs:
        table.add_row(one.name, f"{one.cpu_ms:,.1f}", one.of, f"{one.ratio:.1f}", f"{one.ratio_once_running:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
