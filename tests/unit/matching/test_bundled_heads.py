"""The bundled head for sface: found by its network, right about faces it has not seen, copied with thresholds."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError
from twinface.faces import FaceDetector, read_image
from twinface.matching import load_head
from twinface.matching.head_folder import built_in_head, head_fingerprint, write_built_in_head
from twinface.matching.head_spec import DecisionCalibration
from twinface.matching.plda import PldaHead
from twinface.networks import Network, find_recipe
from twinface.recognition.embedding import embed_one_face
from twinface.types import Vectors

CALIBRATION = DecisionCalibration(rule="best-k", best_k=3, comparisons=9900, people=100, thresholds={"0.001": 0.07})


@pytest.fixture(scope="module")
def network() -> str:
    return find_recipe("sface").fingerprint


@pytest.fixture(scope="module")
def looks(portraits: Path, detector: FaceDetector, sface: Network) -> Vectors:
    """Two of person a, two of person b, two strangers."""
    files = [f"person_{person}_{number}.jpg" for person in "ab" for number in (1, 2)]
    files += ["impostor_1.jpg", "impostor_2.jpg"]
    return np.stack([embed_one_face(read_image(portraits / file), detector, sface).vector for file in files])


def test_it_tells_people_apart_whom_it_has_not_seen(looks: Vectors, network: str) -> None:
    head = load_head(None, network)
    assert isinstance(head, PldaHead)
    scores = head.prepare(looks)(looks)
    same = np.kron(np.eye(3, dtype=bool), np.ones((2, 2), bool))
    same[4:, 4:] = np.eye(2, dtype=bool)
    assert scores[same].min() > 0.9
    assert scores[~same].max() < 0.02
    assert 0.0 < head.spec.thresholds["0.01"] < head.spec.thresholds["0.001"] < 0.5


def test_a_copy_with_thresholds_scores_the_same(looks: Vectors, network: str, tmp_path: Path) -> None:
    write_built_in_head(tmp_path / "head", network, "sface", CALIBRATION)
    write_built_in_head(tmp_path / "head", network, "sface", CALIBRATION)
    copy, box = load_head(tmp_path / "head", network), load_head(None, network)
    assert copy.spec == box.spec.model_copy(update={"decision": CALIBRATION})
    assert np.array_equal(copy.prepare(looks)(looks), box.prepare(looks)(looks))


def test_a_copy_does_not_take_the_place_of_another_head(network: str, tmp_path: Path) -> None:
    write_built_in_head(tmp_path / "head", "a" * 64, "testnet", CALIBRATION)
    with pytest.raises(ArtefactError, match="something else is there"):
        write_built_in_head(tmp_path / "head", network, "sface", CALIBRATION)


def test_its_weights_are_in_its_fingerprint(network: str, tmp_path: Path) -> None:
    box, spec = built_in_head(network), load_head(None, network).spec
    assert box is not None
    shutil.copytree(box, tmp_path / "head")
    assert head_fingerprint(tmp_path / "head", spec) == head_fingerprint(None, spec)
    (tmp_path / "head" / "head.npz").write_bytes(b"other weights")
    assert head_fingerprint(tmp_path / "head", spec) != head_fingerprint(None, spec)
