"""Photos of people become aligned crops, to look through, correct and train on."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

from twinface.errors import InputError
from twinface.faces import FaceDetector, align_face, pick_enrolment_face, read_image
from twinface.files import write_atomically
from twinface.types import Image

CROP_SIZE_PX = 224
"""Side of saved crops: enough for every network, which then shrinks them (`--aligned`)."""


def crop_selfies(
    people: dict[str, list[Path]], faces: Path, detector: FaceDetector
) -> Iterator[tuple[Path, InputError | None]]:
    """Save the face of each picture as faces/PERSON/PICTURE.png, an aligned crop; yields each picture when it is done.

    A picture that cannot be read, has no face, or has several alike in size saves nothing, and comes with the error.
    """
    for name, pictures in people.items():
        stems = [path.stem for path in pictures]
        for path in pictures:
            file = path.stem if stems.count(path.stem) == 1 else path.name
            try:
                crop = crop_face(path, detector)
            except InputError as error:
                yield path, error
                continue
            save_crop(faces / name / f"{file}.png", crop)
            yield path, None


def crop_face(picture: Path, detector: FaceDetector) -> Image:
    """The aligned crop of the one face in a picture file. Raises InputError and NoFaceError, which name the file."""
    image = read_image(picture)
    try:
        face = pick_enrolment_face(detector.detect(image), image.shape)
    except InputError as error:
        raise type(error)(f"{picture}: {error}") from error
    return align_face(image, face.landmarks_px, CROP_SIZE_PX)


def save_crop(target: Path, crop: Image) -> None:
    """Write a crop as PNG, whole or not at all. Raises InputError when it cannot be written."""
    _, encoded = cv2.imencode(".png", crop)
    try:
        write_atomically(target, np.asarray(encoded, np.uint8).tobytes())
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror}); name another folder") from error
