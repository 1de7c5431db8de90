"""Pictures of faces, packed into arrays of crops that a run learns from and is measured on."""

from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np
from numpy.typing import NDArray

from twinface.distillation.crop_views import MARGIN_PX, PACKED_PX, resize
from twinface.errors import ArtefactError, InputError
from twinface.faces.alignment import ARCFACE_TEMPLATE_PX, estimate_similarity
from twinface.faces.choice import pick_main_face
from twinface.faces.detection import FaceDetector
from twinface.faces.picture_files import read_image
from twinface.files import canonical_json, make_folder, read_json_object, write_atomically
from twinface.recognition.picture_folders import OnPicture, pictures_below
from twinface.text import plural
from twinface.types import Image

HELD_OUT_EVERY = 5
"""Of people in byte order of their names, each fifth (index % 5 = 4) is never trained on."""

_LEARNT, _PEOPLE, _HELD_OUT, _ABOUT = "crops.u8", "people.npy", "held_out.u8", "pack.json"
_FORMAT = 2


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the pictures are.

    `crops`: folders of aligned squares whose middle 7/8 is the standard crop. `faces`: folders of any pictures of a
    face. `people`: one with a folder a person, of which every fifth is held out. Sub-folders are looked through.
    """

    crops: tuple[Path, ...] = ()
    faces: tuple[Path, ...] = ()
    people: Path | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Pack:
    """Crops with a margin, uint8 (n, 128, 128, 3) BGR, to learn from, and others held out, with whom they are of.

    `people` (n,) numbers the folders that the crops to learn from came from, which are people where they are sorted so.
    """

    crops: NDArray[np.uint8]
    people: NDArray[np.int64]
    held_out: NDArray[np.uint8]
    held_out_people: NDArray[np.int64]


def split_people(folder: Path) -> tuple[list[Path], list[Path]]:
    """The people of a folder that may be trained on, and those held out. Raises InputError when there are too few."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name one with a folder a person")
    everyone = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: path.name.encode())
    held_out = everyone[HELD_OUT_EVERY - 1 :: HELD_OUT_EVERY]
    if len(held_out) < 2:
        raise InputError(
            f"{folder}: {plural(len(everyone), 'person')}, too few to hold two out; at least 10 are needed"
        )
    return [person for person in everyone if person not in held_out], held_out


def list_work(sources: Sources) -> tuple[list[tuple[Path, bool]], list[list[Path]]]:
    """The pictures to learn from, each with whether it is aligned, and those of each person held out."""
    learnt, held_out = split_people(sources.people) if sources.people else ([], [])
    work = [(path, True) for folder in sources.crops for path in pictures_below(folder)]
    work += [(path, False) for folder in (*sources.faces, *learnt) for path in pictures_below(folder)]
    return work, [list(pictures_below(person)) for person in held_out]


def make_pack(sources: Sources, folder: Path, on_picture: OnPicture) -> Pack:
    """Read, detect, align and write all pictures to `folder`, once: a pack that is there is opened instead.

    Raises InputError when fewer than two faces to learn from are found.
    """
    if (folder / _ABOUT).exists():
        return open_pack(folder)
    work, held_out = list_work(sources)
    make_folder(folder)
    detector = FaceDetector(second_look=True)
    with (folder / _LEARNT).open("wb") as file:
        taken = [path.parent for path, aligned in work if _append(file, path, aligned, detector, on_picture)]
    if len(taken) < 2:
        raise InputError(
            f"{plural(len(taken), 'usable face')} in {plural(len(work), 'picture')}; give folders of pictures of faces"
        )
    number = {parent: place for place, parent in enumerate(dict.fromkeys(taken))}
    np.save(folder / _PEOPLE, np.array([number[parent] for parent in taken], np.int64))
    with (folder / _HELD_OUT).open("wb") as file:
        counts = [sum(_append(file, path, False, detector, on_picture) for path in person) for person in held_out]
    write_atomically(folder / _ABOUT, canonical_json({"format": _FORMAT, "learnt": len(taken), "held_out": counts}))
    return open_pack(folder)


def open_pack(folder: Path) -> Pack:
    """The pack in a folder, its crops mapped from disk. Raises ArtefactError when it is damaged."""
    about = read_json_object(folder / _ABOUT)
    if about.get("format") != _FORMAT:
        raise ArtefactError(f"{folder / _ABOUT}: not of format {_FORMAT}; remove the folder and start again")
    counts = np.array(about["held_out"], np.int64)
    return Pack(
        _open_crops(folder / _LEARNT, int(about["learnt"])),
        np.load(folder / _PEOPLE),
        _open_crops(folder / _HELD_OUT, int(counts.sum())),
        np.repeat(np.arange(len(counts)), counts),
    )


def _open_crops(path: Path, count: int) -> NDArray[np.uint8]:
    shape = (count, PACKED_PX, PACKED_PX, 3)
    if count == 0:
        return np.empty(shape, np.uint8)
    try:
        return np.memmap(path, np.uint8, "r", shape=shape)
    except (OSError, ValueError) as error:
        raise ArtefactError(f"{path}: {error}; remove the folder and start again") from error


def _append(file: BinaryIO, path: Path, aligned: bool, detector: FaceDetector, on_picture: OnPicture) -> bool:
    try:
        image = read_image(path)
        file.write((_as_packed(image, path) if aligned else _align(image, detector)).tobytes())
    except InputError as error:
        on_picture(path, error if str(path) in str(error) else InputError(f"{path}: {error}"))
        return False
    on_picture(path, None)
    return True


def _as_packed(image: Image, path: Path) -> Image:
    if image.shape[0] != image.shape[1]:
        raise InputError(f"{path}: not a square, so no aligned crop; give its folder as one of faces")
    return np.asarray(resize(image[np.newaxis], PACKED_PX)[0])


def _align(image: Image, detector: FaceDetector) -> Image:
    face = pick_main_face(detector.detect(image), image.shape)
    matrix = estimate_similarity(face.landmarks_px, ARCFACE_TEMPLATE_PX + MARGIN_PX)
    return np.asarray(cv2.warpAffine(image, matrix, (PACKED_PX, PACKED_PX), flags=cv2.INTER_LINEAR), np.uint8)
