"""What a change that was broken off has left behind, seen to by the next one, under the lock."""

import shutil
from pathlib import Path

from twinface.gallery.crops import SUFFIX
from twinface.gallery.manifest import MANIFEST_FILE, find_people_folders
from twinface.gallery.people_folder import PeopleFolder
from twinface.gallery.set_aside import SET_ASIDE_FOLDER


def end_renames(people: PeopleFolder) -> None:
    """Put whoever was being renamed where their new name belongs. Raises OSError."""
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
