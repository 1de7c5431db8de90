"""Who is known by a head with a cohort: averages and the gallery's size count, in blocks and while running."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_cohorts import make_cohort, write_cohort_head

from twinface.averages import Average, Averages
from twinface.averages.average import fingerprint_with
from twinface.gallery import Gallery, PersonVectors
from twinface.gallery.keys import KEY_VARIABLE
from twinface.matching import Head, load_head
from twinface.matching.head import Prepared
from twinface.matching.vectors import adjust
from twinface.networks import NetworkRecipe, find_recipe
from twinface.recognition.known import Known
from twinface.recognition.naming import Naming
from twinface.settings import MatchingSettings
from twinface.types import Scores, Vectors

NETWORK = "a" * 64
COHORT = make_cohort(16)
SETTINGS = MatchingSettings()
PROBES = np.random.default_rng(1).normal(size=(4, 16)).astype(np.float32)
SHIFT = (0.2 * np.eye(1, 16)[0]).astype(np.float32)


class CountingHead(Head):
    """A head with a cohort, how many vectors it had to prepare, and how many strangers came to."""

    def __init__(self, folder: Path) -> None:
        self.count = self.met = 0
        self._head = load_head(folder, NETWORK)
        self.spec, self.cohort, self.tail = self._head.spec, self._head.cohort, self._head.tail

    def prepare_gallery(self, gallery: Vectors) -> Prepared:
        self.count += len(gallery)
        return self._head.prepare_gallery(gallery)

    def score_prepared(self, probes: Vectors, gallery: Prepared) -> Scores:
        return self._head.score_prepared(probes, gallery)

    def score_strangers(self, gallery: Prepared) -> tuple[Scores, ...]:
        self.met += len(gallery)
        return self._head.score_strangers(gallery)

    def score_pairs(self, a: Vectors, b: Vectors) -> Scores:
        return self._head.score_pairs(a, b)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_cohort_head(tmp_path / "head", NETWORK, COHORT)


@pytest.fixture
def head(folder: Path) -> CountingHead:
    return CountingHead(folder)


@pytest.fixture(autouse=True)
def key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign with a key of the test's own."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))


def person(number: int) -> PersonVectors:
    vectors = np.random.default_rng(number).normal(size=(2, 16)).astype(np.float32)
    return PersonVectors(f"person {number}", ("1", "2"), vectors, np.ones(2, np.float32), NETWORK)


@pytest.fixture
def gallery_of(tmp_path: Path) -> Callable[[int], Gallery]:
    """Makes a gallery of so many people."""

    def make(count: int) -> Gallery:
        gallery = Gallery.open(tmp_path / f"gallery-{count}", network=NETWORK, create=True)
        with gallery.replacing(NETWORK, "") as put:
            for number in range(count):
                put(person(number), {})
        gallery.refresh()
        return gallery

    return make


def averages(shift: np.ndarray = SHIFT, version: int = 1) -> Averages:
    return Averages(version, COHORT.prior, {"photos": Average((COHORT.prior + shift).astype(np.float32), 30)})


def test_the_same_averages_keep_what_is_prepared_and_others_prepare_everybody_again(
    gallery_of: Callable[[int], Gallery], head: CountingHead
) -> None:
    gallery, first = gallery_of(80), averages()
    known = Known().updated(gallery, head, SETTINGS, first)
    assert head.count == 80
    head.count = 0
    same = known.updated(gallery, head, SETTINGS, first)
    assert head.count == 0
    other = same.updated(gallery, head, SETTINGS, averages(-SHIFT, 2))
    assert head.count == 80
    assert np.array_equal(same.score(PROBES), known.score(PROBES))
    assert np.abs(other.score(PROBES) - known.score(PROBES)).max() > 1e-3
    again = Known().updated(gallery, head, SETTINGS, averages(-SHIFT, 2))
    assert np.array_equal(other.score(PROBES), again.score(PROBES))


def test_people_are_told_from_the_average_of_their_source(
    gallery_of: Callable[[int], Gallery], head: CountingHead
) -> None:
    settings, gallery = MatchingSettings(rule="best-k"), gallery_of(12)
    found = Known().updated(gallery, head, settings, averages())
    vectors = np.concatenate([one.vectors for one in gallery.people.values()])
    told = adjust(vectors, COHORT.prior + SHIFT, COHORT.prior)
    assert found.score(PROBES) == pytest.approx(head.prepare(told)(PROBES), abs=1e-4)


def test_the_threshold_rises_with_the_gallery_until_the_bound_and_with_what_is_asked(
    gallery_of: Callable[[int], Gallery], head: CountingHead
) -> None:
    asked = MatchingSettings(strangers_named=0.01)
    one, many = (Known().updated(gallery_of(count), head, asked) for count in (1, 100))
    assert one.threshold(head, asked).value < many.threshold(head, asked).value
    rarer = MatchingSettings(strangers_named=0.001)
    assert many.threshold(head, asked).value < many.threshold(head, rarer).value
    assert many.threshold(head, SETTINGS).source == "one stranger in 500 gets a name, by 100 people enrolled"
    assert one.threshold(head, SETTINGS).source == "one stranger in 20,000 gets a name, by 1 person enrolled"


def test_about_as_many_who_are_drawn_get_a_name_as_is_asked(
    gallery_of: Callable[[int], Gallery], head: CountingHead
) -> None:
    asked = MatchingSettings(strangers_named=0.05)
    known = Known().updated(gallery_of(60), head, asked)
    needed = known.threshold(head, asked).value
    named = [(known.score(kind).max(axis=1) >= needed).mean() for kind in COHORT.imagined()]
    assert 0.01 < max(named) <= 0.05


@pytest.mark.parametrize("rule", ["template", "best-k"])
def test_whatever_happened_before_the_same_people_have_the_same_scores_and_threshold(
    gallery_of: Callable[[int], Gallery], folder: Path, rule: str
) -> None:
    settings, gallery = MatchingSettings(rule=rule, strangers_named=0.01), gallery_of(70)
    head, first = load_head(folder, NETWORK), averages()
    known = Known().updated(gallery, head, settings, first)
    for number in (100, 101, 7, 102):
        newcomer = person(number)
        gallery.add(newcomer.name, ("3",), newcomer.vectors[:1], newcomer.quality[:1])
        known = known.updated(gallery, head, settings, first)
    for name in ("person 0", "person 101", "person 33", "person 9"):
        gallery.remove(name)
        known = known.updated(gallery, head, settings, first)
    gallery.rename("person 12", "Zoë")
    gallery.rename("person 13", "Ada")
    known = known.updated(gallery, head, settings, first)
    fresh = Known().updated(gallery, load_head(folder, NETWORK), settings, first)
    assert (known.names, known.vectors) == (fresh.names, fresh.vectors)
    assert np.array_equal(known.person_index, fresh.person_index)
    assert np.array_equal(known.score(PROBES), fresh.score(PROBES))
    assert known.threshold(head, settings) == fresh.threshold(head, settings)


def test_one_person_who_changes_has_strangers_come_to_a_block_only(
    gallery_of: Callable[[int], Gallery], head: CountingHead
) -> None:
    gallery = gallery_of(200)
    known = Known().updated(gallery, head, SETTINGS)
    assert head.met == 200
    head.met = 0
    gallery.remove("person 77")
    known.updated(gallery, head, SETTINGS)
    assert 0 < head.met < 150


def test_a_threshold_that_is_set_comes_first(gallery_of: Callable[[int], Gallery], head: CountingHead) -> None:
    gallery = gallery_of(5)
    for settings in (MatchingSettings(threshold=0.42), MatchingSettings(rule="vote", vote_share=0.42)):
        known = Known().updated(gallery, head, settings)
        assert known.threshold(head, settings).value == 0.42
    assert Known().threshold(head, SETTINGS).source == "default, not calibrated"


def recipe() -> NetworkRecipe:
    return replace(find_recipe("sface"), name="other", fingerprint=NETWORK, dimension=16)


def test_averages_are_taken_up_while_running(gallery_of: Callable[[int], Gallery], tmp_path: Path) -> None:
    gallery = gallery_of(20)
    folder = write_cohort_head(tmp_path / "head", NETWORK, COHORT)
    naming = Naming(gallery.folder, folder, recipe(), SETTINGS)
    before, first = naming.head_fingerprint, averages()
    assert naming.take_averages(first)
    assert not naming.take_averages(first)
    assert naming.take_averages(averages(-SHIFT, 2))
    assert naming.head_fingerprint != before
    assert "20 people, 40 vectors" in naming.summary


def test_a_head_without_a_cohort_goes_on_with_vectors_as_they_are(
    gallery_of: Callable[[int], Gallery],
) -> None:
    naming = Naming(gallery_of(3).folder, None, recipe(), SETTINGS)
    before = naming.head_fingerprint
    assert not naming.take_averages(averages())
    assert naming.head_fingerprint == before


def test_a_fingerprint_is_that_of_head_and_averages() -> None:
    head = "0123456789abcdef"
    assert fingerprint_with(head, None) == fingerprint_with(head, Averages(1, COHORT.prior)) == head
    found = fingerprint_with(head, averages())
    assert len(found) == 16
    assert found == fingerprint_with(head, averages(version=9)), "the same vectors"
    others = [fingerprint_with(head, averages(-SHIFT)), fingerprint_with("f" * 16, averages())]
    assert len({head, found, *others}) == 4
