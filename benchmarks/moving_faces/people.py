"""Whose pictures move: people of the training side of the split, or the portraits of the assets."""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface import assets
from twinface.errors import NoFaceError
from twinface.evaluation.protocols.split import validation_people
from twinface.faces import FaceDetector, pick_enrolment_face, read_image
from twinface.types import Image

PORTRAITS = {
    "person a": ("person_a_2", "person_a_1"),
    "person b": ("person_b_2", "person_b_1"),
    "stranger 1": ("impostor_1",),
    "stranger 2": ("impostor_2",),
}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody: the picture that moves, and other ones to know them by (none for those nobody knows)."""

    name: str
    picture: Path
    enrolled: tuple[Path, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sprite:
    """A head cut out of its picture: uint8 (h, w, 3) BGR, `opacity` float32 (h, w), 0…1, and the box of its face."""

    image: Image
    opacity: NDArray[np.float32]
    box_xyxy: NDArray[np.float32]


def find_people(folder: Path | None) -> list[Person]:
    """The training people of a folder with one folder a person, in byte order; of the portraits without a folder."""
    if folder is None:
        portraits = assets.fetch("portraits")
        return [
            Person(name, portraits / f"{moves}.jpg", tuple(portraits / f"{one}.jpg" for one in others))
            for name, (moves, *others) in PORTRAITS.items()
        ]
    names = [path.name for path in folder.iterdir() if path.is_dir()]
    kept = sorted(set(names) - set(validation_people(names)))
    pictures = [sorted((folder / name).glob("frontal_*.jpg")) for name in kept]
    return [Person(name, paths[0], tuple(paths[1:4])) for name, paths in zip(kept, pictures, strict=True)]


def cut_sprite(picture: Path, detector: FaceDetector) -> Sprite | None:
    """The head of the one face of a picture, with soft edges; None where no face can be told."""
    image = read_image(picture)
    try:
        face = pick_enrolment_face(detector.detect(image), image.shape)
    except NoFaceError:
        return None
    middle_px = (face.box_xyxy[:2] + face.box_xyxy[2:]) / 2
    half_px = np.array([0.85, 0.8], np.float32) * (face.width_px, face.height_px)
    top_left = np.maximum(middle_px - half_px, 0).astype(int)
    bottom_right = np.minimum(middle_px + half_px, image.shape[1::-1]).astype(int)
    head = image[top_left[1] : bottom_right[1], top_left[0] : bottom_right[0]]
    y, x = np.mgrid[: head.shape[0], : head.shape[1]]
    from_middle = ((np.stack([x, y], axis=2) + top_left - middle_px) / half_px) ** 2
    opacity = np.clip(8 * (1 - from_middle.sum(axis=2)), 0, 1).astype(np.float32)
    box_xyxy = face.box_xyxy - np.concatenate([top_left, top_left]).astype(np.float32)
    opacity[:1] = opacity[-1:] = opacity[:, :1] = opacity[:, -1:] = 0
    return Sprite(head, cv2.GaussianBlur(opacity, (0, 0), 1.5), box_xyxy)
