"""What a camera does to all vectors makes nobody one person: galleries are looked through as heads compare them."""

from pathlib import Path

import numpy as np
import pytest
from made_cohorts import make_cohort, write_cohort_head

from twinface.averages import Average, Averages
from twinface.calibration.gallery_checks import Fault, check_gallery
from twinface.enrolment.likeness import compare_groups, least_score
from twinface.gallery import Gallery
from twinface.matching import Head, load_head
from twinface.matching.vectors import normalised
from twinface.settings import MatchingSettings
from twinface.types import Vectors

NETWORK = "a" * 64
COHORT = make_cohort(16)
AXES = np.eye(16, dtype=np.float32)
CAST = 3.0 * AXES[0]
DOOR = Averages(1, COHORT.prior, {"camera:door": Average(COHORT.prior + np.float32(0.94) * AXES[0], 60)})


def at_the_door(face: Vectors, count: int) -> Vectors:
    """Pictures of a face at a camera that draws all vectors in one direction."""
    noise = 0.05 * np.random.default_rng(int(face.argmax())).normal(size=(count, 16))
    return np.asarray(normalised((face + CAST + noise).astype(np.float32)), np.float32)


@pytest.fixture
def head(tmp_path: Path) -> Head:
    return load_head(write_cohort_head(tmp_path / "head", NETWORK, COHORT), NETWORK)


def test_two_people_under_one_name_at_a_camera_are_found(tmp_path: Path, head: Head) -> None:
    gallery = Gallery.open(tmp_path / "gallery", network=NETWORK, create=True, key=b"k" * 32)
    one, two = at_the_door(AXES[3], 3), at_the_door(AXES[4], 2)
    vectors, files = np.concatenate([one, two]), ("1", "2", "3", "4", "5")
    gallery.add("ann", files, vectors, np.ones(5, np.float32), sources=["camera:door"] * 5)
    assert compare_groups(one, two, head).score > least_score(head), "alike by what the camera does"
    assert check_gallery(gallery, head, MatchingSettings()) == []
    found = [
        one for one in check_gallery(gallery, head, MatchingSettings(), averages=DOOR) if one.fault is Fault.TWO_PEOPLE
    ]
    assert [(finding.person, finding.pictures) for finding in found] == [("ann", ("4", "5"))]
