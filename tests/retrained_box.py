"""Galleries of made-up people, and heads that are retrained from them."""

import json
from pathlib import Path

import numpy as np

from twinface.corrections import Correction, CorrectionKind
from twinface.gallery import Gallery, PersonVectors
from twinface.networks import find_recipe
from twinface.progress import say_nothing
from twinface.settings import Settings
from twinface.training.heads.head_training import TrainOptions
from twinface.training.retraining.head_retraining import retrain
from twinface.training.retraining.retraining_report import RetrainReport

NETWORK = find_recipe("sface").fingerprint
DIMENSION = find_recipe("sface").dimension


def make_people(
    count: int, pictures: int = 5, *, seed: int = 5, noise: float = 0.8, first: int = 0
) -> list[PersonVectors]:
    """People whose pictures differ in the first 32 numbers above all, which say less of them than the others."""
    rng = np.random.default_rng(seed)
    spread = np.where(np.arange(DIMENSION) < 32, 2.4, 0.6)
    found = []
    for number in range(first, first + count):
        vectors = rng.normal(size=DIMENSION) + spread * rng.normal(size=(pictures, DIMENSION))
        files = tuple(f"{name}.jpg" for name in range(pictures))
        quality = np.ones(pictures, np.float32)
        found.append(PersonVectors(f"person {number:02}", files, vectors.astype(np.float32), quality, NETWORK))
    return found


def enrol(folder: Path, people: list[PersonVectors]) -> Settings:
    gallery = Gallery.open(folder, network=NETWORK, network_name="sface", create=True)
    for person in people:
        gallery.add(person.name, person.files, person.vectors, person.quality)
    return Settings(gallery=folder)


def write_metric(folder: Path, slope: float) -> None:
    """A head of plain cosine: it was trained on nobody; with a low slope, 1, its scores mean nothing."""
    folder.mkdir(parents=True)
    about = {"format": 1, "architecture": "metric", "network": NETWORK, "calibration": {"slope": slope, "offset": 0.3}}
    (folder / "head.json").write_text(json.dumps(about))


def say(kind: CorrectionKind, name: str, vector: np.ndarray, number: int = 1) -> Correction:
    return Correction(kind, name, vector.astype(np.float32), NETWORK, 0.9, f"door/1/{number}", None, number)


def run(settings: Settings, features: Path | None = None) -> RetrainReport:
    return retrain(settings, TrainOptions(), features, say_nothing)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
