"""Who is to be enrolled: everybody of a folder with a folder of pictures for each person, or of features."""

from dataclasses import dataclass
from pathlib import Path

from twinface.enrolment.objections import Objection, Reason
from twinface.errors import InputError
from twinface.faces.picture_files import is_folder, list_pictures
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import MANIFEST_FILE, is_features_folder
from twinface.gallery.names import checked_name
from twinface.gallery.person import PersonVectors


@dataclass(frozen=True, slots=True, eq=False)
class Applicant:
    """Somebody to be enrolled, by name: `pictures`, a `person` of features, or a `problem` that keeps them out."""

    name: str
    pictures: tuple[Path, ...] = ()
    person: PersonVectors | None = None
    problem: Objection | None = None

    @property
    def count(self) -> int:
        """How many pictures there are of them."""
        return len(self.person.files) if self.person else len(self.pictures)


def list_applicants(folder: Path, network: str) -> list[Applicant]:
    """Everybody in a folder of people, or of features; these have to be of `network`, a fingerprint.

    Raises InputError where there is nobody, FingerprintError for features of another network.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder; name one with a folder of pictures for each person, or features")
    if (folder / MANIFEST_FILE).exists():
        raise InputError(f"{folder}: this is a gallery; take it over with `twinface gallery backup` and `restore`")
    if is_features_folder(folder):
        return _list_features(folder, network)
    try:
        people = sorted(path for path in folder.iterdir() if is_folder(path) and not path.name.startswith("."))
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror}); check its rights") from error
    if not people:
        raise InputError(f"{folder}: nobody in it; put pictures into one folder for each person, named after them")
    return [_list_pictures(path) for path in people]


def _list_pictures(folder: Path) -> Applicant:
    """Whoever a folder of pictures is named after."""
    try:
        name = checked_name(folder.name)
    except InputError as error:
        return Applicant(folder.name, problem=Objection(Reason.UNUSABLE_NAME, str(error)))
    try:
        pictures = tuple(list_pictures(folder))
    except InputError as error:
        return Applicant(name, problem=Objection(Reason.UNREADABLE, str(error)))
    problem = None if pictures else Objection(Reason.NO_PICTURES, f"no pictures directly in {folder}")
    return Applicant(name, pictures, problem=problem)


def _list_features(folder: Path, network: str) -> list[Applicant]:
    features = Gallery.open(folder, network=network)
    found = [Applicant(name, person=person) for name, person in features.people.items()]
    damaged = features.damaged.items()
    return [*found, *(Applicant(path.name, problem=Objection(Reason.DAMAGED, str(error))) for path, error in damaged)]
