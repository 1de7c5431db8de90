"""The files of one person as they stand, byte for byte, to be put back exactly."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from twinface.errors import ArtefactError
from twinface.files import sync_folder, write_atomically
from twinface.gallery.crops import crops_path
from twinface.gallery.gallery import Gallery
from twinface.gallery.manifest import read_manifest, write_manifest
from twinface.gallery.people import person_path
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
    return PersonFiles(**{kind: _read(path) for kind, path in _paths(folder, name).items()})


def put_back(gallery: Gallery, people: Mapping[str, PersonFiles]) -> None:
    """Have people's files be these again, each whole or not at all, as one change of the gallery.

    Crops are written before vectors, and everything before anything is removed, so that at every moment each picture
    is somebody's; what is broken off in between is done again. Raises ArtefactError when it cannot be done.
    """
    with gallery.unchanging():
        files = [
            (path, getattr(wanted, kind))
            for name, wanted in people.items()
            for kind, path in reversed(_paths(gallery.folder, name).items())
        ]
        for path, data in files:
            if data is not None and _read(path) != data:
                write_atomically(path, data)
        for path, data in reversed(files):
            if data is None and path.exists():
                path.unlink()
                sync_folder(path.parent)
        manifest = read_manifest(gallery.folder)
        write_manifest(gallery.folder, replace(manifest, version=manifest.version + 1))
        gallery.refresh()


def _paths(folder: Path, name: str) -> dict[str, Path]:
    people = folder / read_manifest(folder).people
    return {
        "vectors": person_path(people, name),
        "crops": crops_path(people, name),
        "set_aside": set_aside_path(folder, name),
    }


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be read ({error.strerror})") from error
