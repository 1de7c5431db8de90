"""A rejection is of a face, not of a camera: what all its vectors have in common is taken off before comparing."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from made_cohorts import make_cohort, write_cohort_head
from numpy.typing import NDArray

from twinface.averages import Average, Averages
from twinface.corrections import Correction, CorrectionKind, add_corrections
from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.live.camera_tracks import NOT_YET
from twinface.matching.vectors import normalised
from twinface.networks import find_recipe
from twinface.recognition.naming import Naming
from twinface.recognition.vetoes import VETO_COSINE
from twinface.settings import MatchingSettings

NETWORK = "a" * 64
COHORT = make_cohort(16)
AXES = np.eye(16, dtype=np.float32)
CAST = 1.2 * AXES[0]
DOOR = Averages(1, COHORT.prior, {"camera:door": Average(COHORT.prior + np.float32(0.77) * AXES[0], 60)})
VISITOR, SOMEBODY_ELSE = AXES[3], AXES[4]


def at_the_door(face: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the network makes of a face at a camera that draws all vectors in one direction."""
    return np.asarray(normalised((face + CAST)[np.newaxis])[0], np.float32)


@pytest.fixture
def naming(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Naming:
    """Knows ann alone, and calls everybody so who was not rejected; the visitor at the door was."""
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    folder = tmp_path / "gallery"
    gallery = Gallery.open(folder, network=NETWORK, create=True)
    gallery.add("ann", ("1.jpg",), AXES[1:2], np.ones(1, np.float32))
    head = write_cohort_head(tmp_path / "head", NETWORK, COHORT)
    recipe = replace(find_recipe("sface"), name="other", fingerprint=NETWORK, dimension=16)
    settings = MatchingSettings(threshold=0.0, margin=0.0, agreeing_looks=1)
    naming = Naming(folder, head, recipe, settings)
    rejected = at_the_door(VISITOR)
    add_corrections(folder, [Correction(CorrectionKind.REJECT, "ann", rejected, NETWORK, 0.5, "door:1:1", None, 0)])
    assert naming.refresh()
    assert naming.take_averages(DOOR)
    return naming


def name_of(naming: Naming, camera: str, vector: NDArray[np.float32]) -> str | None:
    return naming.decide(camera, vector[np.newaxis], np.ones(1, np.float32), NOT_YET).name


def test_somebody_else_at_the_camera_of_a_rejection_keeps_the_name(naming: Naming) -> None:
    rejected, other = at_the_door(VISITOR), at_the_door(SOMEBODY_ELSE)
    assert rejected @ other > VETO_COSINE, "alike by what the camera does"
    assert name_of(naming, "door", other) == "ann"
    assert name_of(naming, "door", rejected) is None
    assert name_of(naming, "door", at_the_door(VISITOR + 0.3 * AXES[5])) is None


def test_who_was_rejected_at_one_camera_is_refused_at_another(naming: Naming) -> None:
    assert name_of(naming, "hall", VISITOR) is None
    assert name_of(naming, "hall", SOMEBODY_ELSE) == "ann"
    mostly_cast = normalised((0.2 * SOMEBODY_ELSE + CAST)[np.newaxis])[0].astype(np.float32)
    assert mostly_cast @ at_the_door(VISITOR) > VETO_COSINE
    assert name_of(naming, "door", mostly_cast) == "ann"
