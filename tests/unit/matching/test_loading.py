"""Heads on disk: what does not fit is one line with a mend."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from twinface.errors import ArtefactError, FingerprintError
from twinface.matching import load_head

WriteHead = Callable[..., Path]
NETWORK = "a" * 64


def test_a_metric_head_has_a_calibration_of_its_own(write_head: WriteHead) -> None:
    folder = write_head(architecture="metric", calibration={"slope": 10.0, "offset": 0.2}, thresholds={"0.001": 0.61})
    head = load_head(folder, NETWORK)
    cosine_of_one = head.score(np.ones(4, np.float32), np.ones((1, 4), np.float32))[0]
    assert cosine_of_one == pytest.approx(1.0 / (1.0 + np.exp(-8.0)), rel=1e-4)
    assert head.spec.thresholds == {"0.001": 0.61}


def test_a_head_of_another_network_says_what_to_do(write_head: WriteHead) -> None:
    with pytest.raises(FingerprintError, match=r"network testnet \(aaaa.*of bbbb.*train it again.*--network"):
        load_head(write_head(), "b" * 64)


def test_no_folder_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="twinface train"):
        load_head(tmp_path / "missing", NETWORK)
    with pytest.raises(ArtefactError, match=r"head\.json: cannot be read"):
        load_head(tmp_path, NETWORK)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"format": 2}, "format 2, this twinface reads 1; update twinface"),
        ({"architecture": "quantum"}, "architecture: .*train the head again"),
        ({"architecture": "metric"}, "without its calibration"),
        ({"architecture": "metric", "calibration": {"slope": -1.0, "offset": 0.0}}, r"calibration\.slope"),
        ({"layers": []}, "the last layer is not one unit"),
        ({"layers": [{"units": 16, "activation": "swish"}]}, r"layers\.0\.activation"),
        ({"layers": [{"units": 17, "activation": "linear"}]}, "not those of 17 units"),
        ({"layers": [{"units": 16, "activation": "linear"}]}, "the last layer is not one unit"),
        ({"arrays": {"w1": np.ones((15, 1))}}, r"w1 is \(15, 1\), expected \(16, 1\)"),
        ({"arrays": {"b1": np.full(1, np.nan)}}, "w1 or b1 is not finite"),
        ({"arrays": {"w0": np.array([{}], object)}}, r"head\.npz: damaged, or no arrays of numbers"),
        ({"arrays": {"w0": np.array(["text"])}}, r"head\.npz: damaged, or no arrays of numbers"),
        ({"normalisation": {"difference": "standard"}, "arrays": {"deviation": np.zeros(8)}}, "not positive"),
        ({"normalisation": {"difference": "standard"}, "arrays": {"deviation": np.ones(9)}}, "no deviation of 8"),
    ],
)
def test_a_head_that_does_not_fit_itself_is_named(write_head: WriteHead, changes: dict[str, Any], message: str) -> None:
    folder = write_head((16, 1), dimension=8, **changes)
    with pytest.raises(ArtefactError, match=message) as caught:
        load_head(folder, NETWORK)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no archive", b"no archive"])
def test_damaged_weights_are_named(write_head: WriteHead, content: bytes) -> None:
    folder = write_head()
    (folder / "head.npz").write_bytes(content)
    with pytest.raises(ArtefactError, match=r"head\.npz: damaged.*train the head again"):
        load_head(folder, NETWORK)


def test_a_custom_head_without_its_model_is_named(write_head: WriteHead) -> None:
    folder = write_head(architecture="custom")
    with pytest.raises(ArtefactError, match=r"head\.tflite: cannot be loaded.*train the head again"):
        load_head(folder, NETWORK)
    (folder / "head.tflite").write_bytes(b"no model")
    with pytest.raises(ArtefactError, match=r"head\.tflite: cannot be loaded.*train the head again"):
        load_head(folder, NETWORK)
