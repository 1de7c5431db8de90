"""A gallery is made where there is none."""

from dataclasses import replace
from pathlib import Path

from twinface.errors import ArtefactError
from twinface.files import make_folder
from twinface.gallery.gallery_folder import (
    MANIFEST_FILE,
    find_people_folders,
    read_manifest,
    require_gallery,
    write_manifest,
    writers_lock,
)
from twinface.gallery.manifest import PEOPLE_FOLDER, Manifest
from twinface.gallery.people_files import file_states


def create_gallery(folder: Path, manifest: Manifest, lock_wait_s: float) -> None:
    """Have a gallery in a folder, of the network that the manifest says; an empty one of another network is taken over,
    unless it is a copy of one that boxes share. Raises ArtefactError where it cannot be made, or features are there.
    """
    require_gallery(folder)
    try:
        make_folder(folder)
        people = next(iter(find_people_folders(folder)), PEOPLE_FOLDER)
        make_folder(folder / people)
    except OSError as error:
        raise ArtefactError(f"{folder}: cannot be made ({error.strerror}); choose another folder") from error
    if (folder / MANIFEST_FILE).exists() and read_manifest(folder).network == manifest.network:
        return
    with writers_lock(folder, lock_wait_s):
        if not (folder / MANIFEST_FILE).exists():
            write_manifest(folder, replace(manifest, people=people))
            return
        old = read_manifest(folder)
        if old.network != manifest.network and old.shared is None and not file_states(folder / old.people):
            write_manifest(folder, replace(manifest, version=old.version + 1, people=old.people))
