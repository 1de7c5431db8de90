"""What is wrong in a gallery is found, reported once, and nothing else is."""

from pathlib import Path

import numpy as np
import pytest

from twinface.calibration.gallery_checks import POOR_QUALITY, Fault, check_gallery
from twinface.gallery import Gallery
from twinface.matching import load_head
from twinface.settings import MatchingSettings
from twinface.types import Vectors

NETWORK = "a" * 64
SETTINGS = MatchingSettings()
HEAD = load_head(None, NETWORK)


def pictures_of(number: int, count: int = 4, seed: int = 0) -> Vectors:
    """Vectors of somebody who is nothing like those of other numbers."""
    random = np.random.default_rng((number, seed))
    noise = 0.1 * random.normal(size=(count, 16))
    return (np.eye(16)[number] + noise).astype(np.float32)


@pytest.fixture
def gallery(tmp_path: Path) -> Gallery:
    """Of ann, bob and carl."""
    gallery = Gallery.open(tmp_path / "gallery", network=NETWORK, create=True, key=b"k" * 32)
    for number, name in enumerate(("ann", "bob", "carl")):
        add(gallery, name, pictures_of(number))
    return gallery


def add(gallery: Gallery, name: str, vectors: Vectors, quality: float = 0.9, start: int = 0) -> None:
    files = [f"{name}_{start + row}.jpg" for row in range(len(vectors))]
    gallery.add(name, files, vectors, np.full(len(vectors), quality, np.float32))


def found(gallery: Gallery, settings: MatchingSettings = SETTINGS) -> list[tuple[Fault, str, str | None, str | None]]:
    return [(one.fault, one.person, one.picture, one.other) for one in check_gallery(gallery, HEAD, settings)]


@pytest.mark.parametrize("rule", ["best-k", "mean", "vote"])
def test_nothing_is_found_in_a_clean_gallery(gallery: Gallery, rule: str) -> None:
    assert found(gallery, MatchingSettings.model_validate({"rule": rule})) == []


def test_nothing_is_found_where_there_is_nobody_to_compare(tmp_path: Path) -> None:
    gallery = Gallery.open(tmp_path / "gallery", network=NETWORK, create=True, key=b"k" * 32)
    assert found(gallery) == []
    add(gallery, "ann", pictures_of(0, 1))
    assert found(gallery) == []
    add(gallery, "bob", pictures_of(1, 1))
    assert found(gallery) == []


@pytest.mark.parametrize("rule", ["best-k", "mean", "vote"])
def test_a_picture_of_somebody_else_is_told(gallery: Gallery, rule: str) -> None:
    add(gallery, "ann", pictures_of(1, 1, seed=5), start=4)
    assert found(gallery, MatchingSettings.model_validate({"rule": rule})) == [
        (Fault.MISLABELLED, "ann", "ann_4.jpg", "bob")
    ]


def test_a_picture_like_nobody_is_told(gallery: Gallery) -> None:
    add(gallery, "bob", pictures_of(9, 1), start=4)
    assert found(gallery) == [(Fault.UNLIKE_THE_OTHERS, "bob", "bob_4.jpg", None)]


def test_two_names_of_one_person_are_told_once_and_not_picture_by_picture(gallery: Gallery) -> None:
    add(gallery, "Ann", pictures_of(0, 3, seed=7))
    assert found(gallery) == [(Fault.TOO_ALIKE, "Ann", None, "ann")]


def test_a_poor_picture_is_told_the_worst_first(gallery: Gallery) -> None:
    add(gallery, "ann", pictures_of(0, 1, seed=8), quality=0.2, start=4)
    add(gallery, "bob", pictures_of(1, 1, seed=8), quality=0.1, start=4)
    add(gallery, "carl", pictures_of(2, 1, seed=8), quality=POOR_QUALITY, start=4)
    assert found(gallery) == [
        (Fault.POOR_QUALITY, "bob", "bob_4.jpg", None),
        (Fault.POOR_QUALITY, "ann", "ann_4.jpg", None),
    ]


def test_each_finding_is_a_line_with_what_was_measured(gallery: Gallery) -> None:
    add(gallery, "Ann", pictures_of(0, 3, seed=7))
    add(gallery, "bob", pictures_of(2, 1, seed=5), start=4)
    add(gallery, "carl", pictures_of(9, 1), quality=0.1, start=4)
    lines = [str(one) for one in check_gallery(gallery, HEAD, SETTINGS)]
    assert [line.partition(":")[0] for line in lines] == [
        "too_alike",
        "mislabelled",
        "unlike_the_others",
        "poor_quality",
    ]
    assert "bob_4.jpg scores 1.00 with carl" in lines[1]
    assert "carl_4.jpg reaches 0.50 with none" in lines[2]
    assert "carl_4.jpg has a quality of 0.10, at least 0.30" in lines[3]
    assert all("\n" not in line for line in lines)


def test_every_picture_is_counted_as_it_is_compared(gallery: Gallery) -> None:
    advanced: list[None] = []
    check_gallery(gallery, HEAD, SETTINGS, advance=lambda: advanced.append(None))
    assert len(advanced) == 12
