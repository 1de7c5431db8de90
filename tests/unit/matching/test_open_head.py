"""A head is opened in one way: which one decides, what it scores by, and what is amiss."""

import json
from pathlib import Path

import pytest
from made_cohorts import make_cohort, write_cohort_head

from twinface.errors import ArtefactError, FingerprintError
from twinface.matching import open_head, open_head_in_use
from twinface.matching.head_folder import (
    add_about,
    head_place,
    read_about,
    trained_people,
    write_about,
    write_built_in_head,
)
from twinface.networks import find_recipe
from twinface.settings import MatchingSettings

SFACE = find_recipe("sface").fingerprint
OTHER = "b" * 64
SETTINGS = MatchingSettings()
DECISION = {"rule": "template", "best_k": 3, "comparisons": 9, "people": 4, "thresholds": {"0.001": 0.77}}


def test_the_head_in_use_is_the_configured_one_then_the_retrained_one_then_the_bundled_one(tmp_path: Path) -> None:
    configured, gallery = tmp_path / "mine", tmp_path / "gallery"
    retrained = head_place(None, gallery, SFACE)
    assert open_head_in_use(None, gallery, SFACE, SETTINGS).folder is None
    write_built_in_head(retrained, SFACE, "sface")
    assert open_head_in_use(None, gallery, SFACE, SETTINGS).folder == retrained
    write_built_in_head(configured, SFACE, "sface")
    assert open_head_in_use(configured, gallery, SFACE, SETTINGS).folder == configured


def test_a_configured_head_that_is_not_there_is_an_error_and_no_other_takes_its_place(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="no such folder"):
        open_head_in_use(tmp_path / "none", tmp_path / "gallery", SFACE, SETTINGS)


def test_plain_cosine_is_warned_of_by_the_name_of_the_network() -> None:
    assert "for the network 'mine'" in open_head(None, OTHER, SETTINGS, "mine").warning
    assert f"for the network '{OTHER[:12]}'" in open_head(None, OTHER, SETTINGS).warning
    assert open_head(None, SFACE, SETTINGS).warning == ""


def test_a_head_of_ones_own_is_not_warned_of(tmp_path: Path) -> None:
    folder = write_cohort_head(tmp_path / "head", OTHER, make_cohort(16))
    assert open_head(folder, OTHER, SETTINGS).warning == ""
    with pytest.raises(FingerprintError):
        open_head(folder, SFACE, SETTINGS)


def test_the_threshold_is_that_of_the_settings_else_that_of_the_head(tmp_path: Path) -> None:
    folder = tmp_path / "head"
    write_built_in_head(folder, SFACE, "sface")
    add_about(folder, {"decision": DECISION})
    assert open_head(folder, SFACE, MatchingSettings(threshold=0.3)).threshold.value == 0.3
    assert open_head(folder, SFACE, SETTINGS).threshold.value == 0.77


def test_a_head_that_another_took_the_place_of_is_noticed_and_has_another_fingerprint(tmp_path: Path) -> None:
    folder = tmp_path / "head"
    write_built_in_head(folder, SFACE, "sface")
    opened = open_head(folder, SFACE, SETTINGS)
    assert opened.is_in(folder)
    assert not opened.is_in(None)
    add_about(folder, {"decision": DECISION})
    assert not opened.is_in(folder)
    assert open_head(folder, SFACE, SETTINGS).fingerprint != opened.fingerprint


def test_what_is_added_to_a_head_leaves_the_rest_of_what_it_says(tmp_path: Path) -> None:
    write_about(tmp_path, {"architecture": "plda", "seed": 3}, ["b", "a"])
    add_about(tmp_path, {"seed": 4, "thresholds": {}})
    assert read_about(tmp_path) == {
        "format": 1, "architecture": "plda", "learnt_from": ["a", "b"], "seed": 4, "thresholds": {}
    }  # fmt: skip
    assert trained_people(tmp_path) == {"a", "b"}


def test_a_head_that_does_not_list_its_people_is_refused_where_that_matters(tmp_path: Path) -> None:
    (tmp_path / "head.json").write_text(json.dumps({"format": 1, "architecture": "plda"}))
    assert trained_people(tmp_path, required=False) == frozenset()
    with pytest.raises(ArtefactError, match="does not say whom it was trained on"):
        trained_people(tmp_path)
    (tmp_path / "head.json").write_text(json.dumps({"format": 1, "learnt_from": "everybody"}))
    with pytest.raises(ArtefactError, match="expected a list of digests"):
        trained_people(tmp_path, required=False)
