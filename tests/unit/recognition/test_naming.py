"""Where a name is not to be trusted, it is said; new thresholds are taken up while running."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twinface.gallery import Gallery
from twinface.gallery.keys import KEY_VARIABLE
from twinface.matching.calibrated import write_built_in_head
from twinface.matching.spec import DecisionCalibration
from twinface.networks import find_recipe
from twinface.recognition.naming import Naming, uncalibrated
from twinface.settings import MatchingSettings


@pytest.mark.parametrize(
    ("network", "head", "warned"),
    [("sface", None, False), ("resnet50", None, True), ("resnet50", Path("head"), False)],
)
def test_the_built_in_head_is_for_sface(network: str, head: Path | None, warned: bool) -> None:
    warning = uncalibrated(head, replace(find_recipe("sface"), name=network))
    assert (warning is not None) == warned


def test_new_thresholds_are_taken_up_while_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    recipe = find_recipe("sface")
    gallery = Gallery.open(tmp_path / "gallery", network=recipe.fingerprint, create=True)
    ann = np.eye(2, recipe.dimension, dtype=np.float32)
    gallery.add("ann", ("1.jpg", "2.jpg"), ann, np.ones(2, np.float32))
    probe = (0.5 * ann[:1] + np.sqrt(0.75) * np.eye(1, recipe.dimension, 5, dtype=np.float32)).astype(np.float32)

    def calibrated_at(threshold: float, rule: str = "mean") -> None:
        content = {"rule": rule, "best_k": 3, "comparisons": 9900, "people": 100, "thresholds": {"0.001": threshold}}
        calibration = DecisionCalibration.model_validate(content)
        write_built_in_head(tmp_path / "head", recipe.fingerprint, recipe.name, calibration)

    def named() -> str | None:
        return naming.decide(probe, np.ones(1, np.float32)).name

    calibrated_at(0.4)
    naming = Naming(tmp_path / "gallery", tmp_path / "head", recipe, MatchingSettings(rule="mean"))
    assert naming.summary == "1 people, 2 vectors, threshold 0.4 (false-accept rate 0.001, from 100 people)"
    assert named() == "ann"
    calibrated_at(0.7)
    assert naming.refresh()
    assert named() is None
    calibrated_at(0.4, rule="best-k")
    assert naming.refresh()
    assert naming.summary.endswith("threshold 0.5 (default: the head is calibrated for the rule 'best-k', not 'mean')")
