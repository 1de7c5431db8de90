"""What the quality gate of enrolment lets through and what it catches, on pictures and on the same ones spoilt.

    .venv/bin/python benchmarks/enrolment_quality.py --people DIR [--split validation|training] [--json]

DIR holds a folder a person with frontal_*.jpg and profile_*.jpg. Frontal pictures are spoilt in steps: made smaller,
blurred, darkened, …; `cosine` is the median of their mean cosine with the person's other frontal pictures as they are,
`lost` the share whose mean is under 0.43. Then pictures of others are planted among those of a person, judged by the
head in the box. Lengths of blur are in widths of the face.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.enrolment.gate import choose_picker, inspect_picture
from twinface.enrolment.likeness import object_to_likeness
from twinface.enrolment.objections import Reason
from twinface.evaluation.protocols.split import validation_people
from twinface.faces import FaceDetector, pick_main_face, read_image
from twinface.gallery import Snapshot
from twinface.matching import load_head
from twinface.networks import Network, find_recipe, load_network
from twinface.recognition.embedding import embed_one_face, open_detector
from twinface.settings import MatchingSettings
from twinface.types import Image, Vectors

SPOILT_A_PERSON = 2
DRAWS = 4
RECOGNISED_COSINE = 0.43

Spoil = Callable[[Image, float], Image]
"""A picture and the width of its face in pixels, to the picture spoilt."""


def _shrink(face_px: float) -> Spoil:
    def spoil(image: Image, width_px: float) -> Image:
        ratio = min(1.0, face_px / width_px)
        return np.asarray(cv2.resize(image, None, fx=ratio, fy=ratio, interpolation=cv2.INTER_AREA), np.uint8)

    return spoil


def _blur(widths: float) -> Spoil:
    return lambda image, width_px: np.asarray(cv2.GaussianBlur(image, (0, 0), widths * width_px), np.uint8)


def _shake(widths: float) -> Spoil:
    def spoil(image: Image, width_px: float) -> Image:
        length = max(1, round(widths * width_px))
        kernel = np.zeros((length, length), np.float32)
        kernel[length // 2] = 1 / length
        return np.asarray(cv2.filter2D(image, -1, kernel), np.uint8)

    return spoil


def _tone(curve: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Spoil:
    table = np.clip(np.round(255 * curve(np.arange(256) / 255)), 0, 255).astype(np.uint8)
    return lambda image, _width_px: np.asarray(cv2.LUT(image, table), np.uint8)


def _turn(degrees: float) -> Spoil:
    def spoil(image: Image, _width_px: float) -> Image:
        height, width = image.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        return np.asarray(cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)

    return spoil


SPOILT: dict[str, Spoil] = {
    **{f"face {size} px wide": _shrink(size) for size in (48, 36, 32, 24)},
    **{f"blurred, sigma {widths:g}": _blur(widths) for widths in (0.01, 0.02, 0.03, 0.04, 0.06)},
    **{f"shaken by {widths:g}": _shake(widths) for widths in (0.05, 0.1, 0.15, 0.2)},
    **{f"darkened, gamma {gamma}": _tone(lambda x, gamma=gamma: x**gamma) for gamma in (2, 4, 6)},
    **{f"darkened, gain {gain}": _tone(lambda x, gain=gain: x * gain) for gain in (0.3, 0.15, 0.08)},
    **{f"overexposed, gain {gain}": _tone(lambda x, gain=gain: x * gain) for gain in (1.7, 2.5, 4)},
    "contrast 0.15": _tone(lambda x: 0.5 + 0.15 * (x - 0.5)),
    **{f"tilted by {degrees} degrees": _turn(degrees) for degrees in (15, 30, 45)},
}


class Tally:
    """How pictures of one kind fared."""

    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()
        self.cosines: list[float] = []
        self.lost_and_refused = 0

    def add(self, cosine: float, reason: str) -> None:
        """One more picture: its mean cosine, -1 where no face was found, and why it was refused, if it was."""
        self.cosines.append(cosine)
        self.reasons[reason] += 1
        self.lost_and_refused += bool(reason) and cosine < RECOGNISED_COSINE

    def row(self) -> dict[str, Any]:
        """The figures."""
        cosines = np.array(self.cosines)
        lost = int((cosines < RECOGNISED_COSINE).sum())
        refused = {reason: count for reason, count in self.reasons.most_common() if reason}
        return {
            "pictures": len(cosines),
            "cosine": round(float(np.median(cosines)), 3),
            "lost": lost,
            "refused": sum(refused.values()),
            "lost_and_refused": self.lost_and_refused,
            "reasons": refused,
        }


def embed(image: Image, detector: FaceDetector, network: Network) -> NDArray[np.float32] | None:
    """The vector of the main face, whatever the gate says of it."""
    faces = detector.detect(image)
    if not faces:
        return None
    return embed_one_face(image, detector, network, choose_picker(force=True)).vector


def measure_pictures(people: list[Path]) -> tuple[dict[str, Tally], dict[str, Vectors]]:
    """Run every picture, and some spoilt, through the gate; also the frontal vectors of everybody."""
    detector, network = open_detector(), load_network("sface", threads=1)
    tallies: dict[str, Tally] = {}
    vectors: dict[str, Vectors] = {}
    for number, folder in enumerate(people):
        print(f"\r{number + 1} of {len(people)} people", end="", file=sys.stderr)
        images = {path.name: read_image(path) for path in sorted(folder.glob("*.jpg"))}
        own = {name: embed(image, detector, network) for name, image in images.items()}
        frontal = {name: one for name, one in own.items() if name.startswith("frontal") and one is not None}
        vectors[folder.name] = np.stack(list(frontal.values()))
        for name, kind, image in _variants(images, detector):
            vector = own[name] if kind in {"frontal", "profile"} else embed(image, detector, network)
            others = [one for other, one in frontal.items() if other != name]
            cosine = -1.0 if vector is None else float(np.mean([_cosine(vector, one) for one in others]))
            objection = inspect_picture(image, detector.detect(image)).objection
            tallies.setdefault(kind, Tally()).add(cosine, objection.reason.value if objection else "")
    print(file=sys.stderr)
    return tallies, vectors


def _cosine(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    return float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b)))


def _variants(images: dict[str, Image], detector: FaceDetector) -> Iterator[tuple[str, str, Image]]:
    """File, kind and picture: all as they are, and the first frontal ones spoilt in every way."""
    for name, image in images.items():
        yield name, name.partition("_")[0], image
    for name in [name for name in images if name.startswith("frontal")][:SPOILT_A_PERSON]:
        width_px = pick_main_face(detector.detect(images[name]), images[name].shape).width_px
        for kind, spoil in SPOILT.items():
            yield name, kind, spoil(images[name], width_px)


def plant(vectors: dict[str, Vectors], enrolled: int, right: int, wrong: int, *, known: bool) -> dict[str, int]:
    """Plant `wrong` pictures of one other person among `right` ones of each person, in a gallery of the other half.

    The person has `enrolled` pictures in the gallery already. With `known` the other one is in it too, with three other
    pictures than those planted, else a stranger to it.
    """
    random = np.random.default_rng(0)
    fingerprint = find_recipe("sface").fingerprint
    head, settings = load_head(None, fingerprint), MatchingSettings()
    names = sorted(vectors)
    counts: Counter[str] = Counter()
    for _ in range(DRAWS):
        shuffled = [names[row] for row in random.permutation(len(names))]
        members, new = shuffled[: len(names) // 2], shuffled[len(names) // 2 :]
        for name in new:
            pool = members if known else [other for other in new if other != name]
            other = pool[random.integers(len(pool))]
            own = vectors[name][random.permutation(len(vectors[name]))]
            people = {member: vectors[member][:3] for member in members}
            gallery = _gallery_of(people | ({name: own[:enrolled]} if enrolled else {}), fingerprint)
            batch = np.concatenate([own[enrolled : enrolled + right], vectors[other][3:][:wrong]])
            objections = object_to_likeness(name, batch, gallery, head, settings)
            counts["right"] += right
            counts["wrong"] += wrong
            counts["right_refused"] += sum(one is not None for one in objections[:right])
            counts["wrong_caught"] += sum(one is not None for one in objections[right:])
            counts["as_somebody_else"] += sum(
                one is not None and one.reason is Reason.LOOKS_LIKE_SOMEBODY_ELSE for one in objections[:right]
            )
    return dict(counts)


def _gallery_of(people: dict[str, Vectors], fingerprint: str) -> Snapshot:
    index = np.repeat(np.arange(len(people), dtype=np.int32), [len(vectors) for vectors in people.values()])
    return Snapshot(tuple(people), index, np.concatenate(list(people.values())), 1, fingerprint)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=Path)
    parser.add_argument("--split", choices=["validation", "training"], default="validation")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.people is None:
        print("left out: name a folder of people with frontal and profile pictures by --people", file=sys.stderr)
        return
    everybody = sorted(path.name for path in options.people.iterdir() if path.is_dir())
    validation = set(validation_people(everybody))
    people = [options.people / name for name in everybody if (name in validation) == (options.split == "validation")]
    tallies, vectors = measure_pictures(people)
    pictures = {kind: tally.row() for kind, tally in tallies.items()}
    cases = [
        (0, 1, 0),
        (0, 2, 0),
        (0, 2, 1),
        (0, 4, 0),
        (0, 4, 1),
        (0, 4, 2),
        (0, 7, 1),
        (0, 7, 3),
        (3, 1, 0),
        (3, 1, 1),
    ]
    planted = {
        f"{right} right, {wrong} of {who}, {enrolled} there": plant(vectors, enrolled, right, wrong, known=known)
        for enrolled, right, wrong in cases
        for known, who in ((False, "a stranger"), (True, "a member"))[: 1 + bool(wrong)]
    }
    if options.json:
        print(json.dumps({"people": len(people), "pictures": pictures, "planted": planted}, indent=2))
        return
    print(f"{len(people)} people, {options.split}")
    for kind, row in pictures.items():
        reasons = ", ".join(f"{count} {reason}" for reason, count in row["reasons"].items())
        print(
            f"{kind:24} {row['pictures']:5} cosine {row['cosine']:6.3f}  lost {row['lost'] / row['pictures']:6.1%}  "
            f"refused {row['refused'] / row['pictures']:6.1%}  {reasons}"
        )
    for case, row in planted.items():
        caught = f"wrong caught {row['wrong_caught']} of {row['wrong']}" if row["wrong"] else ""
        share = f"{row['right_refused']} of {row['right']} ({row['right_refused'] / row['right']:.2%})"
        print(f"{case:36} right refused {share}, {row['as_somebody_else']} as somebody else; {caught}")


if __name__ == "__main__":
    main()
