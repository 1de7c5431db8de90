"""The signed file that holds one person's vectors: the same for a gallery and for extracted features."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from twinface.errors import ArtefactError, FingerprintError
from twinface.files import make_folder
from twinface.gallery.keys import box_key
from twinface.gallery.names import is_readable_name
from twinface.gallery.person import PersonVectors, person_path
from twinface.gallery.signing import check_format, pack_array, unpack_array, unseal, write_sealed
from twinface.gallery.sources import PHOTOS, shared

_FORMAT = 2
_FORMAT_WITHOUT_SOURCES = 1
"""Read as of photos: there were no other sources."""

AVERAGES_FILE = "averages.pkl"
"""The signed file that may lie among those of people, where a folder of features has a gallery in it."""


def is_person_file(file: str) -> bool:
    """Whether a file of this name, in a folder of people or of features, is to be a person."""
    return file.endswith(".pkl") and not file.startswith(".") and file != AVERAGES_FILE


def write_person(path: Path, person: PersonVectors, key: bytes) -> None:
    """Write a person's signed pickle; raises as `write_sealed` does."""
    value = {
        "format": _FORMAT,
        "name": person.name,
        "files": person.files,
        "vectors": pack_array(person.vectors),
        "quality": pack_array(person.quality),
        "network": person.network,
        "sources": shared(person.sources),
    }
    write_sealed(path, value, key)


def read_person(path: Path, key: bytes) -> PersonVectors:
    """Read a person's signed pickle; its arrays are read-only.

    Raises SignatureError before anything is parsed when the signature does not fit, else ArtefactError.
    """
    value = unseal(path, key)
    if value.get("format") != _FORMAT_WITHOUT_SOURCES:
        check_format(path, value, _FORMAT, "a person")
    try:
        return _person_of(value)
    except (ValueError, ArtefactError) as error:
        raise ArtefactError(f"{path}: {error}; delete it and make it again") from error


def _person_of(value: dict[str, Any]) -> PersonVectors:
    name, network, files = value.get("name"), value.get("network"), value.get("files")
    if not isinstance(name, str) or not is_readable_name(name) or not isinstance(network, str):
        raise ValueError("a person without a name or a network")
    if not isinstance(files, tuple) or not all(isinstance(file, str) for file in files):
        raise ValueError("a person without a list of files")
    sources = value.get("sources") if value["format"] == _FORMAT else (PHOTOS,) * len(files)
    if not isinstance(sources, tuple) or not sources:
        raise ValueError("a person without a list of sources")
    vectors, quality = unpack_array(value.get("vectors")), unpack_array(value.get("quality"))
    return PersonVectors(name, files, vectors, quality, network, sources)


def write_features(folder: Path, people: Iterable[PersonVectors], key: bytes | None = None) -> None:
    """Write a features folder: one signed pickle a person; others that are there already stay."""
    make_folder(folder)
    key = key or box_key()
    for person in people:
        write_person(person_path(folder, person.name), person, key)


def read_features(folder: Path, key: bytes | None = None) -> list[PersonVectors]:
    """Everybody of a features folder, in the order of their names.

    Raises ArtefactError (no folder, nobody in it, a damaged file, another dimension), SignatureError, or
    FingerprintError when the vectors are of more than one network.
    """
    if not folder.is_dir():
        raise ArtefactError(f"{folder}: no such folder; make features with `twinface extract`")
    key = key or box_key()
    paths = [path for path in folder.glob("*.pkl") if is_person_file(path.name)]
    people = sorted((read_person(path, key) for path in paths), key=lambda person: person.name)
    if not people:
        raise ArtefactError(f"{folder}: nobody's features here; make them with `twinface extract`")
    for person in people[1:]:
        if person.network != people[0].network:
            raise FingerprintError(
                f"{folder}: {people[0].name} and {person.name} are of two networks; extract both with the same one"
            )
        if person.vectors.shape[1] != people[0].vectors.shape[1]:
            raise ArtefactError(f"{folder}: {people[0].name} and {person.name} differ in length; extract both again")
    return people
