"""One person's vectors, and the signed file that holds them: the same for a gallery and for extracted features."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError, FingerprintError
from twinface.files import make_folder, write_atomically
from twinface.gallery.keys import box_key
from twinface.gallery.names import is_readable_name
from twinface.gallery.signing import check_format, pack_array, seal, unpack_array, unseal
from twinface.gallery.sources import PHOTOS, is_source, shared
from twinface.types import Vectors

_FORMAT = 2
_FORMAT_WITHOUT_SOURCES = 1
"""Read as of photos: there were no other sources."""

AVERAGES_FILE = "averages.pkl"
"""The signed file that may lie among those of people, where a folder of features has a gallery in it."""

_MAX_DIMENSION = 1 << 20
_SAME_PICTURE_COSINE = 0.9999


@dataclass(frozen=True, slots=True, eq=False)
class PersonVectors:
    """What is known of one person: `vectors` float32 (n, d), one for each of `files`, as the network gave them.

    `quality` is float32 (n,), 0…1; `network` the fingerprint of the network; `sources` where each vector comes from,
    PHOTOS for all of them unless said. Raises ArtefactError where these do not fit each other or hold something that is
    not a finite number.
    """

    name: str
    files: tuple[str, ...]
    vectors: Vectors
    quality: NDArray[np.float32]
    network: str
    sources: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        shape, count = self.vectors.shape, len(self.files)
        if not self.sources:
            object.__setattr__(self, "sources", (PHOTOS,) * count)
        if self.vectors.dtype != np.float32 or len(shape) != 2 or not 0 < shape[1] <= _MAX_DIMENSION:
            raise ArtefactError(
                f"{self.name}: vectors must be float32 (n, d), these are {self.vectors.dtype} {shape}; extract again"
            )
        if count == 0 or shape[0] != count or self.quality.shape != (count,) or self.quality.dtype != np.float32:
            raise ArtefactError(
                f"{self.name}: {count} pictures, {shape[0]} vectors and {self.quality.size} qualities; extract again"
            )
        if not np.isfinite(self.vectors).all() or not np.isfinite(self.quality).all():
            raise ArtefactError(f"{self.name}: vectors that are not finite numbers; check the network, extract again")
        if len(self.sources) != count or not all(map(is_source, self.sources)):
            raise ArtefactError(f"{self.name}: {count} pictures without a source each; extract again")


def slug_of(name: str) -> str:
    """A file name for any name: a readable part, and 64 bits of its sha256, so that no two names share one."""
    folded = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    readable = re.sub(r"[^a-z0-9]+", "-", folded)[:40].strip("-")
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{readable}-{digest}" if readable else digest


def person_path(folder: Path, name: str) -> Path:
    """Where a person's signed pickle stands in a folder of people."""
    return folder / f"{slug_of(name)}.pkl"


def is_person_file(file: str) -> bool:
    """Whether a file of this name, in a folder of people or of features, is to be a person."""
    return file.endswith(".pkl") and not file.startswith(".") and file != AVERAGES_FILE


def write_person(path: Path, person: PersonVectors, key: bytes) -> None:
    """Write a person's signed pickle, whole or not at all, readable by its owner only.

    Raises ArtefactError when it would be larger than a signed file may be, or cannot be written (full disk); what was
    there before is then still there.
    """
    value = {
        "format": _FORMAT,
        "name": person.name,
        "files": person.files,
        "vectors": pack_array(person.vectors),
        "quality": pack_array(person.quality),
        "network": person.network,
        "sources": shared(person.sources),
    }
    sealed = seal(value, key)
    try:
        write_atomically(path, sealed)
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be written ({error.strerror}); the file is as it was") from error


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


def appended(old: PersonVectors | None, new: PersonVectors) -> PersonVectors:
    """`old` with those pictures of `new` whose vectors neither it nor an earlier one of them has; both of one length.

    The vector tells a picture, since one file may be added under two paths, and two files have the same name.
    """
    vectors = new.vectors if old is None else np.concatenate([old.vectors, new.vectors])
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float32).tiny)
    kept = list(range(0 if old is None else len(old.files)))
    for row in range(len(kept), len(unit)):
        if not (unit[kept] @ unit[row] > _SAME_PICTURE_COSINE).any():
            kept.append(row)
    files = new.files if old is None else old.files + new.files
    quality = new.quality if old is None else np.concatenate([old.quality, new.quality])
    sources = new.sources if old is None else old.sources + new.sources
    return PersonVectors(
        new.name,
        tuple(files[row] for row in kept),
        vectors[kept],
        quality[kept],
        new.network,
        tuple(sources[row] for row in kept),
    )


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
