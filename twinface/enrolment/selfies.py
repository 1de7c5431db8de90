"""Photos of people become aligned crops, to look through, correct and train on."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from twinface.enrolment.gate import inspect_picture, objection_of
from twinface.enrolment.objections import Objection, force_helps
from twinface.enrolment.set_aside import is_reasons, write_reasons
from twinface.errors import InputError
from twinface.faces.detection import FaceDetector
from twinface.faces.picture_files import is_folder, read_image
from twinface.files import write_atomically
from twinface.outputs import REASONS_FILE, is_marked_png, mark_png, refuse_inputs, require_ours
from twinface.progress import Say, ShowProgress, no_progress, say_nothing
from twinface.recognition.embedding import open_detector, refuse_turned
from twinface.recognition.picture_folders import (
    SET_ASIDE,
    describe_empty_people,
    describe_left_out_of_people,
    list_people,
)
from twinface.text import none_usable
from twinface.types import Image

_MOST_NAME_BYTES, _SHORT_NAME_BYTES = 250, 200

_MEND = "name another folder for the crops"


@dataclass(frozen=True, slots=True)
class Selfie:
    """What became of a photo of `person`: `crop` is where its face was saved, or None where no single one was found."""

    person: str
    picture: Path
    crop: Path | None
    objection: Objection | None


@dataclass(frozen=True, slots=True)
class CroppedPhotos:
    """What came of a folder of photos: each of the `selfies`, and whether any crop was to be taken (`forced`)."""

    photos: Path
    selfies: tuple[Selfie, ...]
    forced: bool

    @property
    def saved(self) -> int:
        """How many crops nothing spoke against."""
        return sum(selfie.objection is None for selfie in self.selfies)

    def require_any(self) -> None:
        """Raise InputError where no photo could be used."""
        if not self.saved:
            raise InputError(f"{self.photos}: {none_usable(len(self.selfies), 'photo')}; see the warnings")

    def describe_without_any(self) -> list[str]:
        """A sentence about each person of whom no photo could be used."""
        people: dict[str, list[Selfie]] = {}
        for selfie in self.selfies:
            people.setdefault(selfie.person, []).append(selfie)
        sentences = []
        for name, selfies in people.items():
            objections = [selfie.objection for selfie in selfies if selfie.objection]
            if len(objections) == len(selfies):
                hint = ", or use --force" if not self.forced and any(map(force_helps, objections)) else ""
                sentences.append(f"{name}: {none_usable(len(selfies), 'photo')}; give one clear face each{hint}")
        return sentences


def crop_photos(
    photos: Path,
    faces: Path,
    *,
    force: bool = False,
    show: ShowProgress = no_progress,
    on_left_out: Say = say_nothing,
    on_selfie: Callable[[Selfie], None] = lambda _selfie: None,
) -> CroppedPhotos:
    """Save the face of every photo of a folder of people, as `crop_selfies` does.

    First `on_left_out` is called with what of the folder is passed over, a sentence each; then `on_selfie` with each
    photo. Raises InputError for a folder without people too.
    """
    people = list_people(photos)
    for line in (*describe_left_out_of_people(photos), *describe_empty_people(photos, people)):
        on_left_out(line)
    selfies = []
    with show("cropping", sum(len(pictures) for pictures in people.values())) as bar:
        for selfie in crop_selfies(people, faces, open_detector(), force=force):
            selfies.append(selfie)
            on_selfie(selfie)
            bar.advance()
    return CroppedPhotos(photos, tuple(selfies), force)


def crop_selfies(
    people: dict[str, list[Path]], faces: Path, detector: FaceDetector, *, force: bool = False
) -> Iterator[Selfie]:
    """Save the face of each picture as faces/PERSON/PICTURE.png, an aligned crop; yields each picture when it is done.

    A crop that something speaks against goes to faces/PERSON/set_aside/ instead, where reasons.json says what; it
    lists those that have no crop too. With `force` only those are objected to that cannot be read or have no face.
    Raises InputError, before anything is written, where a crop would come among the pictures or in the place of a file
    that is not an earlier crop.
    """
    files = {name: _files_of(pictures) for name, pictures in people.items()}
    inputs = {folder for pictures in people.values() for folder in _folders_of(pictures[0])}
    for name, crops in files.items():
        _check_free(faces / name, crops, inputs)
    return _crop_each(people, files, faces, detector, force=force)


def _folders_of(picture: Path) -> tuple[Path, Path]:
    """That of a person, which may stand for their pictures, and that of everybody."""
    person = picture if is_folder(picture) else picture.parent
    return person, person.parent


def _files_of(pictures: list[Path]) -> list[str]:
    """What the crop of each picture is called; names that differ in letters' case alone are one on some disks."""
    count = Counter(path.stem.casefold() for path in pictures)
    files: dict[str, str] = {}
    for path in pictures:
        name = _fitting(path.stem if count[path.stem.casefold()] == 1 else path.name)
        while name.casefold() in files:
            name += "_"
        files[name.casefold()] = f"{name}.png"
    return list(files.values())


def _fitting(name: str) -> str:
    """A name to which an ending of four bytes can be added; different ones for different names."""
    encoded = os.fsencode(name)
    if len(encoded) <= _MOST_NAME_BYTES:
        return name
    return f"{os.fsdecode(encoded[:_SHORT_NAME_BYTES])}-{hashlib.sha256(encoded).hexdigest()[:8]}"


def _check_free(folder: Path, crops: list[str], inputs: set[Path]) -> None:
    for place in (folder, folder / SET_ASIDE):
        refuse_inputs(place, inputs, _MEND)
        for crop in crops:
            require_ours(place / crop, is_marked_png, _MEND)
    require_ours(folder / SET_ASIDE / REASONS_FILE, is_reasons, _MEND)


def _crop_each(
    people: dict[str, list[Path]], files: dict[str, list[str]], faces: Path, detector: FaceDetector, *, force: bool
) -> Iterator[Selfie]:
    for name, pictures in people.items():
        done: list[Selfie] = []
        for path, file in zip(pictures, files[name], strict=True):
            done.append(_crop_selfie(name, path, faces / name, file, detector, force=force))
            yield done[-1]
        if any(selfie.crop for selfie in done):
            write_reasons(faces / name / SET_ASIDE, {selfie.picture: selfie.objection for selfie in done})


def save_crop(target: Path, crop: Image) -> None:
    """Write a crop as PNG that says it is ours, whole or not at all. Raises InputError when it cannot be written."""
    _, encoded = cv2.imencode(".png", crop)
    try:
        write_atomically(target, mark_png(np.asarray(encoded, np.uint8).tobytes()))
    except OSError as error:
        raise InputError(f"{target}: cannot be written ({error.strerror}); name another folder") from error


def _crop_selfie(person: str, picture: Path, folder: Path, file: str, detector: FaceDetector, *, force: bool) -> Selfie:
    try:
        image = read_image(picture)
        faces = detector.detect(image)
        if not force:
            refuse_turned(image, faces, detector)
    except InputError as error:
        return Selfie(person, picture, None, objection_of(error, picture))
    seen = inspect_picture(image, faces, force=force)
    if seen.crop is None:
        return Selfie(person, picture, None, seen.objection)
    target = folder / SET_ASIDE / file if seen.objection else folder / file
    save_crop(target, seen.crop.image)
    return Selfie(person, picture, target, seen.objection)
