"""What a camera's average is worth: strangers named at made cameras, after 0 to 1,000 passers-by, by day and by night.

    .venv/bin/python benchmarks/averages.py --people CROPS --strangers CROPS --cache DIR [--json]

Aligned crops, 112 pixels or 128 with a margin of 8: `--people` a folder a person with frontal_… pictures, such as
`twinface selfies` makes, `--strangers` one picture each. Nobody who passes by is asked: probes are every fifth stranger
and the enrolled every fifth person, whom nothing learns from. Vectors of each camera are kept in `--cache`.

GALLERY_PEOPLE are enrolled by one picture each, from the same camera or from photos, the clean one. Looks come one at a
time, and the bundled head's default threshold of that gallery decides. False accepts: strangers are enrolled and other
strangers come, so that both are of one kind; with the 95 % interval over who comes. Genuine: people are enrolled, and
other pictures of them come. The enrolled are not counted among the passers-by.

1. Each camera after 0, 10, 100 and 1,000 passers-by, PASSERS_A_DAY a day.
2. A camera that changes every 12 hours: one average for both pictures, or one for each.
3. A camera that changes for good after 1,000 passers-by.

Three cameras with vectors in the cache take three minutes of one core; a vector takes some 20 ms once.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from made_cameras import CAMERAS, Crops, Vectorised, draw, person_of
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from rich.table import Table

from twinface.averages import Averages, Clusters, adjusted_vectors
from twinface.matching import Head, load_head
from twinface.matching.threshold import least_score, share_asked_for
from twinface.matching.vectors import normalised
from twinface.networks import load_network
from twinface.recognition.known import best_of_strangers
from twinface.settings import MatchingSettings
from twinface.types import Vectors

AFTER = (0, 10, 100, 1000)
GALLERY_PEOPLE = 10
PASSERS_A_DAY = 30
DAY_AND_NIGHT = (("clean", "night"), ("clean", "poor"))
CHANGES = (("clean", "poor"), ("poor", "clean"))
SAME, PHOTOS = "the same camera", "photos"
ROUNDS = 1000
ONE_PERSON_COSINE = 0.6
"""Two strangers who are as alike on clean pictures are taken for one person, and not compared."""

_DAY_NS = 86_400 * 10**9
_SOURCE = "camera:made"

progress = Console(stderr=True)


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """What a camera shows: pictures of `people` (n, d), whose they are, `strangers` and `passers` (m, d), one each."""

    people: Vectors
    person: NDArray[np.int64]
    strangers: Vectors
    passers: Vectors


@dataclass(frozen=True, slots=True)
class Outcome:
    """Shares, 0…1: of strangers named, with its interval and count, and of looks at the enrolled named rightly."""

    false_accepts: float
    low: float
    high: float
    named: int
    strangers: int
    genuine: float
    shift: float


class Camera:
    """A head at its default threshold, and galleries that are drawn, the same ones each time.

    `clean` pictures tell which strangers may be one person.
    """

    def __init__(self, head: Head, clean: View, draws: int, seed: int) -> None:
        if head.cohort is None or head.tail is None:
            raise SystemExit("this network's head has no cohort; train one with `twinface train --strangers`")
        self.prior: NDArray[np.float32] = head.cohort.prior
        self._head, self._tail, self._draws, self._seed = head, head.tail, draws, seed
        self._settings = MatchingSettings()
        unit = normalised(clean.strangers)
        self._one_person = unit @ unit.T > ONE_PERSON_COSINE

    def learnt(self, passers: Vectors, before: Clusters | None = None) -> Clusters:
        """The faces that a camera has shown when these have passed by, one track of one picture each."""
        faces = before or Clusters.none(len(self.prior))
        start_ns = int(faces.seen_ns.max()) if len(faces) else 0
        for number, vector in enumerate(passers, start=1):
            faces = faces.learnt(vector, self.prior, start_ns + number * _DAY_NS // PASSERS_A_DAY)
        return faces

    def measure(
        self, view: View, faces: Clusters, enrolled: View | None = None, enrolled_faces: Clusters | None = None
    ) -> Outcome:
        """Who comes to `view`, a camera whose average `faces` make; people are enrolled from it.

        Others are `enrolled` from another view, of photos, or of a camera whose average `enrolled_faces` make.
        """
        average = self._average(faces)
        theirs = average if enrolled is None else self._average(enrolled_faces)
        seen = enrolled or view
        rng = np.random.default_rng(self._seed)
        named, right = self._strangers_named(view, average, seen, theirs, rng), []
        told = self._head.prepare_probes(adjusted_vectors(view.people, _SOURCE, average))
        for _ in range(self._draws):
            people = rng.permutation(np.unique(view.person))[:GALLERY_PEOPLE]
            rows = [rng.permutation(np.flatnonzero(view.person == one)) for one in people]
            compared = adjusted_vectors(seen.people[[row[0] for row in rows]], _SOURCE, theirs)
            probes = np.concatenate([row[1:] for row in rows])
            scores = self._head.prepare(compared)(told.of(probes))
            found = self._names(scores, self._threshold(compared), view.people[probes])
            right.append(float((found == np.repeat(np.arange(len(rows)), [len(row) - 1 for row in rows])).mean()))
        share, (low, high) = float(np.nanmean(named)), self._interval(named)
        counts = int(np.nansum(named)), int(np.isfinite(named).sum())
        shift = float(np.linalg.norm(average.of(_SOURCE) - self.prior))
        return Outcome(share, low, high, *counts, float(np.mean(right)), shift)

    def _average(self, faces: Clusters | None) -> Averages:
        return Averages.made_of({_SOURCE: faces.tally} if faces else {}, self.prior)

    def _strangers_named(
        self, view: View, average: Averages, seen: View, theirs: Averages, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Whether each stranger gets a name in each gallery of others, (draws, m): 1 or 0, NaN where enrolled."""
        told = self._head.prepare_probes(adjusted_vectors(view.strangers, _SOURCE, average))
        named = np.full((self._draws, len(view.strangers)), np.nan, np.float32)
        for row in named:
            gallery = rng.permutation(len(view.strangers))[:GALLERY_PEOPLE]
            compared = adjusted_vectors(seen.strangers[gallery], _SOURCE, theirs)
            scores = self._head.prepare(compared)(told)
            others = ~self._one_person[:, gallery].any(axis=1)
            row[others] = self._names(scores, self._threshold(compared), view.strangers)[others] >= 0
        return named

    def _threshold(self, compared: Vectors) -> float:
        count = len(compared)
        index = np.arange(count, dtype=np.int32)
        best = best_of_strangers(self._head, self._head.prepare_gallery(compared), index, count, self._settings)
        return least_score(best, count, share_asked_for(None, count), self._tail)

    def _names(self, scores: NDArray[np.float32], needed: float, vectors: Vectors) -> NDArray[np.int64]:
        """Whom each look shows, (n,): -1 for nobody, by the threshold, the lead, and how good the picture is."""
        two = np.partition(scores, scores.shape[1] - 2, axis=1)[:, -2:]
        is_named = (two[:, 1] >= needed) & (two[:, 1] - two[:, 0] >= self._settings.margin)
        return np.where(is_named & self._head.knows_quality(vectors), scores.argmax(axis=1), -1)

    def _interval(self, named: NDArray[np.float32]) -> tuple[float, float]:
        rng, count = np.random.default_rng(0), named.shape[1]
        hits, asked = np.nansum(named, axis=0), np.isfinite(named).sum(axis=0)
        drawn = rng.integers(0, count, (ROUNDS, count))
        low, high = np.percentile(hits[drawn].sum(axis=1) / asked[drawn].sum(axis=1), (2.5, 97.5))
        return float(low), float(high)


def by_passers(camera: Camera, views: dict[str, View]) -> list[dict[str, Any]]:
    """Each camera after so many passers-by, enrolled from there and from photos."""
    rows = []
    for name, view in track(list(views.items()), "passers-by", console=progress, transient=True):
        for after in AFTER:
            faces = camera.learnt(view.passers[:after])
            for source, enrolled in ((SAME, None), (PHOTOS, views["clean"])):
                outcome = camera.measure(view, faces, enrolled)
                rows.append(
                    {"camera": name, "passers-by": after, "faces": len(faces), "enrolled from": source}
                    | asdict(outcome)
                )
    return rows


def by_day_and_night(camera: Camera, views: dict[str, View]) -> list[dict[str, Any]]:
    """A camera of two pictures: strangers and looks of each half, people enrolled in each half or from photos."""
    rows = []
    for day, night in track(_both_in(DAY_AND_NIGHT, views), "day and night", console=progress, transient=True):
        halves = {"day": views[day], "night": views[night]}
        passers = len(views[day].passers)
        lit = (np.arange(passers) // (PASSERS_A_DAY // 2) % 2 == 0)[:, np.newaxis]
        both = camera.learnt(np.where(lit, views[day].passers, views[night].passers))
        each = {
            "day": camera.learnt(views[day].passers[lit[:, 0]]),
            "night": camera.learnt(views[night].passers[~lit[:, 0]]),
        }
        nobody = Clusters.none(len(camera.prior))
        schemes = {"bundled": dict.fromkeys(halves, nobody), "one for both": dict.fromkeys(halves, both)}
        for half, view in halves.items():
            for word, enrolled in {**halves, PHOTOS: views["clean"]}.items():
                for average, faces in {**schemes, "one for each": each}.items():
                    outcome = camera.measure(view, faces[half], enrolled, faces.get(word))
                    rows.append(
                        {"day": day, "night": night, "comes by": half, "enrolled by": word, "average": average}
                        | asdict(outcome)
                    )
    return rows


def by_change(camera: Camera, views: dict[str, View]) -> list[dict[str, Any]]:
    """A camera that shows another picture from one day on: people are enrolled from it after that, or were before."""
    rows = []
    for before, now in track(_both_in(CHANGES, views), "changes", console=progress, transient=True):
        faces = camera.learnt(views[before].passers)
        for after in AFTER:
            learnt = camera.learnt(views[now].passers[:after], faces)
            for word, enrolled in (("since", views[now]), ("before", views[before])):
                outcome = camera.measure(views[now], learnt, enrolled, learnt)
                rows.append({"from": before, "to": now, "passers-by since": after, "enrolled": word} | asdict(outcome))
    return rows


def _both_in(pairs: Sequence[tuple[str, str]], views: dict[str, View]) -> list[tuple[str, str]]:
    return [pair for pair in pairs if views.keys() >= set(pair)]


def read_views(arguments: argparse.Namespace) -> dict[str, View]:
    """What each camera shows, of everybody."""
    people = Crops.found(arguments.people, "frontal_*")
    strangers = Crops.found(arguments.strangers, "*.*")
    vectors = Vectorised(load_network(arguments.network), arguments.cache)
    known, _ = people.split()
    asked, passing = strangers.split()
    asked, passing = draw(asked, arguments.probes, 9), draw(passing, AFTER[-1], 5)
    _, person = np.unique([person_of(name) for name in known], return_inverse=True)
    return {
        camera: View(
            vectors.of(camera, people, known),
            person,
            vectors.of(camera, strangers, asked),
            vectors.of(camera, strangers, passing),
        )
        for camera in arguments.cameras
    }


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """All figures."""
    views = read_views(arguments)
    head = load_head(arguments.head, load_network(arguments.network).recipe.fingerprint)
    camera = Camera(head, views["clean"], arguments.draws, arguments.seed)
    own = {
        name: float(np.linalg.norm(normalised(view.passers).mean(axis=0) - camera.prior))
        for name, view in views.items()
    }
    return {
        "enrolled": GALLERY_PEOPLE,
        "asked for": share_asked_for(None, GALLERY_PEOPLE),
        "shift of the mean of all passers-by": own,
        "after passers-by": by_passers(camera, views),
        "day and night": by_day_and_night(camera, views),
        "changed for good": by_change(camera, views),
    }


def show(found: dict[str, Any]) -> None:
    """Tables, shares in percent."""
    console = Console(width=150)
    for title, rows in found.items():
        if not isinstance(rows, list):
            console.print(title, rows)
        if not isinstance(rows, list) or not rows:
            continue
        table = Table(*rows[0], title=title, box=None)
        for row in rows:
            table.add_row(*(_cell(name, value) for name, value in row.items()))
        console.print(table)


def _cell(name: str, value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}" if name == "shift" else f"{100 * value:.3f} %"
    return f"{value:,}" if isinstance(value, int) else str(value)


def main(words: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=Path, required=True)
    parser.add_argument("--strangers", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="folder of vectors, told by the names of crops")
    parser.add_argument("--cameras", nargs="+", choices=CAMERAS, default=list(CAMERAS), help="default: all")
    parser.add_argument("--network", default="sface")
    parser.add_argument("--head", type=Path, help="default: the bundled one")
    parser.add_argument("--probes", type=int, default=2000, help="how many strangers are asked (default: %(default)s)")
    parser.add_argument("--draws", type=int, default=20, help="galleries that are drawn (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(words)
    if "clean" not in arguments.cameras:
        parser.error("--cameras: photos are of the clean camera, so it has to be among them")
    cv2.setNumThreads(1)
    found = measure(arguments)
    if arguments.json:
        print(json.dumps(found, indent=2))
    else:
        show(found)


if __name__ == "__main__":
    main()
