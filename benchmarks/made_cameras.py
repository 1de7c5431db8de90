"""Made cameras: one fixed degradation each of aligned crops, and the vectors that a network gives of them, cached."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.progress import track

from twinface.evaluation.protocols.split import validation_people
from twinface.faces import read_image
from twinface.networks import Network
from twinface.types import Image, Vectors

CROP_PX, MARGIN_PX = 112, 8
EMBEDDED_AT_ONCE = 32

progress = Console(stderr=True)


def night(crop: Image) -> Image:
    """Grey and dark."""
    grey = np.clip(cv2.cvtColor(crop, cv2.COLOR_BGR2GRAY) * 0.5 + 20, 0, 255).astype(np.uint8)
    return np.asarray(cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR), np.uint8)


def soft(crop: Image) -> Image:
    """36 of 112 pixels."""
    small = cv2.resize(crop, (36, 36), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (CROP_PX, CROP_PX), interpolation=cv2.INTER_LINEAR), np.uint8)


def cast(crop: Image) -> Image:
    """A colour cast."""
    return np.asarray(np.clip(crop * np.array([1.25, 1.0, 0.7]) + np.array([15, 0, -10]), 0, 255), np.uint8)


def poor(crop: Image) -> Image:
    """Soft, with a cast, and JPEG at 18."""
    _, data = cv2.imencode(".jpg", cast(soft(crop)), [cv2.IMWRITE_JPEG_QUALITY, 18])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


CAMERAS: Mapping[str, Callable[[Image], Image]] = {
    "clean": lambda crop: crop,
    "night": night,
    "soft": soft,
    "cast": cast,
    "poor": poor,
}


@dataclass(frozen=True, slots=True)
class Crops:
    """A folder of aligned crops, a folder a person or a file a person; `names` are paths in it, in order."""

    folder: Path
    names: tuple[str, ...]

    @classmethod
    def found(cls, folder: Path, pattern: str) -> "Crops":
        """Those whose file name fits. Ends the program where there are none."""
        names = tuple(sorted(str(path.relative_to(folder)) for path in folder.rglob(pattern) if path.is_file()))
        if not names:
            raise SystemExit(f"{folder}: no crops called {pattern}")
        return cls(folder, names)

    def split(self) -> tuple[list[str], list[str]]:
        """Those of the validation people, on whom nothing was chosen, and the others."""
        kept = set(validation_people([person_of(name) for name in self.names]))
        held_out = [name for name in self.names if person_of(name) in kept]
        return held_out, [name for name in self.names if person_of(name) not in kept]


def person_of(name: str) -> str:
    """Whom a crop is of: its folder, or where all lie in one its own name."""
    parent, stem = Path(name).parent, Path(name).stem
    return str(parent) if str(parent) != "." else stem


def draw(names: Sequence[str], count: int, seed: int) -> list[str]:
    """So many of them in random order, the same ones each time; a smaller count is the beginning of a larger one."""
    return [names[row] for row in np.random.default_rng(seed).permutation(len(names))[:count]]


class Vectorised:
    """Vectors of crops as made cameras show them; `cache` keeps them, so that only what is new is embedded."""

    def __init__(self, network: Network, cache: Path) -> None:
        self._network, self._cache = network, cache
        cache.mkdir(parents=True, exist_ok=True)

    def of(self, camera: str, crops: Crops, names: Sequence[str]) -> Vectors:
        """Vectors, float32 (n, d), of the crops `names` at a camera."""
        path = self._cache / f"{self._network.recipe.fingerprint[:12]}-{crops.folder.name}-{camera}.npz"
        known: dict[str, Vectors] = {}
        if path.exists():
            with np.load(path) as kept:
                known = dict(zip(kept["names"].tolist(), kept["vectors"], strict=True))
        new = [name for name in names if name not in known]
        for start in track(
            range(0, len(new), EMBEDDED_AT_ONCE), f"{crops.folder.name}, {camera}", console=progress, transient=True
        ):
            some = new[start : start + EMBEDDED_AT_ONCE]
            shown = [CAMERAS[camera](aligned(read_image(crops.folder / name))) for name in some]
            known |= zip(some, self._network.embed(np.stack(shown)), strict=True)
        if new:
            np.savez(path, names=list(known), vectors=np.stack(list(known.values())))
        return np.stack([known[name] for name in names])


def aligned(picture: Image) -> Image:
    """The crop (112, 112, 3) of a square picture: the middle of one with a margin of 8 pixels, others scaled."""
    if picture.shape[0] == CROP_PX + 2 * MARGIN_PX:
        return np.ascontiguousarray(picture[MARGIN_PX:-MARGIN_PX, MARGIN_PX:-MARGIN_PX])
    size = (CROP_PX, CROP_PX)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
