"""A gallery verified: its files, and the pictures and people in it that want a look."""

from dataclasses import dataclass

from twinface.calibration.gallery_checks import Finding, check_gallery
from twinface.enrolment.from_pictures import trained_head
from twinface.errors import ArtefactError
from twinface.gallery.gallery import Gallery
from twinface.progress import ShowProgress, no_progress
from twinface.recognition.averaging import averages_for
from twinface.settings import Settings


@dataclass(frozen=True, slots=True)
class Verified:
    """Of a `gallery` of so many `vectors`: what is wrong with its files, and what its people show.

    `findings` is None where nobody was compared: only the files were asked for, or it would mean nothing, because of
    what `not_compared` says.
    """

    gallery: Gallery
    vectors: int
    problems: tuple[str, ...]
    findings: tuple[Finding, ...] | None
    not_compared: str = ""


def verify(settings: Settings, *, files_only: bool = False, show: ShowProgress = no_progress) -> Verified:
    """Check every file of the gallery of the settings and, unless `files_only`, compare everybody.

    Raises ArtefactError and its kin where there is no gallery, or it is damaged as a whole.
    """
    gallery = Gallery.open(settings.gallery)
    problems = tuple(str(error) for error in gallery.verify().values())
    vectors = sum(len(person.files) for person in gallery.people.values())
    if files_only:
        return Verified(gallery, vectors, problems, None)
    try:
        head = trained_head(gallery, settings)
    except ArtefactError as error:
        return Verified(gallery, vectors, problems, None, str(error))
    with show("comparing", vectors) as bar:
        averages = averages_for(head, settings, gallery)
        found = check_gallery(gallery, head, settings.matching, averages=averages, advance=bar.advance)
    return Verified(gallery, vectors, problems, tuple(found))
