"""A person forgotten: every place that may know somebody is asked in turn to erase them.

A place is a function in `PLACES`. It erases what it has, whether or not anything else knows the person, and says what
that was; a place where nobody is known says nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from twinface.corrections import CORRECTIONS_FILE, forget_corrections
from twinface.errors import ArtefactError
from twinface.events.forgetting import forget_person
from twinface.gallery import Gallery, checked_name
from twinface.gallery.manifest import MANIFEST_FILE
from twinface.recognition.set_aside import REASONS_FILE, write_reasons
from twinface.settings import Settings
from twinface.strangers import forget_strangers_like


@dataclass(frozen=True, slots=True)
class Erased:
    """How many of `what` were erased `where`, a file or folder."""

    what: str
    count: int
    where: str


Place = Callable[[str, Settings], list[Erased]]


def erase_from_gallery(name: str, settings: Settings) -> list[Erased]:
    """Vectors, crops, and the copies of pictures that were set aside. Raises ArtefactError for a damaged gallery."""
    if not (settings.gallery / MANIFEST_FILE).exists():
        return []
    gallery = Gallery.open(settings.gallery)
    erased = _erase_copies(gallery, name)
    if not gallery.knows(name):
        return erased
    person = gallery.people.get(name)
    try:
        crops = len(gallery.crops(name))
    except ArtefactError:
        crops = 1  # A file that cannot be read: it is erased all the same.
    gallery.remove(name)
    counts = {"vectors": len(person.files) if person else 1, "crops": crops}
    return [Erased(what, count, str(gallery.folder)) for what, count in counts.items() if count] + erased


def _erase_copies(gallery: Gallery, name: str) -> list[Erased]:
    copies = gallery.set_aside(name)
    found = [one for one in copies if one.is_there]
    try:
        for one in found:
            Path(one.copy).unlink()
    except OSError as error:
        raise ArtefactError(f"{error.filename}: cannot be erased ({error.strerror}); check its rights") from error
    for folder in {Path(one.copy).parent for one in copies}:
        if (folder / REASONS_FILE).exists():
            write_reasons(folder, {Path(one.picture): None for one in copies})
    gallery.forget_set_aside(name)
    folders = sorted({str(Path(one.copy).parent) for one in found})
    return [Erased("pictures set aside", len(found), ", ".join(folders))] if found else []


def erase_from_events(name: str, settings: Settings) -> list[Erased]:
    """Their visits, and the events and looks of tracks that bore their name. Raises ArtefactError when it cannot be."""
    erased = forget_person(settings.events_path, name)._asdict()
    return [Erased(what, count, str(settings.events_path)) for what, count in erased.items() if count]


def erase_from_corrections(name: str, settings: Settings) -> list[Erased]:
    """What people said of names they were given. Raises ArtefactError when it cannot be done."""
    count = forget_corrections(settings.gallery, name)
    return [Erased("corrections", count, str(settings.gallery / CORRECTIONS_FILE))] if count else []


def erase_from_strangers(name: str, settings: Settings) -> list[Erased]:
    """Unknown visitors who look like them, with their looks. Raises ArtefactError when it cannot be done."""
    if not (settings.gallery / MANIFEST_FILE).exists():
        return []
    gallery = Gallery.open(settings.gallery)
    person = gallery.people.get(name)
    count = forget_strangers_like(settings.events_path, person.vectors, gallery.network) if person else 0
    return [Erased("strangers", count, str(settings.events_path))] if count else []


PLACES: tuple[Place, ...] = (erase_from_strangers, erase_from_gallery, erase_from_corrections, erase_from_events)
"""Strangers come first: the gallery knows what the person looks like. Then the gallery, because what decides names is
to have forgotten them before what remembers names is cleared.
"""


def forget(name: str, settings: Settings) -> list[Erased]:
    """Erase a person everywhere, and say what that was; nothing where nobody knows them. Raises as the places do."""
    name = checked_name(name)
    return [erased for place in PLACES for erased in place(name, settings)]
