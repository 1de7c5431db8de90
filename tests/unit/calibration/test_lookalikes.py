"""Whom a gallery's people are taken for, and the pictures that do not look like the others of their person."""

from typing import Any

import numpy as np
import pytest

from twinface.calibration.lookalikes import Suspect, find_lookalikes, find_suspects, most_alike, scan_gallery
from twinface.evaluation.protocols.leave_one_out import Comparisons, compare
from twinface.gallery import PersonVectors
from twinface.gallery.person import take_snapshot
from twinface.matching import load_head
from twinface.settings import MatchingSettings
from twinface.types import Vectors

NETWORK = "a" * 64
NAMES = ("ann", "bob", "carl")
FILES = tuple(f"{name}_{number}.jpg" for name in NAMES for number in range(4))


def person(name: str, vectors: Vectors) -> PersonVectors:
    files = tuple(f"{name}_{number}.jpg" for number in range(len(vectors)))
    return PersonVectors(name, files, vectors.astype(np.float32), np.ones(len(vectors), np.float32), NETWORK)


def people() -> list[PersonVectors]:
    """Three people with four pictures each, who are nothing like each other."""
    random = np.random.default_rng(0)
    return [person(name, np.eye(3, 8)[number] + 0.1 * random.normal(size=(4, 8))) for number, name in enumerate(NAMES)]


def compared(gallery: list[PersonVectors], strangers: list[PersonVectors] | None = None) -> Comparisons:
    snapshot = take_snapshot(gallery, 1, NETWORK)
    return compare(snapshot, strangers or [], load_head(None, NETWORK), MatchingSettings())


def test_a_clean_gallery_has_no_suspects() -> None:
    assert find_suspects(compared(people()), NAMES, FILES, 0.5) == []


def test_a_picture_of_somebody_else_looks_mislabelled() -> None:
    gallery = people()
    gallery[0].vectors[2] = gallery[1].vectors[0] + 0.01
    (suspect,) = find_suspects(compared(gallery), NAMES, FILES, 0.5)
    assert (suspect.person, suspect.picture, suspect.reason, suspect.other) == (
        "ann",
        "ann_2.jpg",
        "mislabelled",
        "bob",
    )
    assert suspect.other_score > 0.9
    assert suspect.own < 0.1


def test_a_picture_like_none_of_its_person_is_poor() -> None:
    gallery = people()
    gallery[2].vectors[3] = np.eye(1, 8, 7)[0]
    (suspect,) = find_suspects(compared(gallery), NAMES, FILES, 0.5)
    assert (suspect.person, suspect.picture, suspect.reason) == ("carl", "carl_3.jpg", "poor")


def test_two_poses_of_two_pictures_each_are_neither() -> None:
    gallery = people()
    gallery[2].vectors[2:] = np.eye(1, 8, 7)[0]
    assert find_suspects(compared(gallery), NAMES, FILES, 0.5) == []


def test_the_worst_come_first_and_mislabelled_before_poor() -> None:
    gallery = people()
    gallery[0].vectors[0] = np.eye(1, 8, 7)[0]
    gallery[1].vectors[1] = gallery[2].vectors[0]
    gallery[1].vectors[2] = gallery[2].vectors[0] + gallery[1].vectors[0]
    found = find_suspects(compared(gallery), NAMES, FILES, 0.3)
    assert (found[0].picture, found[0].reason) == ("bob_1.jpg", "mislabelled")
    assert found[-1].picture == "ann_0.jpg"


def test_alone_in_the_gallery_nobody_else_is_named() -> None:
    gallery = people()[:1]
    gallery[0].vectors[1] = np.eye(1, 8, 7)[0]
    assert find_suspects(compared(gallery, people()[1:]), NAMES, FILES[:4], 0.5) == [
        Suspect("ann", "ann_1.jpg", "poor", pytest.approx(0.0, abs=0.01), None, 0.0)  # type: ignore[arg-type]
    ]


def test_the_two_most_alike_are_named() -> None:
    gallery = people()
    gallery[2] = person("carl", gallery[0].vectors + gallery[2].vectors)
    pair, stranger = most_alike(compared(gallery), NAMES)
    assert pair is not None
    assert (pair.first, pair.second) == ("ann", "carl")
    assert 0.9 < pair.score < pair.highest
    assert stranger is None


def test_one_picture_each_still_has_a_most_alike() -> None:
    gallery = [person(one.name, one.vectors[:1]) for one in people()]
    gallery[1] = person("bob", gallery[0].vectors + gallery[1].vectors)
    pair, _ = most_alike(compared(gallery), NAMES)
    assert pair is not None
    assert (pair.first, pair.second) == ("ann", "bob")


def test_the_stranger_most_alike_is_named() -> None:
    known = people()
    strangers = [person("eve", known[1].vectors), person("zed", np.eye(2, 8, 6))]
    pair, stranger = most_alike(compared(known[:2], strangers), ("ann", "bob", "eve", "zed"))
    assert pair is not None
    assert stranger is not None
    assert (stranger.first, stranger.second) == ("eve", "bob")
    assert most_alike(compared(known[:1], strangers), ("ann", "eve", "zed"))[0] is None


@pytest.mark.parametrize("rule", [{}, {"rule": "best-k", "best_k": 2}, {"rule": "mean"}])
@pytest.mark.parametrize("threshold", [0.3, 0.6])
def test_a_scan_finds_what_all_scores_together_show(rule: dict[str, Any], threshold: float) -> None:
    random, settings = np.random.default_rng(4), MatchingSettings.model_validate(rule)
    gallery = [
        PersonVectors(
            f"p{number}",
            tuple(f"{picture}.jpg" for picture in range(count)),
            (random.normal(size=6) + 0.6 * random.normal(size=(count, 6))).astype(np.float32),
            np.ones(count, np.float32),
            NETWORK,
        )
        for number, count in enumerate([3, 1, 300, 2, *[4] * 70, 260, 1])
    ]
    snapshot, head = take_snapshot(gallery, 1, NETWORK), load_head(None, NETWORK)
    files = [file for person in gallery for file in person.files]
    seen: list[int] = []
    found = scan_gallery(snapshot, head, settings, threshold, lambda: seen.append(1))
    all_scores = compare(snapshot, [], head, settings)
    alike = find_lookalikes(all_scores, snapshot.names, threshold)
    assert len(seen) == len(files)
    assert len(found.lookalikes) == len(alike) > 20
    for ours, theirs in zip(found.lookalikes, alike, strict=True):
        assert (ours.first, ours.second) == (theirs.first, theirs.second)
        assert (ours.score, ours.highest) == pytest.approx((theirs.score, theirs.highest), abs=1e-6)
    suspects = find_suspects(all_scores, snapshot.names, files, threshold)
    assert len(suspects) > 20
    assert find_suspects(found, snapshot.names, files, threshold) == suspects
