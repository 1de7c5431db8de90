"""All vectors of a gallery made again by another network, from the crops that were kept."""

from dataclasses import dataclass

from twinface.enrolment.kept_crops import ADD_AGAIN, Gap, embed_again, find_gaps
from twinface.errors import InputError
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import require_gallery
from twinface.networks.registry import load_network
from twinface.progress import ShowProgress, no_progress
from twinface.recognition.extraction import count_workers
from twinface.settings import Settings
from twinface.text import plural


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """Of the `gallery`'s `vectors` so many were `rebuilt` by the network called `network`: 0 where all were of it.

    `left_out` are the people of whom crops were missing, whose pictures without one are in the gallery no more.
    """

    gallery: Gallery
    network: str
    vectors: int
    rebuilt: int
    left_out: tuple[Gap, ...] = ()


class MissingCropsError(InputError):
    """Crops of these `gaps` were not kept, and nobody said that the pictures may be left out."""

    def __init__(self, gallery: Gallery, gaps: list[Gap]) -> None:
        missing = sum(gap.missing for gap in gaps)
        super().__init__(
            f"{gallery.folder}: no crops of {plural(missing, 'picture')} of {plural(len(gaps), 'person')};"
            f" {ADD_AGAIN}, or use --leave-out to go on without them"
        )
        self.gaps = tuple(gaps)


def rebuild(
    settings: Settings, network: str | None = None, *, leave_out: bool = False, show: ShowProgress = no_progress
) -> Rebuilt:
    """Make all vectors of the gallery of the settings again by `network`, by default theirs. All of it, or nothing.

    With `leave_out` pictures whose crops were not kept are left out. Raises MissingCropsError where there are such and
    they may not be, InputError for a gallery without people, ArtefactError and its kin where gallery, crops or network
    cannot be used, or the gallery cannot be written.
    """
    gallery = Gallery.open(settings.gallery)
    require_gallery(gallery.folder)
    loaded = load_network(network or settings.network, threads=count_workers())
    if not gallery.people and not gallery.damaged:
        raise InputError(f"{gallery.folder}: nobody is in this gallery; add people with `twinface gallery add`")
    vectors = sum(len(person.files) for person in gallery.people.values())
    if gallery.network == loaded.recipe.fingerprint:
        return Rebuilt(gallery, loaded.recipe.name, vectors, 0)
    gallery.require_sound()
    gaps = find_gaps(gallery)
    if gaps and not leave_out:
        raise MissingCropsError(gallery, gaps)
    with show("embedding again", vectors - sum(gap.missing for gap in gaps)) as bar:
        rebuilt = embed_again(gallery, loaded, gaps, bar.advance)
    return Rebuilt(gallery, loaded.recipe.name, vectors, rebuilt, tuple(gaps))
