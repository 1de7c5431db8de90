"""A gallery too large to score everybody: the head decides on those who are proposed, and says what it would have."""

from dataclasses import dataclass, replace

import numpy as np
import pytest

from twinface.gallery import PersonVectors
from twinface.matching import decide, load_head
from twinface.recognition.known import Known
from twinface.recognition.proposals import PROPOSED, wants_axes
from twinface.settings import MatchingSettings
from twinface.types import Vectors

NETWORK = "b" * 64
"""No bundled head is for it, so the head is plain cosine."""

PEOPLE, DIMENSION, PROBES = 66_000, 512, 60
SETTINGS = MatchingSettings(threshold=0.5)
HEAD = load_head(None, NETWORK)


@dataclass(frozen=True)
class Crowd:
    people: dict[str, PersonVectors]
    version: int = 1


def _made(count: int, seed: int) -> Vectors:
    """Vectors of length 1 whose numbers spread unequally, as those of networks for faces do."""
    spread = (np.arange(1, DIMENSION + 1) ** -0.35).astype(np.float32)
    made = np.random.default_rng(seed).standard_normal((count, DIMENSION), np.float32) * spread
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def _another_picture(vectors: Vectors, seed: int) -> Vectors:
    """With a cosine of 0.55 on the average."""
    return np.asarray(0.55 * vectors + np.sqrt(1 - 0.55**2) * _made(len(vectors), seed), np.float32)


def _person(name: str, *vectors: np.ndarray) -> PersonVectors:
    files = tuple(str(number) for number in range(len(vectors)))
    return PersonVectors(name, files, np.stack(vectors), np.ones(len(vectors), np.float32), NETWORK)


@pytest.fixture(scope="module")
def enrolled() -> Vectors:
    return _made(PEOPLE, 1)


@pytest.fixture(scope="module")
def crowd(enrolled: Vectors) -> Crowd:
    names = (f"p{row:06}" for row in range(PEOPLE))
    return Crowd({name: _person(name, vector) for name, vector in zip(names, enrolled, strict=True)})


@pytest.fixture(scope="module")
def known(crowd: Crowd) -> Known:
    return Known().updated(crowd, HEAD, SETTINGS)


@pytest.mark.parametrize(
    ("rows", "dimension", "wanted"),
    [(100_000, 512, True), (50_000, 512, False), (20_000, 2048, True), (1_000_000, 128, False)],
)
def test_people_are_proposed_where_a_pass_over_long_vectors_takes_longer(
    rows: int, dimension: int, *, wanted: bool
) -> None:
    assert wants_axes(rows, dimension) is wanted


def test_the_best_person_is_the_one_whom_scoring_everybody_finds(known: Known, enrolled: Vectors) -> None:
    genuine, nobody = _another_picture(enrolled[:PROBES], 2), _made(PROBES, 3)
    right = 0
    for probe in (*genuine, *nobody):
        (found,) = known.decide(probe[np.newaxis], SETTINGS)
        wanted = decide(known.score(probe[np.newaxis])[0], known.person_index, known.names, SETTINGS)
        if found.candidates[0].name == wanted.candidates[0].name:
            right += 1
            assert (found.state, found.name) == (wanted.state, wanted.name)
            assert found.score == pytest.approx(wanted.score, abs=1e-6)
    assert right >= 0.98 * 2 * PROBES


def test_few_are_scored(known: Known, enrolled: Vectors) -> None:
    some = known._likeliest(enrolled[7])
    assert len(some.names) == PROPOSED
    assert list(some.names) == sorted(some.names)
    assert "p000007" in some.names


def test_who_changes_or_comes_is_proposed_and_who_goes_is_not(crowd: Crowd, known: Known) -> None:
    changed, new = _made(2, 4)
    people = dict(crowd.people)
    del people["p000003"]
    people["p000005"] = replace(people["p000005"], vectors=changed[np.newaxis])
    people = dict(sorted({**people, "p0100": _person("p0100", new)}.items()))
    after = known.updated(Crowd(people, 2), HEAD, SETTINGS)
    fresh = Known().updated(Crowd(people, 2), HEAD, SETTINGS)
    for now in (after, fresh):
        first = [one.candidates[0].name for one in now.decide(np.stack([changed, new]), SETTINGS)]
        assert first == ["p000005", "p0100"]
        (gone,) = now.decide(crowd.people["p000003"].vectors, SETTINGS)
        assert gone.candidates[0].name != "p000003"
    assert np.allclose(after.score(np.stack([changed, new])), fresh.score(np.stack([changed, new])), atol=1e-6)


@pytest.mark.parametrize("rule", ["mean", "best-k"])
def test_all_pictures_of_who_is_proposed_count(crowd: Crowd, enrolled: Vectors, rule: str) -> None:
    settings = SETTINGS.model_copy(update={"rule": rule})
    other = _another_picture(enrolled[:1], 5)[0]
    people = {**crowd.people, "p000000": _person("p000000", enrolled[0], -other)}
    known = Known().updated(Crowd(people), HEAD, settings)
    (found,) = known.decide(enrolled[:1], settings)
    wanted = decide(known.score(enrolled[:1])[0], known.person_index, known.names, settings)
    assert {one.name for one in found.candidates} >= {wanted.candidates[0].name}
    assert found.score == pytest.approx(wanted.score, abs=1e-6)
