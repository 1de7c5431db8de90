"""The gate of many people at once objects to what the gate of one person objects to, whoever came before."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinface.enrolment.growing_gate import GrowingGate
from twinface.enrolment.likeness import object_to_likeness
from twinface.gallery import Gallery
from twinface.matching import load_head
from twinface.networks import find_recipe
from twinface.settings import MatchingSettings
from twinface.types import Vectors

RECIPE = find_recipe("sface")
PEOPLE = 40


def pictures_of(person: int, count: int, noise: float = 0.5) -> Vectors:
    random = np.random.default_rng(person)
    centre = random.normal(size=RECIPE.dimension)
    return (centre + noise * random.normal(size=(count, RECIPE.dimension))).astype(np.float32)


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    return Gallery.open(tmp_path / "gallery", network=RECIPE.fingerprint, create=True, key=b"k" * 32)


def add(gallery: Gallery, name: str, vectors: Vectors) -> None:
    gallery.add(name, tuple(map(str, range(len(vectors)))), vectors, np.ones(len(vectors), np.float32))


@pytest.mark.parametrize("rule", ["template", "best-k", "mean", "vote"])
def test_it_says_what_the_gate_of_one_person_says(gallery: Gallery, rule: Any) -> None:
    head, settings = load_head(None, RECIPE.fingerprint), MatchingSettings(rule=rule, threshold=0.5)
    gate = GrowingGate(gallery, head, settings)
    order = np.random.default_rng(0).permutation(PEOPLE)
    changes: list[Callable[[], object]] = [
        *(partial(add, gallery, f"p{number:02}", pictures_of(number, 1 + number % 4)) for number in order),
        lambda: add(gallery, "p03", pictures_of(3, 9)),
        lambda: gallery.rename("p05", "Zoë"),
        lambda: gallery.remove("p06"),
        lambda: gallery.rename("p07", "p08", merge=True),
        gallery.snapshot,
        lambda: add(gallery, "p06", pictures_of(6, 2)),
    ]
    probes = np.concatenate([pictures_of(3, 2), pictures_of(6, 1), pictures_of(99, 1), pictures_of(5, 1)])
    objected = 0
    for change in changes:
        for name in ("p03", "p06", "somebody new"):
            found = [one and (one.reason, one.sentence) for one in gate.object_to(name, probes)]
            expected = object_to_likeness(name, probes, gallery.snapshot(), head, settings)
            assert found == [one and (one.reason, one.sentence) for one in expected]
            objected += sum(one is not None for one in found)
        change()
    assert objected > len(changes)


def test_few_people_are_prepared_for_each_who_comes(gallery: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
    head = load_head(None, RECIPE.fingerprint)
    gate, prepared, prepare = GrowingGate(gallery, head, MatchingSettings(threshold=0.5)), [], head.prepare

    def counting(vectors: Vectors) -> Any:
        prepared.append(len(vectors))
        return prepare(vectors)

    monkeypatch.setattr(head, "prepare", counting)
    for number in range(200):
        add(gallery, f"p{number}", pictures_of(number, 1))
        gate.object_to("somebody", pictures_of(999, 1))
    assert sum(prepared) < 10 * 200, "everybody each time would be 20,100"
