"""The folder of a gallery: gallery.json, the folders of people, and its lock; or a folder of features in its place.

gallery.json has the network, a version that grows with every change, and where the people are. A folder of features has
neither: the people lie in the folder itself, the network is theirs, and nobody changes it.
"""

import dataclasses
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from twinface.errors import ArtefactError, FingerprintError
from twinface.files import canonical_json, read_json_object, shown, stream_atomically
from twinface.gallery.manifest import PEOPLE_FOLDER, Manifest, SharedMark
from twinface.locks import open_locked
from twinface.private_files import keep_private

FORMAT, SHARED_FORMAT = 1, 2
MANIFEST_FILE = "gallery.json"
WAIT_S = 5.0

AVERAGES_FILE = "averages.pkl"
"""The signed file that may lie among those of people, where a folder of features has a gallery in it."""

ITSELF = "."
"""What a manifest calls the folder of people where there are features: the folder itself."""

_PEOPLE_FOLDERS = re.compile(rf"{PEOPLE_FOLDER}(-(\d{{1,18}}))?")


def read_manifest(folder: Path) -> Manifest:
    """Read gallery.json. Raises ArtefactError when it is missing, damaged or of another format."""
    path = folder / MANIFEST_FILE
    if not path.exists():
        raise ArtefactError(f"{folder}: no gallery here; start one with `twinface gallery add NAME PICTURE`")
    value = read_json_object(path)
    if value.get("format") not in (FORMAT, SHARED_FORMAT):  # a list has no hash
        raise ArtefactError(
            f"{path}: format {shown(value.get('format'))}, this twinface reads {SHARED_FORMAT}; update twinface"
        )
    manifest = Manifest(
        value.get("version", 0),
        value.get("network", ""),
        value.get("network_name", ""),
        value.get("people", PEOPLE_FOLDER),
        _read_mark(path, value.get("shared")),
    )
    if type(manifest.version) is not int or not isinstance(manifest.network, str) or not manifest.network:
        raise ArtefactError(f"{path}: no version or no network in it; delete it and add somebody: the people stay")
    if not isinstance(manifest.people, str) or not _PEOPLE_FOLDERS.fullmatch(manifest.people):
        raise ArtefactError(f"{path}: no folder of people in it; delete it and add somebody: the people stay")
    return manifest


def _read_mark(path: Path, value: object) -> SharedMark | None:
    if value is None:
        return None
    fields = {field.name for field in dataclasses.fields(SharedMark)}
    if not isinstance(value, dict) or set(value) != fields or not all(isinstance(text, str) for text in value.values()):
        raise ArtefactError(f"{path}: a copy of no gallery; delete it and share the gallery again: the people stay")
    return SharedMark(**value)


def write_manifest(folder: Path, manifest: Manifest, change: Callable[[], object] = lambda: None) -> None:
    """Write gallery.json, whole or not at all, right after the `change` that it tells of.

    Room for it is taken before that, so that on a full disk nothing is changed. Raises ArtefactError when it cannot be
    written, and what `change` raises; the file is then as it was.
    """
    path = folder / MANIFEST_FILE

    def write(stream: BinaryIO) -> None:
        stream.write(canonical_json(_to_json(manifest)))
        stream.flush()
        change()

    try:
        stream_atomically(path, write)
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be written ({error.strerror}); the file is as it was") from error


def _to_json(manifest: Manifest) -> dict[str, object]:
    """An earlier twinface, which shares nothing, reads the format that has no mark."""
    if manifest.shared is None:
        return {"format": FORMAT, **{name: one for name, one in asdict(manifest).items() if name != "shared"}}
    return {"format": SHARED_FORMAT, **asdict(manifest)}


def find_people_folders(folder: Path) -> list[str]:
    """The folders of people in a gallery, the oldest first: more than one while everybody is being replaced, or when
    that was broken off. The oldest is always whole.
    """
    found = [(match, path) for path in folder.iterdir() if (match := _PEOPLE_FOLDERS.fullmatch(path.name))]
    return [path.name for _, path in sorted((int(match[2] or 0), path) for match, path in found if path.is_dir())]


def keep_folders_private(folder: Path) -> None:
    """Let nobody else at the files of a gallery. Raises ArtefactError where a folder belongs to another user."""
    if folder.is_dir():
        keep_private(folder)
        for name in find_people_folders(folder):
            keep_private(folder / name)


def is_person_file(file: str) -> bool:
    """Whether a file of this name, in a folder of people or of features, is to be a person."""
    return file.endswith(".pkl") and not file.startswith(".") and file != AVERAGES_FILE


def is_features_folder(folder: Path) -> bool:
    """Whether there are signed files directly in a folder, and it is no gallery, not even one without gallery.json."""
    if (folder / MANIFEST_FILE).exists() or not folder.is_dir():
        return False
    return not find_people_folders(folder) and any(signed_files(folder))


def has_people(folder: Path) -> bool:
    """Whether a folder is a gallery, or features in its place."""
    return (folder / MANIFEST_FILE).exists() or is_features_folder(folder)


def require_gallery(folder: Path) -> None:
    """Raise ArtefactError, with the way to a gallery, where a folder that is to be changed holds features."""
    if is_features_folder(folder):
        raise ArtefactError(
            f"{folder}: features, which are read and not changed; make a gallery of them with "
            f"`twinface gallery add --people {folder} --gallery NEW`"
        )


def of_another_network(folder: Path, manifest: Manifest, expected: str) -> FingerprintError:
    """The error for a gallery or features that are not of the network with the fingerprint `expected`."""
    mend = (
        "extract them again" if manifest.people == ITSELF else "another folder with --gallery and add everybody again"
    )
    return FingerprintError(
        f"{folder}: made with the network {manifest.network_name or '?'} ({manifest.network[:12]}), not the one in use "
        f"({expected[:12]}); name its network with --network, or {mend}"
    )


def signed_files(folder: Path) -> list[Path]:
    """The files directly in a folder that are to be people."""
    return [path for path in folder.glob("*.pkl") if is_person_file(path.name)]


@contextmanager
def writers_lock(folder: Path, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the folder's lock; the system gives it back when the process ends, however it ends.

    Raises ArtefactError when another writer holds it for longer than `wait_s`, the folder cannot be written, or holds
    features and no gallery.
    """
    require_gallery(folder)
    try:
        descriptor = open_locked(folder / ".lock", os.O_RDWR | os.O_CREAT, wait_s)
    except BlockingIOError as error:
        raise ArtefactError(f"{folder}: another command is writing there; try again when it has ended") from error
    except OSError as error:
        raise ArtefactError(f"{folder}: cannot be written ({error.strerror}); check its owner and rights") from error
    try:
        yield
    finally:
        os.close(descriptor)
