"""A gallery brought back from a backup: what may be replaced by it, and the replacing."""

from collections.abc import Callable
from pathlib import Path

from twinface.errors import InputError
from twinface.gallery.backup import Backup, read_backup, restore_backup
from twinface.gallery.features_folder import require_gallery
from twinface.gallery.gallery import Gallery
from twinface.gallery.manifest import MANIFEST_FILE, PEOPLE_FOLDER
from twinface.outputs import is_within
from twinface.text import plural


def read_for_restoring(path: Path, folder: Path, *, replace: bool = False) -> Backup:
    """The backup, where the gallery in `folder` may be replaced by it: nobody is there, or with `replace` anyway.

    Raises InputError where somebody is there, or the backup lies among the people that it would replace, ArtefactError
    for a folder of features, and as `read_backup`.
    """
    require_gallery(folder)
    if any(is_within(path, one) for one in folder.glob(f"{PEOPLE_FOLDER}*")):
        raise InputError(f"{path}: among the people that it would replace; move it out of {folder} first")
    found = read_backup(path)
    there = _open_there(folder)
    if there and (there.people or there.damaged) and not replace:
        raise InputError(
            f"{folder}: {plural(len(there.people), 'person')} there already; use --replace to give up who is there for"
            f" those of {path}, or name another folder with --gallery"
        )
    return found


def restore_into(folder: Path, backup: Backup, advance: Callable[[], None] = lambda: None) -> Gallery:
    """Replace everybody in the gallery in `folder`, which is made if need be, as `restore_backup` does; returns it."""
    contents = backup.contents
    gallery = _open_there(folder) or Gallery.open(
        folder, network=contents.network, network_name=contents.network_name, create=True
    )
    restore_backup(gallery, backup, advance)
    return gallery


def _open_there(folder: Path) -> Gallery | None:
    return Gallery.open(folder) if (folder / MANIFEST_FILE).exists() else None
