"""What a change that was broken off has left in a gallery; for who holds its lock."""

import shutil
from pathlib import Path

from twinface.errors import ArtefactError
from twinface.gallery.gallery_folder import MANIFEST_FILE, find_people_folders, read_manifest, writers_lock
from twinface.gallery.keys import box_key
from twinface.gallery.people_files import PeopleFolder, file_states
from twinface.gallery.person_files import SET_ASIDE_FOLDER, SUFFIX


def tidy(folder: Path) -> None:
    """Do what the next writer would do first, so that what was broken off stays as it is then. Raises ArtefactError."""
    manifest = read_manifest(folder)
    with writers_lock(folder):
        people = PeopleFolder(folder / manifest.people, box_key())
        try:
            people.read(file_states(people.folder), manifest.network)
            end_renames(people)
            sweep(folder, people)
        except OSError as error:
            raise ArtefactError(f"{folder}: cannot be changed ({error.strerror}); check its rights") from error


def end_renames(people: PeopleFolder) -> None:
    """Put whoever was being renamed when a change was broken off where their new name belongs. Raises OSError."""
    for name, path in people.paths.items():
        if path != (proper := people.path_of(name)) and not proper.exists():
            path.rename(proper)


def sweep(folder: Path, people: PeopleFolder) -> None:
    """Remove from a gallery what is of nobody: nobody's pictures stay where nobody looks for them. Raises OSError."""
    for name in find_people_folders(folder):
        if name != people.folder.name:
            shutil.rmtree(folder / name)
    half_written = (path for ending in (".pkl", SUFFIX) for path in people.folder.glob(f".*{ending}.*"))
    of_nobody = (path for path in people.folder.glob(f"*{SUFFIX}") if not path.with_suffix(".pkl").exists())
    beside = (*folder.glob(f".{MANIFEST_FILE}.*"), *(folder / SET_ASIDE_FOLDER).glob(".*.pkl.*"))
    for path in (*half_written, *of_nobody, *beside):
        path.unlink()
