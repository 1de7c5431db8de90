"""The copy that a box has, in its own folder and signed with its own key, of a gallery that several boxes share."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from twinface.files import make_folder, sync
from twinface.gallery.manifest import PEOPLE_FOLDER, Manifest
from twinface.gallery.people_files import read_person, write_person
from twinface.gallery.person import person_path
from twinface.gallery.person_files import PersonFiles, crops_path, read_crops, write_crops
from twinface.gallery.shared_gallery import Changes, SharedPerson, name_digest


def take_over(folder: Path, manifest: Manifest, people: Iterable[str], changes: Changes, key: bytes) -> Manifest:
    """Have the files of a gallery, which has these people, be what the shared one that its manifest is marked with has
    come to; what gallery.json has to say then. For who holds the lock.

    Crops before vectors, and nobody is removed before others are there: at every moment each picture is somebody's.
    Raises ArtefactError, OSError.
    """
    head, names = changes.head, list(people)
    is_another = bool(names) and head.network != manifest.network
    mark = None if manifest.shared is None else replace(manifest.shared, token=head.token)
    manifest = replace(
        manifest,
        version=head.version,
        network=head.network,
        network_name=head.network_name,
        people=f"{PEOPLE_FOLDER}-{head.version}" if is_another else manifest.people,
        shared=mark,
    )
    place = folder / manifest.people
    make_folder(place)
    for one in changes.people:
        write_crops(crops_path(place, one.person.name), one.crops, key)
        write_person(person_path(place, one.person.name), one.person, key)
    there = {one.person.name for one in changes.people}
    for name in names:
        if name not in there and name_digest(name, changes.salt) in changes.gone:
            person_path(place, name).unlink(missing_ok=True)
            crops_path(place, name).unlink(missing_ok=True)
    sync(place)
    return manifest


def shared_of(files: PersonFiles, folder: Path, name: str, key: bytes) -> SharedPerson | None:
    """What files of a person, which are signed by this box, are to all boxes; None where there are no vectors."""
    if files.vectors is None:
        return None
    with TemporaryDirectory(dir=folder, prefix=".shared-") as place:
        person, crops = person_path(Path(place), name), crops_path(Path(place), name)
        person.write_bytes(files.vectors)
        if files.crops is not None:
            crops.write_bytes(files.crops)
        return SharedPerson(read_person(person, key), read_crops(crops, key))
