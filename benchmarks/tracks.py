"""How faces are tracked and how seldom they have to be recognised, against the truth.

    .venv/bin/python benchmarks/tracks.py [--people FOLDER] [--videos FOLDER] [--seeds 4] [--still] [--json]

Tracks: people of real pictures cross, meet, vanish behind pillars and come and go before a background, with shaking,
noise and missed detections, at 25, 12.5, 5 and uneven frames a second. Without a folder of people (one folder a person)
the four portraits of the assets move. `perfect` knows who is who: what the detections allow. `ours` looks for faces by
the default settings, in some frames only, and `every frame` in all; where nothing moves ours spares more: --still.
Names: these sequences and, with a folder of videos, two_named_people.mp4 and talking_*.mp4, through the stages of the
pipeline; right and wrong names are counted box by box.
"""

import argparse
import itertools
import json
import os
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from moving_faces.enrolment import enrol
from moving_faces.greedy import GreedyCamera, GreedyTracker
from moving_faces.metrics import Account, Accountant, match_boxes
from moving_faces.naming import Camera, NamingAccount, Recogniser, name_film
from moving_faces.people import Person, Sprite, cut_sprite, find_people
from moving_faces.sequences import RATES, SCENES, Shot, play
from moving_faces.truth import ALEX, LIN_MANUEL, nobody, two_named_people
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from twinface.errors import TwinfaceError
from twinface.faces import FaceDetector, SourceSpec, open_source
from twinface.live.camera import CameraStage
from twinface.messages.schema import BoxXyxy
from twinface.networks import Network, load_network
from twinface.recognition.embedding import open_detector
from twinface.recognition.naming import Naming
from twinface.settings import CameraSettings, DetectionSettings, MatchingSettings, TrackingSettings
from twinface.types import Captured, Face, Frame, Image

ACTORS = 5
NAMED_SCENES = ("crossing", "meeting", "crowd")
NAMED_RATES = ("25", "12.5")
_BIRTH_SCORE = DetectionSettings().score_threshold
NAMED_FROM = 2
"""The first cast for the names; how soon a face is looked at again was set on those before."""


class BlindedDetector(FaceDetector):
    """A detector that misses what a sequence says."""

    shot: Shot | None = None

    def detect(self, image: Image, shrunk: Image | None = None) -> list[Face]:
        """As FaceDetector.detect."""
        faces = super().detect(image, shrunk)
        if self.shot is None:
            return faces
        blind = [face.box_xyxy for face in self.shot.faces if face.person in self.shot.blind]
        missed = {column for _, column in match_boxes(blind, [face.box_xyxy for face in faces])}
        return [face for position, face in enumerate(faces) if position not in missed]


def open_blinded() -> BlindedDetector:
    """The detector as the camera has it."""
    return BlindedDetector(
        score_threshold=TrackingSettings().weak_score,
        max_side_px=DetectionSettings().max_side_px,
    )


def cast(people: Sequence[Person], detector: FaceDetector, seed: int) -> list[tuple[Person, Sprite]]:
    """Who plays in the sequences of a seed, every other one known; with few people, mirrored ones play as well."""
    chosen: list[tuple[Person, Sprite]] = []
    order = np.random.default_rng([7, seed]).permutation(len(people))
    for number in order:
        if len(chosen) < ACTORS and (sprite := cut_sprite(people[number].picture, detector)) is not None:
            chosen.append((people[number], sprite))
    chosen = [
        (person if place % 2 == 0 else replace(person, enrolled=()), sprite)
        for place, (person, sprite) in enumerate(chosen)
    ]
    while len(chosen) < ACTORS:
        person, sprite = chosen[len(chosen) - len(people)]
        mirrored = sprite.box_xyxy.copy()
        mirrored[[0, 2]] = sprite.image.shape[1] - sprite.box_xyxy[[2, 0]]
        twin = Sprite(np.ascontiguousarray(sprite.image[:, ::-1, ::-1]), sprite.opacity[:, ::-1].copy(), mirrored)
        chosen.append((Person(f"nobody {len(chosen)}", person.picture, ()), twin))
    return chosen


Boxes = list[tuple[int, NDArray[np.float32]]]
"""Tracks with their boxes, float32 (4,)."""

Follow = Callable[[Shot, list[Face]], Boxes]


def _greedy() -> Follow:
    tracker = GreedyTracker()

    def follow(_: Shot, faces: list[Face]) -> Boxes:
        tracked = tracker.update([face for face in faces if face.detection_score >= _BIRTH_SCORE])
        return [(number, face.box_xyxy) for number, face in tracked]

    return follow


def _perfect() -> Follow:
    def follow(shot: Shot, faces: list[Face]) -> Boxes:
        boxes = [face.box_xyxy for face in faces]
        pairs = match_boxes([face.box_xyxy for face in shot.faces], boxes)
        return [(shot.faces[row].person, boxes[column]) for row, column in pairs]

    return follow


class _Found(FaceDetector):
    """A detector that says once more what was found."""

    faces: Sequence[Face] = ()

    def detect(self, _image: Image, _shrunk: Image | None = None) -> list[Face]:
        """As FaceDetector.detect."""
        return list(self.faces)


def _stage(detection: DetectionSettings) -> Callable[[], Follow]:
    def make() -> Follow:
        detector = _Found()
        stage, numbers = _open_stage(detector, detection), itertools.count()

        def follow(shot: Shot, faces: list[Face]) -> Boxes:
            detector.faces = faces
            update = stage.see(Frame(shot.image, next(numbers), Captured(0, 0, shot.time_ms))).update
            return [(box.track, np.array(box.box_xyxy, np.float32)) for box in update.tracks]

        return follow

    return make


def _open_stage(detector: FaceDetector, detection: DetectionSettings) -> CameraStage:
    camera, tracking = CameraSettings(name="bench", source="0", lossless=True), TrackingSettings()
    return CameraStage(camera, 1, detector, detection=detection, tracking=tracking, crop_size_px=112)


OURS = {
    "every frame": DetectionSettings(every=1, adaptive=False),
    "ours": DetectionSettings(),
}
"""In which frames faces are looked for."""

TRACKERS: dict[str, Callable[[], Follow]] = {
    "greedy": _greedy,
    "perfect": _perfect,
    **{name: _stage(detection) for name, detection in OURS.items()},
}


def measure_tracks(
    people: Sequence[Person], seeds: int, console: Console, *, shaking: bool
) -> dict[str, dict[str, Account]]:
    """Tracker → kind of sequence, or frame rate, or "all" → figures."""
    sums: dict[str, dict[str, Account]] = {name: defaultdict(Account) for name in TRACKERS}
    detector = open_blinded()
    for seed in range(seeds):
        detector.shot = None
        sprites = [sprite for _, sprite in cast(people, open_detector(), seed)]
        for kind in SCENES:
            console.print(f"tracks: seed {seed + 1} of {seeds}, {kind}")
            for rate in RATES:
                for name, account in _track(play(kind, rate, sprites, seed, shaking=shaking), detector).items():
                    for key in (kind, f"{rate} fps" if rate != "uneven" else rate, "all"):
                        sums[name][key] += account
    return sums


def _track(shots: Iterator[Shot], detector: BlindedDetector) -> dict[str, Account]:
    """The same detections through every tracker."""
    follow = {name: make() for name, make in TRACKERS.items()}
    accountants = {name: Accountant() for name in TRACKERS}
    for shot in shots:
        detector.shot = shot
        faces = detector.detect(shot.image)
        clear = [(face.person, face.box_xyxy) for face in shot.faces if face.visible >= 0.5]
        hidden = [face.box_xyxy for face in shot.faces if face.visible < 0.5]
        for name, accountant in accountants.items():
            accountant.take(clear, follow[name](shot, faces), hidden)
    return {name: accountant.close() for name, accountant in accountants.items()}


METHODS: dict[str, Callable[[FaceDetector], Camera]] = {
    "every box": lambda detector: GreedyCamera(detector, 0.0),
    "every 400 ms": lambda detector: GreedyCamera(detector, 400.0),
    **{name: partial(_open_stage, detection=detection) for name, detection in OURS.items()},
}


def measure_names(
    people: Sequence[Person], videos: Path | None, seeds: int, console: Console, *, shaking: bool
) -> dict[str, dict[str, NamingAccount]]:
    """Film → method → figures."""
    network = load_network("sface")
    sums: dict[str, dict[str, NamingAccount]] = defaultdict(lambda: defaultdict(NamingAccount))
    for seed in range(NAMED_FROM, NAMED_FROM + seeds):
        players = cast(people, open_detector(), seed)
        recogniser = _enrol({person.name: person.enrolled for person, _ in players if person.enrolled}, network)
        for kind in NAMED_SCENES:
            console.print(f"names: seed {seed + 1 - NAMED_FROM} of {seeds}, {kind}")
            for rate in NAMED_RATES:
                for method, make in METHODS.items():
                    film, sequence = f"{kind}, {rate} fps", _Sequence(players, kind, rate, seed, shaking=shaking)
                    name_film(
                        sums[film][method], sequence.frames(), make(sequence.detector), recogniser, sequence.truth
                    )
    if videos is not None:
        recogniser = _enrol(
            {name: sorted((videos / "people" / name).iterdir()) for name in (LIN_MANUEL, ALEX)}, network
        )
        for path in (videos / "two_named_people.mp4", *sorted(videos.glob("talking_*.mp4"))):
            console.print(f"names: {path.name}")
            known = _the_two if path.stem == "two_named_people" else nobody
            for method, make in METHODS.items():
                frames = open_source(SourceSpec(str(path), paced=False))
                name_film(sums[path.stem][method], frames, make(open_blinded()), recogniser, known)
    return sums


def _the_two(frame: int, box_xyxy: BoxXyxy) -> str | None:
    """Who of the gallery of two_named_people.mp4 a box is; a third man in it is nobody to that."""
    who = two_named_people(frame, box_xyxy)
    return who if who in (LIN_MANUEL, ALEX) else None


class _Sequence:
    """A sequence as a film with a detector that misses what it says, and whose face each box is."""

    def __init__(
        self, players: Sequence[tuple[Person, Sprite]], kind: str, rate: str, seed: int, *, shaking: bool
    ) -> None:
        self.detector = open_blinded()
        self._players = players
        self._shots = play(kind, rate, [sprite for _, sprite in players], seed, shaking=shaking)

    def frames(self) -> Iterator[Frame]:
        for index, shot in enumerate(self._shots):
            self.detector.shot = shot
            yield Frame(shot.image, index, Captured(0, 0, shot.time_ms))

    def truth(self, _frame: int, box_xyxy: BoxXyxy) -> str | None:
        faces = self.detector.shot.faces if self.detector.shot else ()
        pairs = match_boxes([face.box_xyxy for face in faces], [np.array(box_xyxy, np.float32)])
        person = self._players[faces[pairs[0][0]].person][0] if pairs else None
        return person.name if person is not None and person.enrolled else None


def _enrol(people: dict[str, Sequence[Path]], network: Network) -> Recogniser:
    """A gallery of these pictures, in a folder that goes when the program does."""
    folder = Path(tempfile.mkdtemp(dir=os.environ["TMPDIR"]))
    enrol(people, folder, network)
    return Recogniser(network, Naming(folder, None, network.recipe, MatchingSettings()))


def _as_json(
    tracks: dict[str, dict[str, Account]], names: dict[str, dict[str, NamingAccount]]
) -> dict[str, dict[str, dict[str, Any]]]:
    return {
        "tracks": {
            key: {
                name: {
                    "idf1": round(tracks[name][key].idf1, 3),
                    "switches": tracks[name][key].switches,
                    "fragments": tracks[name][key].fragments,
                    "true_boxes": tracks[name][key].true_boxes,
                }
                for name in TRACKERS
            }
            for key in tracks["ours"]
        },
        "names": {film: {method: account.figures() for method, account in by.items()} for film, by in names.items()},
    }


def _print(figures: dict[str, dict[str, dict[str, Any]]], console: Console) -> None:
    table = Table("sequences", "tracker", "IDF1", "ID switches", "fragments", "true boxes", box=None)
    for key, by_tracker in figures["tracks"].items():
        for name, one in by_tracker.items():
            table.add_row(
                key, name, f"{one['idf1']:.3f}", *(str(one[k]) for k in ("switches", "fragments", "true_boxes"))
            )
    console.print(table)
    columns = ("boxes", "embeddings", "boxes_per_embedding", "known_boxes", "named_right", "boxes_with_a_wrong_name")
    times = ("named_after_ms_median", "named_after_ms_worst")
    table = Table("film", "recognised", *(name.replace("_", " ") for name in (*columns, *times)), box=None)
    for film, by_method in figures["names"].items():
        for method, one in by_method.items():
            table.add_row(film, method, *("-" if one[k] is None else str(one[k]) for k in (*columns, *times)))
    console.print(table)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=Path, help="folder with a folder of pictures for each person")
    parser.add_argument("--videos", type=Path, help="folder with two_named_people.mp4, its people/ and talking_*.mp4")
    parser.add_argument("--seeds", type=int, default=4, help="casts for the tracks")
    parser.add_argument("--named-seeds", type=int, default=2, help="casts for the names")
    parser.add_argument("--still", action="store_true", help="the camera does not shake")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    progress = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="twinface-bench-") as folder:
        os.environ["TMPDIR"], os.environ["TWINFACE_KEY_FILE"] = folder, str(Path(folder) / "key")
        try:
            people = find_people(arguments.people)
            tracks = measure_tracks(people, arguments.seeds, progress, shaking=not arguments.still)
            names = measure_names(
                people, arguments.videos, arguments.named_seeds, progress, shaking=not arguments.still
            )
        except TwinfaceError as error:
            progress.print(f"tracks: {error}")
            return error.exit_code
    figures = _as_json(tracks, names)
    print(json.dumps(figures)) if arguments.json else _print(figures, Console(width=160))
    return 0


if __name__ == "__main__":
    sys.exit(main())
