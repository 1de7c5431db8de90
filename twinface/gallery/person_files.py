"""What is kept of a person beside their vectors, a signed file each; and all their files, to be put back exactly.

`<slug>.crops` beside the vectors: the pictures that these were made of, where the settings say that they be kept, a PNG
for each, found by the vector itself. It is written before the vectors are and removed after them, so that a crash
leaves pictures without a vector at worst; the next change removes these.

`set-aside/<slug>.pkl` in the gallery: which copies `gallery add --set-aside` made of their pictures, where they are and
what they looked like, so that they can be forgotten.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, astuple, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError
from twinface.gallery.gallery_folder import read_manifest
from twinface.gallery.person import PersonVectors, person_path
from twinface.gallery.signing import check_format, unseal, write_sealed

SUFFIX = ".crops"
SET_ASIDE_FOLDER = "set-aside"
_CROPS_FORMAT = 1
_SET_ASIDE_FORMAT = 1


def crops_path(folder: Path, name: str) -> Path:
    """Where a person's crops stand, if any are kept."""
    return person_path(folder, name).with_suffix(SUFFIX)


def crop_key(vector: NDArray[np.float32]) -> str:
    """What the crop of a vector, float32 (d,), is found by."""
    return hashlib.sha256(np.ascontiguousarray(vector, dtype="<f4").tobytes()).hexdigest()[:32]


def crops_of(person: PersonVectors, crops: Mapping[str, bytes]) -> dict[str, bytes]:
    """Those of `crops` that are of one of the person's vectors."""
    keys = {crop_key(vector) for vector in person.vectors}
    return {key: crop for key, crop in crops.items() if key in keys}


def read_crops(path: Path, key: bytes) -> dict[str, bytes]:
    """A person's crops, encoded as PNG, by `crop_key`; none where there is no file.

    Raises SignatureError before anything is parsed when the signature does not fit, else ArtefactError.
    """
    if not path.exists():
        return {}
    value = unseal(path, key)
    check_format(path, value, _CROPS_FORMAT, "crops")
    crops = value.get("crops")
    if not isinstance(crops, dict) or not all(isinstance(crop, bytes) for crop in crops.values()):
        raise ArtefactError(f"{path}: crops that are no pictures; delete it and add the pictures again")
    return crops


def write_crops(path: Path, crops: Mapping[str, bytes], key: bytes) -> None:
    """Write a person's crops; the file goes where there are none. Raises as `write_sealed` does."""
    write_sealed(path, {"format": _CROPS_FORMAT, "crops": dict(crops)} if crops else None, key)


def keep_crops(folder: Path, person: PersonVectors, crops: Mapping[str, bytes], key: bytes) -> None:
    """Have a folder of people keep those of a person's own vectors; written only where they are not what is there."""
    path, kept = crops_path(folder, person.name), crops_of(person, crops)
    if kept != read_crops(path, key):
        write_crops(path, kept, key)


@dataclass(frozen=True, slots=True)
class SetAside:
    """A `picture`, as it was named, that was copied to `copy`, an absolute path, with this `sha256` in hex."""

    picture: str
    copy: str
    sha256: str

    @property
    def is_there(self) -> bool:
        """Whether the copy still is what it was; another file may have its name by now."""
        try:
            return hashlib.sha256(Path(self.copy).read_bytes()).hexdigest() == self.sha256
        except OSError:
            return False


def set_aside_path(folder: Path, name: str) -> Path:
    """Where a person's copies are remembered, in the gallery's `folder`."""
    return person_path(folder / SET_ASIDE_FOLDER, name)


def read_set_aside(path: Path, key: bytes) -> tuple[SetAside, ...]:
    """The copies that are remembered in a file; none where there is no file. Raises ArtefactError, SignatureError."""
    if not path.exists():
        return ()
    value = unseal(path, key)
    check_format(path, value, _SET_ASIDE_FORMAT, "pictures set aside")
    copies = value.get("copies")
    if not isinstance(copies, list) or not all(map(_is_copy, copies)):
        raise ArtefactError(f"{path}: not a list of pictures set aside; delete it")
    return tuple(SetAside(*entry) for entry in copies)


def _is_copy(entry: object) -> bool:
    return isinstance(entry, tuple) and len(entry) == 3 and all(isinstance(text, str) for text in entry)


def write_set_aside(path: Path, copies: Iterable[SetAside], key: bytes) -> None:
    """Remember copies instead of those before; of none there is no file. Raises ArtefactError when it cannot be."""
    entries = [astuple(one) for one in dict.fromkeys(copies)]
    write_sealed(path, {"format": _SET_ASIDE_FORMAT, "copies": entries} if entries else None, key)


@dataclass(frozen=True, slots=True)
class PersonFiles:
    """The signed files of a person: their vectors, their crops, and where copies of pictures are; None for no file."""

    vectors: bytes | None = None
    crops: bytes | None = None
    set_aside: bytes | None = None

    def __post_init__(self) -> None:
        if not all(isinstance(data, bytes | None) for data in asdict(self).values()):
            raise ArtefactError("files of a person that are no bytes")

    @property
    def digests(self) -> dict[str, str]:
        """What tells each file from another one: its SHA-256 in hex; empty for no file."""
        return {kind: hashlib.sha256(data).hexdigest() if data else "" for kind, data in asdict(self).items()}


def read_person_files(folder: Path, name: str) -> PersonFiles:
    """The files of a person of a gallery, whether or not anybody has this name. Raises ArtefactError."""
    return PersonFiles(**{kind: read_if_there(path) for kind, path in person_file_paths(folder, name).items()})


def person_file_paths(folder: Path, name: str) -> dict[str, Path]:
    """Where each file of `PersonFiles` lies in a gallery, or would lie. Raises ArtefactError."""
    people = folder / read_manifest(folder).people
    return {
        "vectors": person_path(people, name),
        "crops": crops_path(people, name),
        "set_aside": set_aside_path(folder, name),
    }


def read_if_there(path: Path) -> bytes | None:
    """What a file holds; None where there is none. Raises ArtefactError when it cannot be read."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error.strerror})") from error
