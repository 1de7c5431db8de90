"""A folder of features in the place of a gallery: the same signed files, read and never changed.

There is no gallery.json in it and no folder of people: the people lie in the folder itself, and the network is theirs.
"""

from pathlib import Path

from twinface.errors import ArtefactError, FingerprintError
from twinface.gallery.manifest import MANIFEST_FILE, Manifest, find_people_folders, read_manifest
from twinface.gallery.people_files import is_person_file, read_person

_ITSELF = "."


def is_features_folder(folder: Path) -> bool:
    """Whether there are signed files directly in a folder, and it is no gallery, not even one without gallery.json."""
    if (folder / MANIFEST_FILE).exists() or not folder.is_dir():
        return False
    return not find_people_folders(folder) and any(_signed_files(folder))


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


def manifest_of(folder: Path, key: bytes) -> Manifest:
    """What gallery.json says or, where there are features, would say: their network is that of the first file.

    Raises ArtefactError as `read_manifest` does, or where no file of features can be read.
    """
    if not is_features_folder(folder):
        return read_manifest(folder)
    errors: list[ArtefactError] = []
    for path in sorted(_signed_files(folder)):
        try:
            return Manifest(1, read_person(path, key).network, "", _ITSELF)
        except ArtefactError as error:
            errors.append(error)
    raise errors[0] if errors else ArtefactError(f"{folder}: nobody's features any more; extract them again")


def of_another_network(folder: Path, manifest: Manifest, expected: str) -> FingerprintError:
    """The error for a gallery or features that are not of the network with the fingerprint `expected`."""
    mend = (
        "extract them again" if manifest.people == _ITSELF else "another folder with --gallery and add everybody again"
    )
    return FingerprintError(
        f"{folder}: made with the network {manifest.network_name or '?'} ({manifest.network[:12]}), not the one in use "
        f"({expected[:12]}); name its network with --network, or {mend}"
    )


def _signed_files(folder: Path) -> list[Path]:
    return [path for path in folder.glob("*.pkl") if is_person_file(path.name)]
