"""Features and crops made of seeded noise, so that what should come out is known."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from twinface.gallery import PersonVectors, write_features

NETWORK = "5" * 64


@pytest.fixture(autouse=True)
def own_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign with a key of the test's own."""
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))


@pytest.fixture
def make_features(tmp_path: Path) -> Callable[..., Path]:
    """Features of `people` with `pictures` each: a centre of each person's own, and noise around it."""

    def make(people: int, pictures: int, dimension: int = 16, noise: float = 0.5, name: str = "features") -> Path:
        rng = np.random.default_rng(7)
        everybody = []
        for person in range(people):
            centre = rng.normal(size=dimension)
            vectors = (centre + noise * rng.normal(size=(pictures, dimension))).astype(np.float32)
            files = tuple(f"{number}.jpg" for number in range(pictures))
            quality = np.ones(pictures, np.float32)
            everybody.append(PersonVectors(f"person {person:02}", files, vectors, quality, NETWORK))
        write_features(tmp_path / name, everybody)
        return tmp_path / name

    return make


@pytest.fixture(scope="session")
def crops_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 squares of smooth colours, which no detector takes for a face."""
    folder = tmp_path_factory.mktemp("crops")
    rng = np.random.default_rng(3)
    for number in range(24):
        colours = rng.integers(0, 256, (4, 4, 3)).astype(np.uint8)
        cv2.imwrite(str(folder / f"{number}.png"), cv2.resize(colours, (128, 128), interpolation=cv2.INTER_CUBIC))
    return folder
