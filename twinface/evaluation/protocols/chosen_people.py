"""Whose features are evaluated, and by what their vectors are compared."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from twinface.averages.average import adjust_features
from twinface.errors import ArtefactError, FingerprintError, InputError
from twinface.evaluation.figures.results import Subject
from twinface.evaluation.protocols.similarity import Similarity, choose_similarity
from twinface.evaluation.protocols.split import person_digest, validation_people
from twinface.gallery.people_files import read_features
from twinface.gallery.person import PersonVectors
from twinface.networks.registry import find_recipe, name_network
from twinface.text import plural


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
