"""The files of one person as they stand, byte for byte, to be put back exactly."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

from twinface.errors import ArtefactError
from twinface.gallery.crops import crops_path
from twinface.gallery.manifest import read_manifest
from twinface.gallery.person import person_path
from twinface.gallery.set_aside import set_aside_path


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
