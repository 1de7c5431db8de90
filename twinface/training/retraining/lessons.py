"""What a box has to learn from: its gallery, what people said of names, and features of others where there are some."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinface.averages.average import Averages, adjust_people
from twinface.averages.averages_in_use import adjust_features
from twinface.corrections.correction import Correction, CorrectionKind
from twinface.corrections.corrections_file import read_corrections
from twinface.errors import ArtefactError, FingerprintError
from twinface.gallery.gallery import Gallery
from twinface.gallery.people_files import read_features
from twinface.gallery.person import PersonVectors, appended
from twinface.matching.head import Head
from twinface.recognition.averaging import adjust_correction, averages_for
from twinface.settings import Settings
from twinface.training.heads.feature_table import FeatureTable, table_of


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """Who is `enrolled` in the gallery, and everybody to learn from: `people` are those with whatever else there is of
    them, a confirmed face as one more picture, and `strangers` those of a features folder who are not in the gallery.

    `corrections` are those of people in the gallery, by vectors of its network.
    """

    enrolled: tuple[PersonVectors, ...]
    people: tuple[PersonVectors, ...]
    strangers: tuple[PersonVectors, ...]
    corrections: tuple[Correction, ...]

    @property
    def table(self) -> FeatureTable:
        """Everybody: people, then strangers."""
        return table_of([*self.people, *self.strangers])


def gather_lessons(gallery: Gallery, features: Path | None) -> Lessons:
    """Everything there is to learn from, by vectors as the network gave them.

    Who is in the gallery and in the features folder has the pictures of both. Raises ArtefactError and its kin when
    nobody is in the gallery, or a file cannot be read or is of another network.
    """
    if not gallery.people:
        gallery.require_sound()
        raise ArtefactError(f"{gallery.folder}: nobody is in this gallery; add people with `twinface gallery add`")
    corrections = tuple(
        one for one in read_corrections(gallery.folder) if one.network == gallery.network and one.name in gallery.people
    )
    others = _read_others(features, gallery) if features else []
    strangers = tuple(person for person in others if person.name not in gallery.people)
    confirmed = (_as_picture(one) for one in corrections if one.kind is CorrectionKind.CONFIRM)
    known = [person for person in others if person.name in gallery.people]
    enrolled = tuple(gallery.people.values())
    return Lessons(enrolled, tuple(_added(enrolled, [*known, *confirmed])), strangers, corrections)


@dataclass(frozen=True, slots=True, eq=False)
class Material:
    """The lessons of a gallery, and what tells how a head compares vectors in this box."""

    settings: Settings
    gallery: Gallery
    lessons: Lessons

    def averages(self, head: Head) -> Averages | None:
        """The averages of sources that a head's scores are relative to; None for a head without a cohort."""
        return averages_for(head, self.settings, self.gallery)

    def seen_by(self, head: Head) -> Lessons:
        """The lessons as a head compares them: for a head with a cohort all vectors are adjusted.

        The same pictures in the same order. Vectors of the gallery are relative to the averages of its sources, the
        strangers from their own. Raises ArtefactError for vectors of another length than the head's.
        """
        averages, lessons = self.averages(head), self.lessons
        if averages is None:
            return lessons
        return Lessons(
            tuple(adjust_people(lessons.enrolled, averages)),
            tuple(adjust_people(lessons.people, averages)),
            tuple(adjust_features(lessons.strangers, head.cohort)),
            tuple(adjust_correction(one, averages) for one in lessons.corrections),
        )


def _read_others(features: Path, gallery: Gallery) -> list[PersonVectors]:
    others = read_features(features)
    if others[0].network != gallery.network:
        raise FingerprintError(
            f"{features}: of another network ({others[0].network[:12]}) than the gallery's ({gallery.network[:12]});"
            f" extract them with --network {gallery.network_name or 'of the gallery'}"
        )
    return others


def _as_picture(confirmed: Correction) -> PersonVectors:
    quality = np.array([confirmed.quality], np.float32)
    files, vectors = (confirmed.track,), confirmed.vector[np.newaxis]
    return PersonVectors(confirmed.name, files, vectors, quality, confirmed.network, (confirmed.source,))


def _added(people: Iterable[PersonVectors], more: Sequence[PersonVectors]) -> list[PersonVectors]:
    """People with what else there is of them; a picture that they have already is not taken twice."""
    found = {person.name: person for person in people}
    for person in more:
        found[person.name] = appended(found[person.name], person)
    return list(found.values())
