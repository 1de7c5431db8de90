"""The averages of a box: which there are, by what, and how one is begun again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from twinface.averages.average import Averages, Tally, adjusted_vectors, centred_vectors
from twinface.averages.averages_in_use import NOBODY, AveragesInUse, FacesFile
from twinface.averages.faces_file import read_faces, reset_all_faces, reset_faces
from twinface.corrections.audit_file import note
from twinface.corrections.correction import Correction
from twinface.errors import ArtefactError, InputError
from twinface.gallery.gallery import Gallery
from twinface.gallery.gallery_folder import has_people
from twinface.gallery.person import PHOTOS, PersonVectors, camera_source, is_camera
from twinface.matching.cohort import Cohort
from twinface.matching.head import Head
from twinface.matching.open_head import open_head_in_use
from twinface.matching.vectors import checked_vectors, normalised
from twinface.networks.registry import find_recipe
from twinface.settings import Settings
from twinface.types import Vectors

ALL = "all"
"""What is typed to reset every source."""


@dataclass(frozen=True, slots=True)
class SourceAverage:
    """What the average of a `source` rests on: so many different `people`, of `tracks` tracks or pictures.

    `shift` is how far it lies from the bundled one, 0…MOST_SHIFT; 0 while it `is_frozen`, since there are too few
    people.
    """

    source: str
    people: int
    is_frozen: bool
    shift: float
    tracks: int


def bundled_average(settings: Settings, network: str, dimension: int) -> NDArray[np.float32]:
    """What vectors, of `dimension` numbers d, of a network have in common whatever their source, float32 (d,).

    It is in the cohort of the head in use; nothing where that has none, or cannot be read, which its readers say.
    `network` is the fingerprint.
    """
    head = find_head(settings, network)
    return head.cohort.prior if head and head.cohort else np.zeros(dimension, np.float32)


def find_head(settings: Settings, network: str) -> Head | None:
    """The head in use for a network, a fingerprint; None where it cannot be read."""
    try:
        return open_head_in_use(settings.head, settings.gallery, network, settings.matching).head
    except ArtefactError:
        return None


def averages_for(head: Head, settings: Settings, gallery: Gallery) -> Averages | None:
    """The averages that a head's scores are relative to; None for a head without a cohort.

    Where the file of averages cannot be used, those by the people of the gallery alone.
    """
    if head.cohort is None:
        return None
    return _averages_about(head.cohort.prior, settings, gallery.network, gallery.people)


def centre_looks(vectors: Vectors, cameras: Sequence[str], network: str, settings: Settings) -> Vectors:
    """What is left of looks (n, d) of a network when the average of each one's camera is taken off, as the matcher does
    before it compares unknown visitors. Raises ArtefactError where the gallery cannot be read.
    """
    people = Gallery.open(settings.gallery).people if has_people(settings.gallery) else NOBODY
    averages = _averages_about(bundled_average(settings, network, vectors.shape[1]), settings, network, people)
    return centred_vectors(vectors, [camera_source(camera) for camera in cameras], averages)


def adjust_corrections(corrections: Sequence[Correction], cohort: Cohort, settings: Settings) -> tuple[Correction, ...]:
    """Corrections of one network as a head with a `cohort` compares them, by the averages of the box of `settings`.

    Raises ArtefactError and its kin where its gallery cannot be read.
    """
    if not corrections:
        return ()
    network, people = corrections[0].network, NOBODY
    if has_people(settings.gallery):
        people = Gallery.open(settings.gallery, network=network).people
    averages = _averages_about(cohort.prior, settings, network, people)
    return tuple(adjust_correction(one, averages) for one in corrections)


def adjust_correction(one: Correction, averages: Averages) -> Correction:
    """A correction with its vector adjusted by the average of the source that it is from."""
    return replace(one, vector=adjusted_vectors(one.vector[np.newaxis], one.source, averages)[0])


def _averages_about(
    prior: NDArray[np.float32], settings: Settings, network: str, people: Mapping[str, PersonVectors]
) -> Averages:
    in_use = AveragesInUse(FacesFile(settings.averages_path, network), prior)
    in_use.refresh(people)
    return in_use.snapshot


def adjust_pictures(vectors: Vectors, cohort: Cohort) -> Vectors:
    """Vectors (n, d) of pictures of one source, as a head with a `cohort` compares them: each counts once.

    Raises ArtefactError for vectors of another length than the cohort's.
    """
    total = normalised(checked_vectors(vectors, len(cohort.prior))).sum(axis=0)
    averages = Averages.made_of({PHOTOS: Tally(len(vectors), total)}, cohort.prior)
    return adjusted_vectors(vectors, PHOTOS, averages)


def list_averages(settings: Settings) -> list[SourceAverage]:
    """The averages that the box uses, by the names of their sources.

    Raises ArtefactError and its kin where the network, the gallery or the file of averages cannot be read.
    """
    recipe = find_recipe(settings.network)
    faces = read_faces(settings.averages_path, recipe.fingerprint)
    people = NOBODY
    if has_people(settings.gallery):
        people = Gallery.open(settings.gallery, network=recipe.fingerprint).people
    in_use = AveragesInUse(lambda: faces, bundled_average(settings, recipe.fingerprint, recipe.dimension))
    in_use.refresh(people)
    pictures = [source for person in people.values() for source in person.sources]
    return [
        SourceAverage(
            source,
            average.people,
            average.is_frozen,
            float(np.linalg.norm(average.vector - in_use.latest.prior)),
            int(faces[source].tracks.sum()) if source in faces else pictures.count(source),
        )
        for source, average in in_use.latest.known.items()
    ]


def reset(settings: Settings, source: str) -> None:
    """Forget what a camera has taught, or ALL of them, whatever is wrong with the file. It cannot be taken back.

    Raises InputError for a source that teaches nothing, ArtefactError where the file cannot be changed.
    """
    if source == ALL:
        reset_all_faces(settings.averages_path)
    elif not is_camera(source):
        raise InputError(f"the average of {source!a} is that of the gallery's people: nothing of it is kept elsewhere")
    else:
        reset_faces(settings.averages_path, find_recipe(settings.network).fingerprint, source)
    who = "all cameras have" if source == ALL else f"{source} has"
    note(settings.gallery, "averages", f"what {who} taught is forgotten")
