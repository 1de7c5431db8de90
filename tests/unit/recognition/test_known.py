"""Who is known, ready to be scored: the same scores as by all vectors at once, and no more work than a change needs."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError
from twinface.gallery import Gallery, PersonVectors
from twinface.matching import Head, load_head
from twinface.matching.head import Prepared
from twinface.matching.vectors import checked_vectors
from twinface.recognition.known import Known
from twinface.settings import MatchingSettings
from twinface.types import Scores, Vectors

NETWORK = "a" * 64
EVERY_VECTOR = MatchingSettings(rule="best-k")
PEOPLE = 150
PROBES = np.random.default_rng(1).normal(size=(4, 16)).astype(np.float32)


class CountingHead(Head):
    """The built-in head, and how many vectors it had to make ready."""

    def __init__(self) -> None:
        self.count = 0
        self._head = load_head(None, NETWORK)
        self.spec = self._head.spec

    def prepare_gallery(self, gallery: Vectors) -> Prepared:
        self.count += len(gallery)
        return self._head.prepare_gallery(checked_vectors(gallery, 16))

    def score_prepared(self, probes: Vectors, gallery: Prepared) -> Scores:
        return self._head.score_prepared(probes, gallery)

    def score_pairs(self, a: Vectors, b: Vectors) -> Scores:
        return self._head.score_pairs(a, b)


def person(number: int) -> PersonVectors:
    count = 1 + number % 3
    vectors = np.random.default_rng(number).normal(size=(count, 16)).astype(np.float32)
    return PersonVectors(
        f"person {number}", tuple(map(str, range(count))), vectors, np.ones(count, np.float32), NETWORK
    )


@pytest.fixture
def open_gallery(tmp_path: Path) -> Callable[[], Gallery]:
    """Opens a gallery of many people, like a process of its own would."""
    made = Gallery.open(tmp_path / "gallery", network=NETWORK, create=True, key=b"k" * 32)
    with made.replacing(NETWORK, "") as put:
        for number in range(PEOPLE):
            put(person(number), {})
    return lambda: Gallery.open(tmp_path / "gallery", key=b"k" * 32)


def assert_as_all_at_once(known: Known, gallery: Gallery) -> None:
    snapshot = Gallery.open(gallery.folder, key=b"k" * 32).snapshot()
    assert (known.names, known.version) == (snapshot.names, snapshot.version)
    np.testing.assert_array_equal(known.person_index, snapshot.person_index)
    whole = load_head(None, NETWORK).prepare(snapshot.vectors)(PROBES)
    np.testing.assert_allclose(known.score(PROBES), whole, atol=1e-6)


def change(gallery: Gallery, what: str) -> None:
    one, new = person(7), person(1000)
    if what == "add a picture":
        gallery.add(one.name, new.files, new.vectors, new.quality)
    elif what == "add":
        gallery.add(new.name, new.files, new.vectors, new.quality)
    elif what == "remove":
        gallery.remove(one.name)
    elif what == "rename":
        gallery.rename(one.name, "Zoë")
    else:
        gallery.rename(one.name, person(8).name, merge=True)


@pytest.mark.parametrize("what", ["add a picture", "add", "remove", "rename", "merge"])
def test_a_change_is_taken_up_by_making_few_people_ready(open_gallery: Callable[[], Gallery], what: str) -> None:
    gallery, writer, head = open_gallery(), open_gallery(), CountingHead()
    known = Known().updated(gallery, head, EVERY_VECTOR)
    assert head.count == len(known.person_index) == sum(len(person(number).files) for number in range(PEOPLE))
    assert_as_all_at_once(known, gallery)
    before, head.count = known, 0
    change(writer, what)
    gallery.refresh()
    known = known.updated(gallery, head, EVERY_VECTOR)
    assert head.count == {"add a picture": 4, "add": 2, "remove": 0, "rename": 2, "merge": 5}[what]
    assert_as_all_at_once(known, gallery)
    assert len(before.names) == PEOPLE, "what is in use does not change"


def test_the_same_people_are_scored_the_same_whatever_happened_before(open_gallery: Callable[[], Gallery]) -> None:
    gallery, head = open_gallery(), CountingHead()
    known = Known().updated(gallery, head, EVERY_VECTOR)
    for what in ("add", "add a picture", "rename"):
        change(gallery, what)
        known = known.updated(gallery, head, EVERY_VECTOR)
    np.testing.assert_array_equal(
        known.score(PROBES), Known().updated(open_gallery(), head, EVERY_VECTOR).score(PROBES)
    )


@dataclass(frozen=True)
class Crowd:
    """What `Known` takes of a gallery, with more people than a test would write to a disk."""

    people: dict[str, PersonVectors]
    version: int = 1


def test_changes_anywhere_in_a_crowd_are_found_and_nobody_else_is_prepared() -> None:
    everybody = {one.name: one for one in sorted(map(person, range(2600)), key=lambda one: one.name)}
    names, head = tuple(everybody), CountingHead()
    known = Known().updated(Crowd(everybody), head, EVERY_VECTOR)
    for places in ((0,), (2599,), (1023,), (1024,), (1575, 1576), (3, 1300, 2598), ()):
        changed = dict(everybody)
        for place in places:
            changed[names[place]] = replace(everybody[names[place]], vectors=1 - everybody[names[place]].vectors)
        head.count = 0
        after = known.updated(Crowd(changed, 2), head, EVERY_VECTOR)
        assert head.count == sum(len(changed[names[place]].files) for place in places)
        fresh = Known().updated(Crowd(changed, 2), head, EVERY_VECTOR)
        assert np.array_equal(after.score(PROBES), fresh.score(PROBES))
        fewer = {name: one for name, one in changed.items() if name not in {names[place] for place in places}}
        head.count = 0
        after = after.updated(Crowd(fewer, 3), head, EVERY_VECTOR)
        assert head.count == 0
        assert after.names == tuple(fewer)
        fresh = Known().updated(Crowd(fewer, 3), head, EVERY_VECTOR)
        assert np.array_equal(after.score(PROBES), fresh.score(PROBES))
        assert np.array_equal(after.person_index, fresh.person_index)
        assert after.vectors == fresh.vectors


def test_nothing_is_made_ready_twice(open_gallery: Callable[[], Gallery]) -> None:
    gallery, head = open_gallery(), CountingHead()
    known = Known().updated(gallery, head, EVERY_VECTOR)
    head.count = 0
    known.updated(gallery, head, EVERY_VECTOR)
    assert head.count == 0


def test_nobody_is_known_of_an_empty_gallery(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "gallery", network=NETWORK, create=True, key=b"k" * 32)
    known = Known().updated(gallery, CountingHead(), EVERY_VECTOR)
    assert (known.names, len(known.person_index), known.version) == ((), 0, 1)


def test_vectors_that_do_not_fit_the_head_are_an_error(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "gallery", network=NETWORK, create=True, key=b"k" * 32)
    gallery.add("a", ("x",), np.ones((1, 9), np.float32), np.ones(1, np.float32))
    with pytest.raises(ArtefactError, match="same network"):
        Known().updated(gallery, CountingHead(), EVERY_VECTOR)
