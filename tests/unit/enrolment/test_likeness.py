"""Who looks like whom, told on vectors whose cosines are known."""

import numpy as np
import pytest

from twinface.enrolment.likeness import object_to_likeness
from twinface.enrolment.objections import Reason
from twinface.gallery import Snapshot
from twinface.matching import Head, load_head
from twinface.matching.head import MetricHead
from twinface.matching.head_spec import SFACE_SCALE
from twinface.settings import MatchingSettings
from twinface.types import Vectors

ALIKE, ODD, SOMEBODY = None, Reason.NOT_LIKE_THE_OTHERS, Reason.LOOKS_LIKE_SOMEBODY_ELSE


def looks_of(person: int, count: int, cosine: float = 0.7) -> Vectors:
    """Pictures of a person: unit vectors with this cosine to each other, and 0 to those of other people."""
    vectors = np.zeros((count, 80), np.float32)
    vectors[:, person] = np.sqrt(cosine)
    for number in range(count):
        vectors[number, 10 + 10 * person + number] = np.sqrt(1 - cosine)
    return vectors


def gallery_of(**people: Vectors) -> Snapshot:
    index = np.repeat(np.arange(len(people), dtype=np.int32), [len(vectors) for vectors in people.values()])
    vectors = np.concatenate(list(people.values())) if people else np.empty((0, 0), np.float32)
    return Snapshot(tuple(people), index, vectors, 1, "a" * 64)


def judge(new: Vectors, gallery: Snapshot, head: Head | None = None) -> list[Reason | None]:
    objections = object_to_likeness("ann", new, gallery, head or load_head(None, "a" * 64), MatchingSettings())
    return [objection.reason if objection else None for objection in objections]


ann, bob, carl = looks_of(0, 6), looks_of(1, 6), looks_of(2, 6)


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (ann[:1], [ALIKE]),
        (ann[:4], [ALIKE] * 4),
        (np.concatenate([ann[:2], bob[:1]]), [ALIKE, ALIKE, ODD]),
        (np.concatenate([bob[:2], ann[:4]]), [ODD, ODD, ALIKE, ALIKE, ALIKE, ALIKE]),
        (np.concatenate([ann[:1], bob[:1]]), [ODD, ODD]),
        (np.concatenate([ann[:2], bob[:2]]), [ODD] * 4),
        (np.concatenate([ann[:3], bob[:1], carl[:1]]), [ALIKE, ALIKE, ALIKE, ODD, ODD]),
    ],
    ids=["one", "all right", "one wrong", "two wrong alike", "one each", "two each", "two wrong that differ"],
)
def test_in_an_empty_gallery_the_largest_group_is_the_person(new: Vectors, expected: list[Reason | None]) -> None:
    assert judge(new, gallery_of()) == expected


def test_what_is_in_the_gallery_is_right_however_many_wrong_ones_come() -> None:
    gallery = gallery_of(ann=ann[:1], carl=carl[:1])
    assert judge(np.concatenate([ann[1:2], bob[:3]]), gallery) == [ALIKE, ODD, ODD, ODD]


def test_pictures_of_the_gallery_that_differ_vouch_for_each_other() -> None:
    profile = looks_of(3, 2)
    gallery = gallery_of(ann=np.concatenate([ann[:1], profile[:1]]))
    assert judge(np.concatenate([profile[1:2], ann[1:2], bob[:1]]), gallery) == [ALIKE, ALIKE, ODD]


def test_somebody_else_of_the_gallery_is_named() -> None:
    gallery = gallery_of(ann=ann[:2], bob=bob[:2])
    assert judge(np.concatenate([bob[2:3], ann[2:3]]), gallery) == [SOMEBODY, ALIKE]
    assert judge(bob[2:5], gallery_of(bob=bob[:2])) == [SOMEBODY] * 3
    (objection,) = object_to_likeness("ann", bob[2:3], gallery, load_head(None, "a" * 64), MatchingSettings())
    assert objection is not None
    assert "taken for bob" in objection.sentence


def test_a_right_picture_that_hardly_looks_like_one_other_is_kept_among_many() -> None:
    far = looks_of(0, 6, cosine=0.4)
    assert judge(far, gallery_of()) == [ALIKE] * 6


def test_a_stranger_who_happens_to_look_like_one_picture_is_refused() -> None:
    stranger = np.zeros((1, 80), np.float32)
    stranger[0, 10], stranger[0, 79] = 0.7, np.sqrt(1 - 0.7**2)
    many = looks_of(0, 10)
    assert 0.35 < float((many @ stranger.T).max()) < 0.43
    assert judge(np.concatenate([many, stranger]), gallery_of()) == [ALIKE] * 10 + [ODD]


def test_a_head_that_knows_what_strangers_score_brings_its_own_bound() -> None:
    pair = looks_of(0, 2, cosine=0.4)
    built_in = load_head(None, "a" * 64)
    strict = MetricHead(built_in.spec.model_copy(update={"thresholds": {"0.001": 0.5}}), SFACE_SCALE)
    assert judge(pair, gallery_of(), built_in) == [ALIKE, ALIKE]
    assert judge(pair, gallery_of(), strict) == [ODD, ODD]
