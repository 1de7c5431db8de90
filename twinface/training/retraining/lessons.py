"""Whom a head learns from when it is retrained."""

from dataclasses import dataclass

from twinface.corrections.correction import Correction
from twinface.gallery.person import PersonVectors
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
