"""Evaluation on a features folder: verification of all pairs, and open-set identification."""

import re
import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.errors import InputError
from twinface.evaluation.figures.open_set import can_identify, search_open_set
from twinface.evaluation.figures.results import (
    FeaturesEvaluation,
    Verification,
    measure_identification,
    measure_verification,
)
from twinface.evaluation.figures.verification import ScoredPairs, pairs_across, pairs_among
from twinface.evaluation.protocols.comparison import choose_people, score_matrix
from twinface.gallery.person import PersonVectors
from twinface.progress import ShowProgress, no_progress
from twinface.settings import MatchingSettings
from twinface.types import Scores

_MOST_PICTURES = 10_000
"""Their 50 million pairs take about 4 GB."""

_MOST_GROUPS = 4


def evaluate_features(
    features: Path,
    *,
    metric: str = "cosine",
    head: Path | None = None,
    network: str | Path | None = None,
    people: str = "validation",
    groups: Mapping[str, str] | None = None,
    images: Path | None = None,
    matching: MatchingSettings | None = None,
    seed: int = 0,
    show: ShowProgress = no_progress,
) -> FeaturesEvaluation:
    """Compare each two pictures of some people of a features folder, and search for them in galleries.

    `people` is "validation" (the fixed split), "all", or a file with a name a line; of these, people whom the head
    learnt from are left out. `groups` are patterns of file names by the name of the group, {} for none; None takes the
    words that all names begin with, as in frontal_01.jpg. `images` has a folder of pictures a person, to show them.
    Raises InputError and ArtefactError with their kin: the folder or head cannot be read, too few people or pictures,
    vectors of another network than `network`, if given, or than the head's.
    """
    started_s = time.perf_counter()
    chosen = choose_people(features, people, metric=metric, head=head, network=network)
    kept, similarity = chosen.people, chosen.similarity
    _check(features, kept)
    files = tuple(file for person in kept for file in person.files)
    person = np.repeat(np.arange(len(kept)), [len(one.files) for one in kept]).astype(np.int32)
    vectors = np.concatenate([one.vectors for one in chosen.compared])
    matrix = score_matrix(vectors, similarity, show)
    verifications = _verify(matrix, person, _group(files, groups), seed, show)
    searches = None
    matching = _usable_rule(matching or MatchingSettings(), similarity.metric)
    if can_identify(person):
        searches = search_open_set(vectors, similarity.prepare, person, matching, seed=seed, show=show)
    with show("intervals", None):
        identification = measure_identification(matching.rule, searches, seed) if searches else None
    return FeaturesEvaluation(
        subject=chosen.subject,
        verifications=verifications,
        identification=identification,
        people=tuple(one.name for one in kept),
        chosen=people,
        left_out=chosen.left_out,
        files=files,
        pictures=tuple(images / one.name / file for one in kept for file in one.files) if images else None,
        seconds=time.perf_counter() - started_s,
    )


def _check(features: Path, kept: Sequence[PersonVectors]) -> None:
    if not any(len(person.files) > 1 for person in kept):
        raise InputError(f"{features}: nobody has two pictures; add pictures of the same people and extract them")
    count = sum(len(person.files) for person in kept)
    if count > _MOST_PICTURES:
        raise InputError(
            f"{features}: {count:,} pictures, at most {_MOST_PICTURES:,} are compared with each other;"
            " name fewer people with --people FILE"
        )


def _group(files: Sequence[str], groups: Mapping[str, str] | None) -> dict[str, NDArray[np.intp]]:
    """The pictures of each group, by its name."""
    if groups is None:
        words = [match[1] if (match := re.match(r"([^\W\d_]+)[ _-]?\d+\.", file)) else "" for file in files]
        found = sorted(set(words))
        if "" in found or not 1 < len(found) <= _MOST_GROUPS:
            return {}
        return {word: np.flatnonzero([one == word for one in words]) for word in found}
    numbered = {
        name: np.flatnonzero([fnmatchcase(file, pattern) for file in files]) for name, pattern in groups.items()
    }
    for name, pictures in numbered.items():
        if not len(pictures):
            raise InputError(f"--groups {name}={groups[name]}: no picture is called so, but {files[0]}; correct it")
    if len(np.unique(np.concatenate([*numbered.values(), []]))) < sum(map(len, numbered.values())):
        raise InputError("--groups: a picture belongs to two groups; give patterns that differ")
    return numbered


def _verify(
    matrix: Scores, person: NDArray[np.int32], groups: Mapping[str, NDArray[np.intp]], seed: int, show: ShowProgress
) -> tuple[Verification, ...]:
    """All pairs, and those within and across groups that have pairs of both kinds."""
    names = list(groups)
    steps = [(one, two) for place, one in enumerate(names) for two in names[place:]]
    found = []
    with show("intervals", 1 + len(steps)) as bar:
        found.append(measure_verification("all pairs", pairs_among(matrix, person, np.arange(len(person))), seed))
        bar.advance()
        for one, two in steps:
            pairs: ScoredPairs
            if one == two:
                pairs = pairs_among(matrix, person, groups[one])
            else:
                pairs = pairs_across(matrix, person, groups[one], groups[two])
            if 0 < np.count_nonzero(pairs.same) < len(pairs.same):
                found.append(measure_verification(f"{one}-{two}", pairs, seed))
            bar.advance()
    return tuple(found)


def _usable_rule(matching: MatchingSettings, metric: str) -> MatchingSettings:
    """A vote counts scores over one that only a head's have, 0…1; a metric is searched by the best few instead."""
    if matching.rule == "vote" and metric != "head":
        return matching.model_copy(update={"rule": "template"})
    return matching
