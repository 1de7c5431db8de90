"""A folder of people, of pictures or features, on its way into the gallery: who is in it, and what they pass."""

from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path

from twinface.enrolment.applicants import Applicant, list_applicants
from twinface.enrolment.from_pictures import LikenessGate, try_likeness_gate
from twinface.enrolment.many_people import PersonResult, enrol_people
from twinface.gallery.gallery import Gallery
from twinface.networks.registry import find_recipe
from twinface.outputs import refuse_inputs
from twinface.progress import ShowProgress, no_progress
from twinface.recognition.picture_folders import describe_left_out_of_people
from twinface.settings import Settings


@dataclass(frozen=True, slots=True)
class FolderOfPeople:
    """Those who are to be added to the `gallery`, and the `gate` that they pass; None of one that takes everybody.

    `warnings` are what is to be said of it, in sentences.
    """

    folder: Path
    gallery: Gallery
    applicants: tuple[Applicant, ...]
    gate: LikenessGate | None
    warnings: tuple[str, ...]
    forced: bool


def open_folder_of_people(folder: Path, settings: Settings, *, force: bool = False) -> FolderOfPeople:
    """Read who is in a folder of people, for the gallery of the settings, which is made if need be.

    With `force` whatever has a face is to be added. Raises InputError for a folder that has nobody or is the gallery,
    ArtefactError and its kin for features of another network and a gallery that cannot be used.
    """
    recipe = find_recipe(settings.network)
    refuse_inputs(settings.gallery, [folder], "name another folder with --gallery")
    applicants = list_applicants(folder, recipe.fingerprint)
    gallery = Gallery.open(settings.gallery, network=recipe.fingerprint, network_name=recipe.name, create=True)
    gate, unchecked = (None, "") if force else try_likeness_gate(gallery, settings)
    warnings = [*describe_left_out_of_people(folder)]
    if unchecked:
        warnings.append(f"not checked whom the pictures look like: {unchecked}")
    return FolderOfPeople(folder, gallery, tuple(applicants), gate, tuple(warnings), force)


def enrol_folder(
    people: FolderOfPeople,
    settings: Settings,
    *,
    aligned: bool = False,
    source: str | None = None,
    who: str | None = None,
    show: ShowProgress = no_progress,
) -> Generator[PersonResult, None, None]:
    """Enrol everybody of the folder, one after the other; the rest as of `enrol_people`."""
    with show("adding people", sum(one.count for one in people.applicants)) as bar:
        yield from enrol_people(
            people.applicants,
            people.gallery,
            people.gate,
            settings,
            who=who,
            aligned=aligned,
            force=people.forced,
            source=source,
            advance=bar.advance,
        )
