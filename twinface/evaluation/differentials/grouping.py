"""Groups of pictures by the labels of one column, or of several together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError
from twinface.evaluation.differentials.label_table import LabelledPictures, LabelTable

MOST_GROUPS = 50
"""Of one way of grouping: a column with more values is a number or a remark."""


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """The groups that the labels of `columns` make: group g has the labels `groups[g]`, one a column, in their order.

    `of_picture` int32 (pictures,) is the number of each picture's group, -1 where a label is missing.
    """

    columns: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    of_picture: NDArray[np.int32]

    @property
    def title(self) -> str:
        """The columns, as "group and sex"."""
        return " and ".join(self.columns)

    @property
    def names(self) -> tuple[str, ...]:
        """What each group is called, as "White / Female"."""
        return tuple(" / ".join(labels) for labels in self.groups)

    def among(self, kept: NDArray[np.bool_]) -> "Grouping":
        """The same groups, of some of the pictures (pictures,) only."""
        return Grouping(self.columns, self.groups, self.of_picture[kept])

    def count_pictures(self, person: NDArray[np.int32], people: int) -> NDArray[np.int64]:
        """How many pictures of each person (pictures,) are in each group, (groups, people)."""
        inside = self.of_picture >= 0
        keys = self.of_picture[inside].astype(np.int64) * people + person[inside]
        return np.bincount(keys, minlength=len(self.groups) * people).reshape(len(self.groups), people)


@dataclass(frozen=True, slots=True, eq=False)
class GroupCounts:
    """Counts of one grouping, float64; of each last axis 0 is everybody once, the others are rounds.

    `accepted` and `compared` (groups, groups, 1 + rounds) are impostor pairs of group g and group h, g <= h;
    `set_aside` those left out of both. `refused` and `genuine` (groups, 1 + rounds) are pairs of two pictures of one
    person in one group. Of each group (groups,) `pictures`, `people`, and `genuine_people`, who have such a pair;
    `people_pairs` (groups, groups) how many pairs of different people there are.
    """

    grouping: Grouping
    accepted: NDArray[np.float64]
    compared: NDArray[np.float64]
    set_aside: NDArray[np.float64]
    refused: NDArray[np.float64]
    genuine: NDArray[np.float64]
    pictures: NDArray[np.int64]
    people: NDArray[np.int64]
    genuine_people: NDArray[np.int64]
    people_pairs: NDArray[np.int64]


def everybody_together(pictures: int) -> Grouping:
    """One group of all."""
    return Grouping((), ((),), np.zeros(pictures, np.int32))


def make_groupings(
    table: LabelTable, labelled: LabelledPictures, by: Sequence[str]
) -> tuple[tuple[Grouping, ...], tuple[str, ...]]:
    """A grouping for each of `by`, a column or several with commas between; where there is none, for every column.

    Also the columns that were passed over because they make more than MOST_GROUPS groups; one that `by` names raises
    InputError instead, as does a column that is not there, or where nothing is left.
    """
    named = [_columns(table, words) for words in by]
    made = {columns: _group(table, labelled, columns) for columns in named or [(one,) for one in table.columns]}
    many = {columns: len(grouping.groups) for columns, grouping in made.items() if len(grouping.groups) > MOST_GROUPS}
    if many and (named or len(many) == len(made)):
        columns, count = next(iter(many.items()))
        raise InputError(
            f"--groups {table.path}: {', '.join(columns)} makes {count:,} groups, at most {MOST_GROUPS} are compared;"
            " choose other columns with --by, or put values together"
        )
    kept = tuple(grouping for columns, grouping in made.items() if columns not in many)
    return kept, tuple(", ".join(columns) for columns in many)


def _columns(table: LabelTable, words: str) -> tuple[str, ...]:
    names = (words,) if words in table.columns else tuple(dict.fromkeys(name.strip() for name in words.split(",")))
    for name in names:
        if name not in table.columns:
            raise InputError(
                f"--by {words}: {table.path} has no label column {name!r}; it has {', '.join(table.columns)}"
            )
    return names


def _group(table: LabelTable, labelled: LabelledPictures, columns: tuple[str, ...]) -> Grouping:
    places = [table.columns.index(name) for name in columns]
    of_row = [tuple(row.labels[place] for place in places) for row in table.rows]
    used = {of_row[row] for row in np.unique(labelled.row[labelled.row >= 0])}
    groups = tuple(sorted(labels for labels in used if all(labels)))
    number = {labels: place for place, labels in enumerate(groups)}
    # The last one, at -1, is for pictures without a row.
    of_each_row = np.array([*(number.get(labels, -1) for labels in of_row), -1], np.int32)
    return Grouping(columns, groups, of_each_row[labelled.row])
