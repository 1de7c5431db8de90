"""Photos of people become aligned crops, to look through, correct and train on."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from twinface.errors import InputError
from twinface.faces import FaceDetector, read_image
from twinface.files import write_atomically
from twinface.recognition.enrolment import Objection, look_at, objection_of
from twinface.recognition.set_aside import SET_ASIDE, write_reasons
from twinface.types import Image


@dataclass(frozen=True, slots=True)
class Selfie:
    """What became of a photo of `person`: `crop` is where its face was saved, or None where no single one was found."""

    person: str
    picture: Path
    crop: Path | None
    objection: Objection | None


def crop_selfies(
    people: dict[str, list[Path]], faces: Path, detector: FaceDetector, *, force: bool = False
) -> Iterator[Selfie]:
    """Save the face of each picture as faces/PERSON/PICTURE.png, an aligned crop; yields each picture when it is done.

    A crop that something speaks against goes to faces/PERSON/set_aside/ instead, where reasons.json says what; it
    lists those that have no crop too. With `force` only those are objected to that cannot be read or have no face.
    """
    for name, pictures in people.items():
        stems = [path.stem for path in pictures]
        done: list[Selfie] = []
        for path in pictures:
            file = path.stem if stems.count(path.stem) == 1 else path.name
            done.append(_crop_selfie(name, path, faces / name, f"{file}.png", detector, force=force))
            yield done[-1]
        if any(selfie.crop for selfie in done):
            write_reasons(faces / name / SET_ASIDE, {selfie.picture: selfie.objection for selfie in done})


def save_crop(target: Path, crop: Image) -> None:
    """Write a crop as PNG, whole or not at all. Raises InputError when it cannot be written."""
    _, encoded = cv2.imencode(".png", crop)
    try:
        write_atomically(target, np.asarray(encoded, np.uint8).tobytes())
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror}); name another folder") from error


def _crop_selfie(person: str, picture: Path, folder: Path, file: str, detector: FaceDetector, *, force: bool) -> Selfie:
    try:
        image = read_image(picture)
    except InputError as error:
        return Selfie(person, picture, None, objection_of(error, picture))
    look = look_at(image, detector.detect(image), force=force)
    if look.crop is None:
        return Selfie(person, picture, None, look.objection)
    target = folder / SET_ASIDE / file if look.objection else folder / file
    save_crop(target, look.crop.image)
    return Selfie(person, picture, target, look.objection)
