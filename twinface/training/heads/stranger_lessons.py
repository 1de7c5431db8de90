"""What strangers teach a head: how faces differ that are nobody's in particular, and who passes for whom.

One picture a person is enough: it shows how pictures of different people differ, not how those of one do. So all kinds
of pictures, the people trained on and the strangers, say alike much how far pictures lie apart altogether.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.errors import FingerprintError, InputError
from twinface.evaluation.differentials.grouping import make_groupings
from twinface.evaluation.differentials.label_table import match_rows, read_labels
from twinface.evaluation.protocols.split import validation_people
from twinface.gallery.people_files import read_features
from twinface.gallery.person import PersonVectors
from twinface.matching.cohort import Cohort
from twinface.matching.density import Density
from twinface.matching.plda import Projection, all_logits
from twinface.matching.vectors import adjust, centre, normalised
from twinface.text import plural
from twinface.training.heads.covariances import Covariances, measure_scatter
from twinface.training.heads.densities import (
    density_of_parts,
    face_points,
    fit_density,
    fit_groups,
    mixed,
)
from twinface.training.heads.feature_table import FeatureTable, read_table, table_of
from twinface.types import Vectors

_Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Labels:
    """A table of labels of people or pictures, as `evaluate --groups` has, and the columns to group `by`."""

    path: Path
    by: str | None = None

    def groups_of(self, people: Sequence[PersonVectors]) -> NDArray[np.int32]:
        """The number of each person's group, by their first picture, (people,), -1 where there is none.

        Raises InputError where the table is none, `by` names no column of it, or nobody has a group.
        """
        table = read_labels(self.path)
        by = self.by or ",".join(table.columns)
        (grouping,), _ = make_groupings(table, match_rows(table, people), [by])
        first = np.cumsum([0, *(len(one.files) for one in people[:-1])])
        groups = np.asarray(grouping.of_picture[first], np.int32)
        if (groups < 0).all():
            raise InputError(f"--groups {self.path}: no row is about any of the strangers; the first column names them")
        return groups


FEWEST_STRANGERS = 500
"""Fewer tell nothing of the one in a thousand who passes for somebody."""

_ASKED = 3000
"""So many strangers whom the cohort was not trained on are compared with each other to fit scores on."""

_ONE_PERSON_COSINE = 0.6
"""Two pictures of strangers nearer than this are most likely one person's, who came twice."""

_WITHIN_SHARE = 0.6
"""How much of what pictures of one person differ, poses included, is in the differences of single everyday pictures."""

_LEAST_VARIANCE = 1e-3
_MOST_PAIRS = 200_000
_TAIL_RATES = (3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5)
_FEWEST_ABOVE = 20
_TOO_ALIKE = "--strangers: they look like one person; extract pictures of different people, a folder for each"


@dataclass(frozen=True, slots=True, eq=False)
class StrangerLessons:
    """What there is to learn besides the people of a table, relative to the cohort's `prior` like them.

    `withins` and `totals` are float64 (d, d) covariances of other kinds of pictures, and of the strangers; `asked`
    float32 (n, d) are strangers whom the cohort was not trained on.
    """

    cohort: Cohort
    withins: tuple[_Doubles, ...]
    totals: tuple[_Doubles, ...]
    asked: Vectors
    trained_people: tuple[str, ...]
    people: int


def average_of(table: FeatureTable) -> NDArray[np.float32]:
    """The average unit vector, float32 (d,), each person counting once."""
    means = np.add.reduceat(normalised(table.vectors), table.starts[:-1], axis=0) / table.counts[:, np.newaxis]
    return np.asarray(means.mean(axis=0), np.float32)


def read_lessons(
    people: FeatureTable,
    others: Sequence[Path],
    strangers: Path,
    seed: int,
    labels: Labels | None = None,
) -> StrangerLessons:
    """As `learn_strangers`, from folders of features, and labels of the strangers where there are some.

    Raises FingerprintError for those of another network, InputError for labels that fit nobody.
    """
    everybody = read_features(strangers)
    tables = [*(read_table(folder) for folder in others), table_of(everybody)]
    for folder, table in zip((*others, strangers), tables, strict=True):
        if table.network != people.network:
            raise FingerprintError(
                f"{folder}: of another network ({table.network[:12]}) than the features ({people.network[:12]});"
                " extract both with the same --network"
            )
    return learn_strangers(people, tables[:-1], tables[-1], seed, labels.groups_of(everybody) if labels else None)


def learn_strangers(
    people: FeatureTable,
    others: Sequence[FeatureTable],
    strangers: FeatureTable,
    seed: int,
    groups: NDArray[np.int32] | None = None,
) -> StrangerLessons:
    """Take up what strangers and `others`, people in other kinds of pictures, teach; the same for the same seed.

    `groups` (strangers,) numbers from 0 the group of people that each stranger is of, -1 for none; without it groups
    are the parts that the cohort's density is made of.

    Every fifth of them, by the fixed split, is left out and can be reported on; so are, of `people`, those who are
    not in the table. Raises InputError for too few strangers.
    """
    kept = _learnt_rows(strangers)
    learnt = strangers.of_people(kept)
    if len(learnt.names) < FEWEST_STRANGERS:
        raise InputError(
            f"--strangers: {plural(len(learnt.names), 'person')} to learn from, at least {FEWEST_STRANGERS} are needed;"
            " extract pictures of more people, of whom nobody is to be known"
        )
    rng = np.random.default_rng(seed)
    asked = rng.permutation(len(learnt.names))
    asked, fitted = asked[: min(_ASKED, len(asked) // 4)], np.sort(asked[min(_ASKED, len(asked) // 4) :])
    kinds = [people, *(_without_validation(one) for one in others)]
    averages = [average_of(one) for one in kinds]
    average = average_of(learnt)
    prior = np.stack([average, *averages]).mean(axis=0)
    posed = mixed([_fit_kind(one, mean, seed) for one, mean in zip(kinds, averages, strict=True)])
    points = face_points(learnt.of_people(fitted.tolist()).vectors, average)
    if groups is None:
        density = fit_density(points, seed)
        group_of = np.arange(len(density.weights), dtype=np.int32)
    else:
        density, group_of = fit_groups(points, groups[np.array(kept)[fitted]], seed)
    cohort = Cohort(prior, density, posed, group_of)
    kinds_adjusted = [_adjusted(one, mean, prior) for one, mean in zip(kinds[1:], averages[1:], strict=True)]
    around = [_covariances(one) for one in kinds_adjusted]
    return StrangerLessons(
        cohort,
        tuple(within for within, _ in around),
        (_total(_adjusted(learnt, average, prior).vectors), *(total for _, total in around)),
        adjust(learnt.of_people(np.sort(asked).tolist()).vectors, average, prior),
        tuple(name for one in kinds[1:] for name in one.names),
        len(learnt.names),
    )


def with_other_kinds(found: Covariances, lessons: StrangerLessons) -> Covariances:
    """The covariances of people, each kind of picture weighing alike: `within` those who show it, `between` (here: of
    all pictures together, whoever they show) the strangers as well. All totals are made as large as the strangers'.
    """
    scale = float(np.trace(lessons.totals[0]))
    ours = found.within + found.between
    totals = [one * scale / np.trace(one) for one in (ours, *lessons.totals)]
    within = np.mean([found.within, *lessons.withins], axis=0)
    return Covariances(np.zeros_like(found.mean), np.eye(len(ours)), within, np.mean(totals, axis=0))


def less_within(covariances: Covariances) -> Covariances:
    """How people differ, from how all pictures do: what those of one person differ is taken off, as far as there is
    more in every direction."""
    between = covariances.between - _WITHIN_SHARE * covariances.within
    variances, directions = np.linalg.eigh((between + between.T) / 2)
    variances = np.maximum(variances, _LEAST_VARIANCE * variances.max())
    kept = (directions * variances) @ directions.T
    return Covariances(covariances.mean, covariances.basis, covariances.within, kept)


def pairs_of_strangers(vectors: Vectors, seed: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of two of them, by row, `_MOST_PAIRS` at most, but those that are most likely of one person.

    Raises InputError where no others are left.
    """
    first, second = np.triu_indices(len(vectors), 1)
    if len(first) > _MOST_PAIRS:
        chosen = np.sort(np.random.default_rng(seed).choice(len(first), _MOST_PAIRS, replace=False))
        first, second = first[chosen], second[chosen]
    unit = normalised(vectors)
    kept = (unit @ unit.T)[first, second] < _ONE_PERSON_COSINE
    if not kept.any():
        raise InputError(_TOO_ALIKE)
    return first[kept], second[kept]


def measure_tail(
    projection: Projection, coefficients: NDArray[np.float64], lessons: StrangerLessons
) -> NDArray[np.float32]:
    """How much lighter the imagined strangers' tail is than the real ones': float32 (rates, 2), a share of real
    comparisons and the share of imagined ones that reach the same score, the larger shares first.

    Strangers whom the cohort was not trained on are compared with each other, and with those it imagines. A rate whose
    share is no smaller than that of a more common one is left out. Raises InputError where fewer than two are left.
    """
    asked, weights = projection(lessons.asked), coefficients.astype(np.float32)
    unit = normalised(lessons.asked)
    apart = np.triu(unit @ unit.T < _ONE_PERSON_COSINE, 1)
    real = np.sort(all_logits(asked, asked, weights)[apart])
    imagined = np.sort(all_logits(asked, projection(lessons.cohort.imagined()[0]), weights).ravel())
    rates = np.array([rate for rate in _TAIL_RATES if rate * len(real) >= _FEWEST_ABOVE])
    scores = real[len(real) - (rates * len(real)).astype(int)]
    shares = np.maximum(1.0 - np.searchsorted(imagined, scores) / len(imagined), 1.0 / len(imagined))
    falling = shares < np.minimum.accumulate(np.concatenate([[1.0], shares]))[:-1]
    if falling.sum() < 2:
        raise InputError(_TOO_ALIKE)
    return np.asarray(np.stack([rates, shares], axis=1)[falling], np.float32)


def _fit_kind(table: FeatureTable, average: NDArray[np.float32], seed: int) -> Density:
    """The density of people of one kind of picture: by one picture each where there are many, else by all of them."""
    first = table.vectors[table.starts[:-1]]
    if len(first) >= FEWEST_STRANGERS:
        return fit_density(face_points(first, average), seed)
    return density_of_parts([face_points(table.vectors, average)])


def _without_validation(table: FeatureTable) -> FeatureTable:
    return table.of_people(_learnt_rows(table))


def _learnt_rows(table: FeatureTable) -> list[int]:
    kept_out = set(validation_people(table.names))
    return [row for row, name in enumerate(table.names) if name not in kept_out]


def _adjusted(table: FeatureTable, average: NDArray[np.float32], prior: NDArray[np.float32]) -> FeatureTable:
    return table.with_vectors(centre(adjust(table.vectors, average, prior), prior))


def _covariances(table: FeatureTable) -> tuple[_Doubles, _Doubles]:
    """Within people, and of all pictures together."""
    scatter = measure_scatter(table)
    within = scatter.within / max(1, int(table.counts.sum()) - len(table.names))
    return within, _total(table.vectors)


def _total(vectors: Vectors) -> _Doubles:
    unit = normalised(vectors).astype(np.float64)
    return np.asarray(unit.T @ unit / len(unit))
