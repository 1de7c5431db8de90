"""A person forgotten: every place that may know somebody is asked in turn to erase them, under each name they have had.

A place is a function in `PLACES`. It erases what it has, whether or not anything else knows the person, and says what
that was; a place where nobody is known says nothing. Of a dry run it erases nothing and says the same. What keeps
people under the names that they had then, events, corrections and steps, is asked for all of these.

The steps that renamed and merged people tell which names these are, and until when. docs/decisions/corrections.md has
the rule by which what is under them is the person's all the same, and nobody else's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from twinface.averages.average import averages_of_people
from twinface.averages.faces_file import forget_person as forget_face
from twinface.averages.faces_file import read_faces, reset_all_faces
from twinface.corrections.answer import Answer
from twinface.corrections.answers_file import ANSWERS_FILE, forget_answers
from twinface.corrections.audit_file import note
from twinface.corrections.corrections_file import CORRECTIONS_FILE, forget_corrections, is_of, read_corrections
from twinface.corrections.steps_file import STEPS_FOLDER, forget_steps
from twinface.enrolment.set_aside import write_reasons
from twinface.errors import ArtefactError, InputError
from twinface.events.event import NameSpan
from twinface.events.forgetting import forget_person, remembered_names
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import has_people, read_manifest, require_gallery
from twinface.gallery.names import did_you_mean, known_name
from twinface.gallery.person_files import SetAside
from twinface.matching.vectors import normalised
from twinface.outputs import REASONS_FILE, is_same
from twinface.recognition.averaging import bundled_average
from twinface.review.former_names import read_names
from twinface.settings import Settings
from twinface.sharing.erasing import ask_erasure, confirm_erasure, count_rows, is_about, pending_erasures
from twinface.sharing.identity import own_identity
from twinface.sharing.opened import shared_events, shares_events
from twinface.unknowns.unknowns import SAME_UNKNOWN_COSINE, forget_unknowns_like


@dataclass(frozen=True, slots=True)
class Erased:
    """How many of `what` were erased `where`, a file or folder."""

    what: str
    count: int
    where: str


class Place(Protocol):
    """Takes a person's names as they are known, the present one first."""

    def __call__(self, names: Sequence[NameSpan], settings: Settings, *, dry_run: bool) -> list[Erased]:
        """Erase a person, or say what would be erased. Raises ArtefactError when it cannot be done."""


def erase_from_gallery(names: Sequence[NameSpan], settings: Settings, *, dry_run: bool) -> list[Erased]:
    """Vectors, crops, and the copies of pictures that were set aside. Raises ArtefactError for a damaged gallery."""
    if not has_people(settings.gallery):
        return []
    gallery, name = Gallery.open(settings.gallery), names[0].name
    erased = _erase_copies(gallery, name, dry_run=dry_run)
    if not gallery.knows(name):
        return erased
    require_gallery(gallery.folder)
    person = gallery.people.get(name)
    try:
        crops = len(gallery.crops(name))
    except ArtefactError:
        crops = 1  # A file that cannot be read: it is erased all the same.
    if not dry_run:
        gallery.remove(name)
    counts = {"vectors": len(person.files) if person else 1, "crops": crops}
    return [Erased(what, count, str(gallery.folder)) for what, count in counts.items() if count] + erased


def _erase_copies(gallery: Gallery, name: str, *, dry_run: bool) -> list[Erased]:
    copies = gallery.set_aside(name)
    found = [one for one in copies if one.is_there and not is_same(Path(one.copy), Path(one.picture))]
    if not dry_run:
        _erase_files(gallery, name, copies, found)
    folders = sorted({str(Path(one.copy).parent) for one in copies})
    counts = {"pictures set aside": len(found), "notes of pictures set aside, which are gone": len(copies) - len(found)}
    return [Erased(what, count, ", ".join(folders)) for what, count in counts.items() if count]


def _erase_files(gallery: Gallery, name: str, copies: Sequence[SetAside], found: Sequence[SetAside]) -> None:
    """Erase the copies found, and what is remembered of all."""
    try:
        for one in found:
            Path(one.copy).unlink()
    except OSError as error:
        raise ArtefactError(f"{error.filename}: cannot be erased ({error.strerror}); check its rights") from error
    for folder in {Path(one.copy).parent for one in copies}:
        if (folder / REASONS_FILE).exists():
            write_reasons(folder, {Path(one.picture): None for one in copies})
    gallery.forget_set_aside(name)


def erase_from_events(names: Sequence[NameSpan], settings: Settings, *, dry_run: bool) -> list[Erased]:
    """Their visits, and the events and looks of tracks that bore their names. Raises ArtefactError when this fails."""
    erased = forget_person(settings.events_path, names, dry_run=dry_run)._asdict()
    return [Erased(what, count, str(settings.events_path)) for what, count in erased.items() if count]


def erase_from_corrections(names: Sequence[NameSpan], settings: Settings, *, dry_run: bool) -> list[Erased]:
    """What people said of names they were given, which goes with a person who gets another name. Raises ArtefactError
    when it cannot be done.
    """
    names = [NameSpan(names[0].name), *names]
    if dry_run:
        count = sum(is_of(one, names) for one in read_corrections(settings.gallery))
    else:
        count = forget_corrections(settings.gallery, names)
    return [Erased("corrections", count, str(settings.gallery / CORRECTIONS_FILE))] if count else []


def erase_from_answers(names: Sequence[NameSpan], settings: Settings, *, dry_run: bool) -> list[Erased]:
    """What was answered of them, and vectors of what was said to be no face and looks like them. Raises ArtefactError
    when it cannot be done.
    """
    gallery = Gallery.open(settings.gallery) if has_people(settings.gallery) else None
    person = gallery.people.get(names[0].name) if gallery else None

    def looks_like_them(answer: Answer) -> bool:
        if person is None or answer.network != person.network or len(answer.vector) != 4 * person.vectors.shape[1]:
            return False
        return bool((normalised(person.vectors) @ answer.unit_vector[0]).max() >= SAME_UNKNOWN_COSINE)

    names = [NameSpan(names[0].name), *names]
    count = forget_answers(settings.gallery, names, looks_like_them, dry_run=dry_run)
    return [Erased("answers", count, str(settings.gallery / ANSWERS_FILE))] if count else []


def erase_from_steps(names: Sequence[NameSpan], settings: Settings, *, dry_run: bool) -> list[Erased]:
    """What is kept to take changes back that concern them. Raises ArtefactError when it cannot be done."""
    count = forget_steps(settings.gallery, names, dry_run=dry_run)
    return [Erased("steps to be taken back", count, str(settings.gallery / STEPS_FOLDER))] if count else []


def erase_from_unknowns(names: Sequence[NameSpan], settings: Settings, *, dry_run: bool) -> list[Erased]:
    """Unknown visitors who look like them, with their looks. Raises ArtefactError when it cannot be done."""
    if not has_people(settings.gallery):
        return []
    gallery = Gallery.open(settings.gallery)
    person = gallery.people.get(names[0].name)
    path, count = settings.events_path, 0
    if person:
        count = forget_unknowns_like(path, person.vectors, gallery.network, dry_run=dry_run)
    return [Erased("unknown visitors", count, str(path))] if count else []


def erase_from_averages(names: Sequence[NameSpan], settings: Settings, *, dry_run: bool) -> list[Erased]:
    """Faces like theirs that cameras have learnt from; all of them where nobody can tell. Raises ArtefactError."""
    if not has_people(settings.gallery):
        return []
    gallery, path = Gallery.open(settings.gallery), settings.averages_path
    person = gallery.people.get(names[0].name)
    if person is None:
        return []
    try:
        read_faces(path, gallery.network)
    except ArtefactError:
        if not dry_run:
            reset_all_faces(path)
        return [Erased("averages of cameras, which cannot be read", 1, str(path))]
    prior = bundled_average(settings, gallery.network, person.vectors.shape[1])
    averages = averages_of_people(gallery.people.values(), prior)
    count = forget_face(path, person, averages, dry_run=dry_run)
    return [Erased("faces that cameras have learnt from", count, str(path))] if count else []


def erase_from_all_boxes(names: Sequence[NameSpan], settings: Settings, *, dry_run: bool) -> list[Erased]:
    """What boxes have in one database, and every box is asked to erase them. Raises DatabaseError, nothing changed."""
    if not shares_events(settings):
        return []
    with shared_events(settings) as connection:
        count = count_rows(connection, names) if dry_run else ask_erasure(connection, own_identity(settings).id, names)
    return [Erased("events and looks of all boxes", count, "[database]")] if count else []


def confirm_to_all_boxes(names: Sequence[NameSpan], settings: Settings, *, dry_run: bool) -> list[Erased]:
    """That this box has done it. Raises DatabaseError; the process `sync` does it then."""
    if shares_events(settings) and not dry_run:
        box = own_identity(settings).id
        with shared_events(settings) as connection:
            for one in pending_erasures(connection, box):
                if is_about(connection, one, names[0].name):
                    confirm_erasure(connection, box, one)
    return []


PLACES: tuple[Place, ...] = (
    erase_from_all_boxes,
    erase_from_unknowns,
    erase_from_averages,
    erase_from_answers,
    erase_from_gallery,
    erase_from_corrections,
    erase_from_events,
    erase_from_steps,
    confirm_to_all_boxes,
)
"""All boxes come first, so that nothing is erased here that they are not asked for. Then unknown visitors, averages and
answers: the gallery knows what the person looks like. Then the gallery, as
what decides names is to have forgotten them before what remembers names is cleared. Steps come last: they alone know
the former names, so that whatever is broken off is completed by forgetting once more.
"""


def find_traces(name: str, settings: Settings) -> list[Erased]:
    """What `forget` would erase of a person, at least one thing: asked before anybody says yes.

    Raises InputError, with the names that may have been meant, where nobody knows a person of exactly this name;
    otherwise as the places do.
    """
    names = names_of(name, settings)
    found = [erased for place in PLACES for erased in place(names, settings, dry_run=True)]
    if not found:
        raise InputError(f"nobody called {names[0].name!r} is known; {did_you_mean(name, known_names(settings))}")
    return found


def forget(name: str, settings: Settings, *, who: str | None = None) -> list[Erased]:
    """Erase a person everywhere, under every name that they have had, and say what that was; nothing where nobody knows
    them. That `who`, by default the user, has done so is written down, and not of whom. Raises as the places do.
    """
    names = names_of(name, settings)
    found = [erased for place in PLACES for erased in place(names, settings, dry_run=False)]
    if found:
        note(settings.gallery, "forget", "somebody was forgotten", who=who)
    return found


def forget_here(names: Sequence[NameSpan], settings: Settings) -> bool:
    """Erase at this box whom another one forgot; whether nothing is left of them. A copy of a shared gallery forgets by
    itself, as soon as it follows, but for what was said of them since. Raises ArtefactError.
    """
    is_copy = has_people(settings.gallery) and read_manifest(settings.gallery).shared is not None
    others = {erase_from_all_boxes, confirm_to_all_boxes, *([erase_from_gallery] if is_copy else [])}
    if is_copy and not erase_from_corrections(names, settings, dry_run=True):
        others.add(erase_from_corrections)
    found = [erased for place in PLACES if place not in others for erased in place(names, settings, dry_run=False)]
    if found:
        note(settings.gallery, "forget", "somebody was forgotten", who="another box")
    return not is_copy or names[0].name not in Gallery.open(settings.gallery).people


def names_of(name: str, settings: Settings) -> list[NameSpan]:
    """The names of a person that `forget` erases, the present one first. Raises as `read_names`."""
    return read_names(known_name(name, known_names(settings)), settings)


def known_names(settings: Settings) -> set[str]:
    """Everybody whom any place knows by name."""
    names = remembered_names(settings.events_path) | {one.name for one in read_corrections(settings.gallery)}
    if has_people(settings.gallery):
        names.update(Gallery.open(settings.gallery).people)
    return names
