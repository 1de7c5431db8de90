"""What an evaluation compares: which people of a folder, and how alike two pictures are by a metric or a head."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from twinface.averages.averages_in_use import adjust_features
from twinface.errors import ArtefactError, FingerprintError, InputError
from twinface.evaluation.figures.verification import Subject
from twinface.evaluation.protocols.split import person_digest, validation_people
from twinface.gallery.people_files import read_features
from twinface.gallery.person import PersonVectors
from twinface.matching.cohort import Cohort
from twinface.matching.head_folder import built_in_head, trained_people
from twinface.matching.head_spec import HeadSpec
from twinface.matching.open_head import load_head
from twinface.matching.vectors import checked_vectors, normalised
from twinface.networks.registry import find_recipe, name_network
from twinface.progress import ShowProgress
from twinface.text import plural
from twinface.types import Scorer, Scores, Vectors

METRICS = ("cosine", "l1")
HEAD = "head"
"""The metric that is a head, or in its place the one that is bundled for a network."""

_ROWS_AT_ONCE = 256
_BLOCK_NUMBERS = 1 << 21


@dataclass(frozen=True, slots=True, eq=False)
class Similarity:
    """`prepare` and `score_pairs` are those of a Head, but scores may be of any range; higher is more alike.

    `metric` is "cosine", "l1" or, of a head, "head"; then `head` is its folder, `spec` what it says of itself, and
    `trained_people` has the digests of the people that it was trained or tuned on. With its `cohort` it compares
    vectors that are adjusted by the averages of their sources.
    """

    metric: str
    head: Path | None
    trained_people: frozenset[str]
    prepare: Callable[[Vectors], Scorer]
    score_pairs: Callable[[Vectors, Vectors], Scores]
    spec: HeadSpec | None = None
    cohort: Cohort | None = None


def choose_similarity(metric: str, head: Path | None, network: str) -> Similarity:
    """The head in a folder, for vectors of the network with this fingerprint; without one, the metric.

    `metric` "cosine" is the cosine of two vectors, "l1" minus the sum of |a - b| of vectors made of length 1, "head"
    the head that is bundled for the network. Raises ArtefactError when the head cannot be read, does not say whom it
    was trained on, or none is bundled; FingerprintError when it is for another network.
    """
    if head is None and metric == HEAD:
        head = built_in_head(network)
        if head is None:
            raise ArtefactError(
                f"--metric {HEAD}: no head is bundled for the network {network[:12]}; name one with --head, or give"
                " --metric cosine"
            )
    if head is None:
        prepare, score_pairs = (_prepare_cosine, cosine_of_pairs) if metric == "cosine" else (_prepare_l1, _l1)
        return Similarity(metric, None, frozenset(), prepare, score_pairs)
    loaded = load_head(head, network)
    return Similarity(HEAD, head, trained_people(head), loaded.prepare, loaded.score_pairs, loaded.spec, loaded.cohort)


def score_matrix(vectors: Vectors, similarity: Similarity, show: ShowProgress) -> Scores:
    """Scores (n, n) of each two of the vectors (n, d). Raises ArtefactError when they do not fit the head."""
    scores = np.empty((len(vectors), len(vectors)), np.float32)
    starts = range(0, len(vectors), _ROWS_AT_ONCE)
    with show("comparing", len(starts)) as bar:
        for start in starts:
            end = start + _ROWS_AT_ONCE
            block = similarity.prepare(vectors[start:])(vectors[start:end])
            scores[start:end, start:] = block
            scores[start:, start:end] = block.T
            bar.advance()
    return scores


def _prepare_cosine(gallery: Vectors) -> Scorer:
    columns = normalised(checked_vectors(gallery)).T
    return lambda probes: np.asarray(normalised(checked_vectors(probes, columns.shape[0])) @ columns, np.float32)


def cosine_of_pairs(a: Vectors, b: Vectors) -> Scores:
    """Cosines (n,) of the pairs a[i], b[i], both (n, d)."""
    unit_a, unit_b = normalised(checked_vectors(a)), normalised(checked_vectors(b, a.shape[1]))
    return np.asarray(np.einsum("nd,nd->n", unit_a, unit_b), np.float32)


def _prepare_l1(gallery: Vectors) -> Scorer:
    ready = normalised(checked_vectors(gallery))
    rows = max(1, _BLOCK_NUMBERS // ready.shape[1])

    def score(probes: Vectors) -> Scores:
        scores = np.empty((len(probes), len(ready)), np.float32)
        for row, probe in enumerate(normalised(checked_vectors(probes, ready.shape[1]))):
            for start in range(0, len(ready), rows):
                scores[row, start : start + rows] = -np.abs(ready[start : start + rows] - probe).sum(axis=1)
        return scores

    return score


def _l1(a: Vectors, b: Vectors) -> Scores:
    unit_a, unit_b = normalised(checked_vectors(a)), normalised(checked_vectors(b, a.shape[1]))
    return np.asarray(-np.abs(unit_a - unit_b).sum(axis=1), np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class ChosenPeople:
    """`people`, two at least, in the order of their names; the head was trained on `left_out` others who were chosen.

    All their vectors are of one length and of the network of `subject`. `compared` are the same people with vectors as
    the head compares them: adjusted by the averages of the folder's sources where it has a cohort.
    """

    people: tuple[PersonVectors, ...]
    compared: tuple[PersonVectors, ...]
    left_out: int
    similarity: Similarity
    subject: Subject


def choose_people(
    features: Path, people: str, *, metric: str, head: Path | None, network: str | Path | None
) -> ChosenPeople:
    """Read a features folder and choose who is evaluated.

    `people` is "validation" (the fixed split), "all", or a file with a name a line; of these, people whom the head was
    trained on are left out. Raises InputError and ArtefactError with their kin: the folder or head cannot be read,
    fewer than two people are left, vectors of another network than `network`, if given, or than the head's.
    """
    everybody = read_features(features)
    fingerprint = everybody[0].network
    name = _network_name(features, fingerprint, network)
    similarity = choose_similarity(metric, head, fingerprint)
    chosen = _choose(features, everybody, people)
    kept = tuple(person for person in chosen if person_digest(person.name) not in similarity.trained_people)
    _check(features, len(chosen), kept, people)
    if len({person.vectors.shape[1] for person in everybody}) > 1:
        raise ArtefactError(f"{features}: vectors of several lengths; extract all again with one network")
    names = {person.name for person in kept}
    adjusted = adjust_features(everybody, similarity.cohort)
    compared = tuple(person for person in adjusted if person.name in names)
    subject = Subject(similarity.metric, similarity.head, name, fingerprint)
    return ChosenPeople(kept, compared, len(chosen) - len(kept), similarity, subject)


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
                f"{features}: of {plural(len(names), 'person')} every fifth is for validation, which leaves"
                f" {len(wanted)}; extract more people, or give --people all"
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


def _check(features: Path, chosen: int, kept: Sequence[PersonVectors], people: str) -> None:
    if len(kept) < 2 and len(kept) < chosen:
        raise InputError(
            f"{features}: the head was trained on {chosen - len(kept)} of these {chosen} people, which leaves"
            f" {len(kept)}; evaluate on people it never saw: those of --people validation are kept out of training"
        )
    if len(kept) < 2:
        who = kept[0].name if kept else "nobody"
        raise InputError(f"{features}: only {who} to evaluate (--people {people}); at least two people are needed")
