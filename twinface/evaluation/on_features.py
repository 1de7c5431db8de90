"""Evaluation on a features folder: verification of all pairs, and open-set identification."""

import re
import time
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from twinface.errors import ArtefactError, FingerprintError, InputError
from twinface.evaluation.identification import can_identify, search_open_set
from twinface.evaluation.progress import ShowProgress, no_progress
from twinface.evaluation.results import (
    FeaturesEvaluation,
    Subject,
    Verification,
    measure_identification,
    measure_verification,
)
from twinface.evaluation.scored_pairs import ScoredPairs, pairs_across, pairs_among
from twinface.evaluation.similarity import choose_similarity, score_matrix
from twinface.evaluation.split import person_digest, validation_people
from twinface.gallery import PersonVectors, read_features
from twinface.matching import Scores
from twinface.networks import find_recipe, name_network
from twinface.settings import MatchingSettings

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
    everybody = read_features(features)
    fingerprint = everybody[0].network
    name = _network_name(features, fingerprint, network)
    similarity = choose_similarity(metric, head, fingerprint)
    chosen = _choose(features, everybody, people)
    kept = [person for person in chosen if person_digest(person.name) not in similarity.learnt_from]
    _check(features, chosen, kept, people)
    files = tuple(file for person in kept for file in person.files)
    person = np.repeat(np.arange(len(kept)), [len(one.files) for one in kept]).astype(np.int32)
    vectors = np.concatenate([one.vectors for one in kept])
    matrix = score_matrix(vectors, similarity, show)
    verifications = _verify(matrix, person, _group(files, groups), seed, show)
    searches = None
    matching = _usable_rule(matching or MatchingSettings(), similarity.metric)
    if can_identify(person):
        searches = search_open_set(vectors, similarity.prepare, person, matching, seed=seed, show=show)
    with show("intervals", None):
        identification = measure_identification(matching.rule, searches, seed) if searches else None
    return FeaturesEvaluation(
        subject=Subject(similarity.metric, head, name, fingerprint),
        verifications=verifications,
        identification=identification,
        people=tuple(one.name for one in kept),
        chosen=people,
        left_out=len(chosen) - len(kept),
        files=files,
        pictures=tuple(images / one.name / file for one in kept for file in one.files) if images else None,
        seconds=time.perf_counter() - started_s,
    )


def _network_name(features: Path, fingerprint: str, network: str | Path | None) -> str:
    """The name of the network with this fingerprint, as far as it is known here; "" where it is not."""
    if network is not None:
        recipe = find_recipe(network)
        if recipe.fingerprint != fingerprint:
            raise FingerprintError(
                f"{features}: these vectors are of another network ({fingerprint[:12]}) than {recipe.name}"
                f" ({recipe.fingerprint[:12]}); extract them again with it, or leave --network out"
            )
        return recipe.name
    return name_network(fingerprint)


def _choose(features: Path, everybody: Sequence[PersonVectors], people: str) -> list[PersonVectors]:
    names = {person.name for person in everybody}
    if people == "validation":
        wanted = set(validation_people(names))
        if len(wanted) < 2:
            raise InputError(
                f"{features}: of {len(names)} people every fifth is for validation, which leaves {len(wanted)};"
                " extract more people, or give --people all"
            )
    elif people == "all":
        wanted = names
    else:
        wanted = _read_names(Path(people))
        if unknown := sorted(wanted - names):
            raise InputError(f"{people}: {unknown[0]} is not in {features}; take the name out, or extract this person")
    return [person for person in everybody if person.name in wanted]


def _read_names(path: Path) -> set[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"--people {path}: cannot be read; give validation, all, or a file with a name on each line"
        ) from error
    return {line.strip() for line in lines if line.strip()}


def _check(features: Path, chosen: Sequence[PersonVectors], kept: Sequence[PersonVectors], people: str) -> None:
    if len(kept) < 2 and len(kept) < len(chosen):
        raise InputError(
            f"{features}: the head learnt from {len(chosen) - len(kept)} of these {len(chosen)} people, {len(kept)} are"
            " left; evaluate on people it never saw: those of --people validation are kept out of training"
        )
    if len(kept) < 2:
        who = kept[0].name if kept else "nobody"
        raise InputError(f"{features}: only {who} to evaluate (--people {people}); at least two people are needed")
    if not any(len(person.files) > 1 for person in kept):
        raise InputError(f"{features}: nobody has two pictures; add pictures of the same people and extract them")
    count = sum(len(person.files) for person in kept)
    if count > _MOST_PICTURES:
        raise InputError(
            f"{features}: {count:,} pictures, at most {_MOST_PICTURES:,} are compared with each other;"
            " name fewer people with --people FILE"
        )
    shapes = {person.vectors.shape[1] for person in kept}
    if len(shapes) > 1:
        raise ArtefactError(f"{features}: vectors of several lengths; extract all again with one network")


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
