"""Which threshold is in use: the settings' own wins, then the head's for this rule and rate, then one half."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from twinface.errors import ArtefactError
from twinface.matching import HeadSpec, choose_threshold, load_head
from twinface.matching.head_folder import add_calibration, head_file, write_built_in_head
from twinface.matching.head_spec import DecisionCalibration
from twinface.settings import MatchingSettings

NETWORK = "a" * 64
CALIBRATION = DecisionCalibration(
    rule="best-k", best_k=3, comparisons=9900, people=100, thresholds={"0.01": 0.3, "0.001": 0.625}
)
CALIBRATED = HeadSpec(architecture="metric", network=NETWORK, decision=CALIBRATION)


def settings(**values: Any) -> MatchingSettings:
    return MatchingSettings.model_validate({"rule": "best-k"} | values)


def test_the_heads_own_is_taken_at_the_configured_rate() -> None:
    assert str(choose_threshold(settings(), CALIBRATED)) == "threshold 0.625 (false-accept rate 0.001, from 100 people)"
    assert choose_threshold(settings(false_accept_rate=0.01), CALIBRATED).value == 0.3


def test_one_that_is_set_wins() -> None:
    chosen = choose_threshold(settings(threshold=0.9), CALIBRATED)
    assert (chosen.value, chosen.source, chosen.problem) == (0.9, "set, not calibrated", "")
    assert choose_threshold(settings(threshold=0.0), CALIBRATED).value == 0.0


def test_without_calibration_it_is_one_half() -> None:
    chosen = choose_threshold(settings(), HeadSpec(architecture="metric"))
    assert (chosen.value, chosen.source, chosen.problem) == (0.5, "default, not calibrated", "")


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"rule": "mean"}, "for the rule 'best-k', not 'mean'"),
        ({"best_k": 2}, "for best_k = 3, not 2"),
        ({"false_accept_rate": 0.0001}, "for false-accept rates of 0.01, 0.001, not 0.0001"),
    ],
)
def test_a_calibration_for_something_else_is_not_used_and_said(other: dict[str, Any], told: str) -> None:
    chosen = choose_threshold(settings(**other), CALIBRATED)
    assert chosen.value == 0.5
    assert told in chosen.source
    assert chosen.problem.endswith("; run `twinface calibrate` again")


def test_best_k_does_not_matter_to_the_mean() -> None:
    of_mean = CALIBRATED.model_copy(update={"decision": CALIBRATION.model_copy(update={"rule": "mean"})})
    assert choose_threshold(settings(rule="mean", best_k=1), of_mean).value == 0.625


def test_vote_has_its_own_share() -> None:
    chosen = choose_threshold(settings(rule="vote", threshold=0.1), CALIBRATED)
    assert (chosen.value, chosen.problem) == (0.85, "")
    assert chosen.applied_to(settings(rule="vote")) == settings(rule="vote")


def test_thresholds_are_added_to_a_head_and_nothing_else_changes(write_head: Callable[..., Path]) -> None:
    folder = write_head(validation={"people": 4})
    weights = (folder / "head.npz").read_bytes()
    before = load_head(folder, NETWORK).spec
    add_calibration(folder, CALIBRATION, head_file(folder))
    assert load_head(folder, NETWORK).spec == before.model_copy(update={"decision": CALIBRATION})
    assert b'"validation"' in (folder / "head.json").read_bytes()
    assert (folder / "head.npz").read_bytes() == weights
    assert sorted(path.name for path in folder.iterdir()) == ["head.json", "head.npz"]


def test_a_head_that_was_trained_meanwhile_is_left_alone(write_head: Callable[..., Path]) -> None:
    folder = write_head()
    before = head_file(folder)
    write_head(seed=1)
    now = head_file(folder)
    with pytest.raises(ArtefactError, match="changed meanwhile; calibrate again"):
        add_calibration(folder, CALIBRATION, before)
    assert head_file(folder) == now


def test_the_built_in_head_gets_a_folder_of_its_own(tmp_path: Path) -> None:
    folder = tmp_path / "heads" / "cosine"
    write_built_in_head(folder, NETWORK, "testnet", CALIBRATION)
    spec = load_head(folder, NETWORK).spec
    assert (spec.decision, spec.network_name) == (CALIBRATION, "testnet")
    assert spec.scale == load_head(None, NETWORK).spec.scale
    anew = CALIBRATION.model_copy(update={"people": 101})
    write_built_in_head(folder, NETWORK, "testnet", anew)
    assert load_head(folder, NETWORK).spec.decision == anew


def test_no_other_head_is_written_over(write_head: Callable[..., Path], tmp_path: Path) -> None:
    folder = write_head()
    before = head_file(folder)
    with pytest.raises(ArtefactError, match=r"something else is there.*--output"):
        write_built_in_head(folder, NETWORK, "testnet", CALIBRATION)
    assert head_file(folder) == before
    (tmp_path / "file").touch()
    with pytest.raises(ArtefactError, match="something else is there"):
        write_built_in_head(tmp_path / "file", NETWORK, "testnet", CALIBRATION)
    with pytest.raises(ArtefactError, match="cannot be written"):
        write_built_in_head(tmp_path / "file" / "below", NETWORK, "testnet", CALIBRATION)
