"""What a box has to learn from: its gallery, what people said of names, and features of others where there are some."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinface.corrections import Correction, CorrectionKind, read_corrections
from twinface.errors import ArtefactError, FingerprintError
from twinface.gallery import Gallery, PersonVectors, read_features
from twinface.gallery.people import appended
from twinface.training.heads.feature_table import FeatureTable, table_of


@dataclass(frozen=True, slots=True, eq=False)
class Lessons:
    """`table` has everybody; `strangers` are those of them who are not in the gallery.

    `corrections` are those of people in the gallery, by vectors of its network. A confirmed face is one more picture of
    its person in the table.
    """

    table: FeatureTable
    strangers: tuple[PersonVectors, ...]
    corrections: tuple[Correction, ...]


def gather_lessons(gallery: Gallery, features: Path | None) -> Lessons:
    """Everything there is to learn from; who is in the gallery and in the features folder has the pictures of both.

    Raises ArtefactError and its kin when nobody is in the gallery, or a file cannot be read or is of another network.
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
    people = _added(gallery.people.values(), [*known, *confirmed])
    return Lessons(table_of([*people, *strangers]), strangers, corrections)


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
