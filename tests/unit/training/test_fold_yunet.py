"""The detector that ships is the zoo's, made by the script."""

import hashlib
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest

from twinface.faces import detection, read_image
from twinface.faces.yunet import YuNet

pytestmark = pytest.mark.training

FOLDED_BY = "2.21"
"""The TensorFlow that the file was made with: its converter writes names of its own into a file."""


@pytest.fixture(scope="module")
def folded() -> bytes:
    import fold_yunet

    return fold_yunet.fold(fold_yunet.SOURCE)


def test_folding_again_gives_the_file_that_ships(folded: bytes) -> None:
    if not version("tensorflow").startswith(f"{FOLDED_BY}."):
        pytest.skip(f"the file was made with TensorFlow {FOLDED_BY}, here is {version('tensorflow')}")
    assert hashlib.sha256(folded).hexdigest() == detection.MODEL_SHA256


def test_folding_again_gives_a_network_that_sees_the_same(folded: bytes, portraits: Path) -> None:
    picture = read_image(portraits / "person_b_1.jpg")[::2, ::2]
    seen = [YuNet(model, score_threshold=0.3).detect(picture) for model in (folded, detection.MODEL.read_bytes())]
    assert len(seen[0]) >= 1
    np.testing.assert_array_equal(*seen)
