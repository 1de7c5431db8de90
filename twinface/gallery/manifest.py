"""gallery.json: the network a gallery belongs to, a version that grows with every change, and where the people are."""

import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from twinface.errors import ArtefactError
from twinface.files import canonical_json, keep_private, read_json_object, shown, stream_atomically

FORMAT = 1
MANIFEST_FILE = "gallery.json"
PEOPLE_FOLDER = "people"
_PEOPLE_FOLDERS = re.compile(rf"{PEOPLE_FOLDER}(-(\d{{1,18}}))?")


@dataclass(frozen=True, slots=True)
class Manifest:
    """What gallery.json says; `network` is the fingerprint, `people` the name of the folder that everybody is in."""

    version: int
    network: str
    network_name: str
    people: str = PEOPLE_FOLDER


def read_manifest(folder: Path) -> Manifest:
    """Read gallery.json. Raises ArtefactError when it is missing, damaged or of another format."""
    path = folder / MANIFEST_FILE
    if not path.exists():
        raise ArtefactError(f"{folder}: no gallery here; start one with `twinface gallery add NAME PICTURE`")
    value = read_json_object(path)
    if value.get("format") != FORMAT:
        raise ArtefactError(
            f"{path}: format {shown(value.get('format'))}, this twinface reads {FORMAT}; update twinface"
        )
    manifest = Manifest(
        value.get("version", 0),
        value.get("network", ""),
        value.get("network_name", ""),
        value.get("people", PEOPLE_FOLDER),
    )
    if type(manifest.version) is not int or not isinstance(manifest.network, str) or not manifest.network:
        raise ArtefactError(f"{path}: no version or no network in it; delete it and add somebody: the people stay")
    if not isinstance(manifest.people, str) or not _PEOPLE_FOLDERS.fullmatch(manifest.people):
        raise ArtefactError(f"{path}: no folder of people in it; delete it and add somebody: the people stay")
    return manifest


def write_manifest(folder: Path, manifest: Manifest, change: Callable[[], object] = lambda: None) -> None:
    """Write gallery.json, whole or not at all, right after the `change` that it tells of.

    Room for it is taken before that, so that on a full disk nothing is changed. Raises ArtefactError when it cannot be
    written, and what `change` raises; the file is then as it was.
    """
    path = folder / MANIFEST_FILE

    def write(stream: BinaryIO) -> None:
        stream.write(canonical_json({"format": FORMAT, **asdict(manifest)}))
        stream.flush()
        change()

    try:
        stream_atomically(path, write)
    except OSError as error:
        raise ArtefactError(f"{path}: cannot be written ({error.strerror}); the file is as it was") from error


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
