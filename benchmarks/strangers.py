"""Names on videos of people who are not known, or hard to know: real processes, more than a hundred people enrolled.

    .venv/bin/python benchmarks/strangers.py --people FOLDER --portraits FOLDER --videos FOLDER [--network sface]

`--people` has a folder of pictures for each person, `--portraits` as well. A hundred of the former, everybody of the
latter, and a woman and a man taken from their videos by `twinface capture --auto` are enrolled; the two of
two_named_people.mp4 in that video's gallery only. Two videos at a time are played by two cameras, lossless, to two
extractors. Names are counted look by look, by what a person sees in the videos.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from moving_faces.enrolment import enrol
from moving_faces.truth import Truth, nobody, three_walking, two_named_people, woman_and_man
from real_pipeline import Box
from rich.console import Console
from rich.table import Table

from twinface.errors import TwinfaceError
from twinface.messages.schema import MatchEvent
from twinface.networks import load_network

ENROLLED, PICTURES, CAPTURED = 100, 3, 5
ALSO_A_PORTRAIT = "barack_obama"
"""Of the people; the same man would be enrolled under two names."""

VIDEOS: dict[str, Truth] = {
    "crowd": nobody,
    "corridor": nobody,
    "talking_1": nobody,
    "talking_2": nobody,
    "talking_4": nobody,
    "three_walking": three_walking,
    "woman_and_man": woman_and_man,
}
STAGE: dict[str, Truth] = {"two_named_people": two_named_people}


@dataclass(frozen=True, slots=True)
class Figures:
    """How a video went: tracks that were recognised at all, looks, looks and tracks by what they were called."""

    tracks: int
    looks: int
    known_looks: int
    named_right: int
    named_wrong: int
    tracks_named_wrong: int
    named_after_ms: float | None
    looks_of: dict[str, int]


def _media_ms(look: MatchEvent) -> float:
    return look.captured.media_ms if look.captured is not None else 0.0


def count(events: Sequence[MatchEvent], truth: Truth) -> Figures:
    """The figures of one camera's events."""
    looks = [event for event in events if event.type == "match"]
    shown = [truth(look.frame, look.box_xyxy) for look in looks if look.frame is not None and look.box_xyxy]
    wrong = [look for look, who in zip(looks, shown, strict=True) if look.name not in {who, None}]
    right = [look for look, who in zip(looks, shown, strict=True) if look.name is not None and look.name == who]
    seen_ms = {look.track: _media_ms(look) for look in reversed(looks)}
    named_ms = {look.track: _media_ms(look) for look in reversed(right)}
    return Figures(
        tracks=len(seen_ms),
        looks=len(looks),
        known_looks=sum(who is not None for who in shown),
        named_right=len(right),
        named_wrong=len(wrong),
        tracks_named_wrong=len({look.track for look in wrong}),
        named_after_ms=max((named_ms[track] - seen_ms[track] for track in named_ms), default=None),
        looks_of=dict(Counter(str(look.name or look.state) for look in looks)),
    )


def play(box: Box, videos: Mapping[str, Truth], folder: Path, extra: str, console: Console) -> dict[str, Figures]:
    """Play videos two at a time."""
    names, figures = list(videos), {}
    for pair in (names[place : place + 2] for place in range(0, len(names), 2)):
        console.print(f"playing {' and '.join(pair)}")
        cameras = [f'name = "{name}"\nsource = "{folder / name}.mp4"\nlossless = true' for name in pair]
        box.configure(cameras, extra=extra)
        events, status = box.play(600)
        if not all(link["balanced"] for link in status["links"]):
            raise SystemExit(f"{pair}: the books do not balance")
        for name in pair:
            figures[name] = count([event for event in events if event.camera == name], videos[name])
    return figures


def measure(box: Box, arguments: argparse.Namespace, console: Console) -> dict[str, Figures]:
    """Enrol and play everything."""
    people, portraits, videos = (path.absolute() for path in (arguments.people, arguments.portraits, arguments.videos))
    network = arguments.network
    extra = f'network = "{network}"\n'
    box.configure([], extra=extra)
    names = sorted((path.name for path in people.iterdir() if path.name != ALSO_A_PORTRAIT), key=os.fsencode)
    known = {name: sorted((people / name).glob("frontal_*.jpg"))[:PICTURES] for name in names[:ENROLLED]}
    for path in sorted(portraits.iterdir()):
        known[path.name] = sorted(path.iterdir())
    console.print(f"enrolling {len(known)} people")
    enrol(known, box.folder / "gallery", load_network(network))
    stage = box.folder / "stage"
    stage.mkdir()
    shutil.copytree(box.folder / "gallery", stage / "gallery")
    shutil.copy(box.folder / "key", stage)
    for who in ("woman", "man"):
        box.twinface("capture", "--video", str(videos / f"{who}.mp4"), "--auto", str(CAPTURED), "--output", who)
        box.twinface("gallery", "add", who, who)
    figures = play(box, VIDEOS, videos, extra, console)

    on_stage = Box(stage)
    on_stage.configure([], extra=extra)
    for path in sorted((videos / "people").iterdir()):
        on_stage.twinface("gallery", "add", path.name, *map(str, sorted(path.iterdir())))
    return figures | play(on_stage, STAGE, videos, extra, console)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=Path, required=True, help="folder with a folder of pictures for each person")
    parser.add_argument("--videos", type=Path, required=True, help="folder with crowd.mp4, woman.mp4, …")
    parser.add_argument(
        "--portraits", type=Path, required=True, help="folder with a folder of pictures for each person"
    )
    parser.add_argument("--network", default="sface")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="twinface-bench-", dir="/tmp") as folder:
        os.environ["TWINFACE_KEY_FILE"] = str(Path(folder) / "key")
        try:
            figures = measure(Box(Path(folder)), arguments, Console(stderr=True))
        except TwinfaceError as error:
            print(f"strangers: {error}", file=sys.stderr)
            return error.exit_code
    if arguments.json:
        print(json.dumps({name: asdict(one) for name, one in figures.items()}))
        return 0
    columns = [field for field in Figures.__dataclass_fields__ if field != "looks_of"]
    table = Table("video", *(name.replace("_", " ") for name in columns), "looks", box=None)
    for name, one in figures.items():
        called = ", ".join(f"{what} {number}" for what, number in sorted(one.looks_of.items()))
        table.add_row(name, *("-" if (value := getattr(one, key)) is None else f"{value:g}" for key in columns), called)
    Console(width=160).print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
