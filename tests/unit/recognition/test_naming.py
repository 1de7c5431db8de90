"""Where a name is not to be trusted, it is said; new thresholds are loaded while running."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from twinface.gallery import Gallery, PersonVectors
from twinface.gallery.keys import KEY_VARIABLE
from twinface.live.camera_tracks import NOT_YET
from twinface.matching.head_folder import write_built_in_head
from twinface.matching.head_spec import DecisionCalibration
from twinface.networks import find_recipe
from twinface.recognition.naming import Naming
from twinface.settings import MatchingSettings
from twinface.types import State


def test_new_thresholds_are_taken_up_while_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    recipe = find_recipe("sface")
    gallery = Gallery.open(tmp_path / "gallery", network=recipe.fingerprint, create=True)
    ann = 10 * np.eye(2, recipe.dimension, dtype=np.float32)
    gallery.add("ann", ("1.jpg", "2.jpg"), ann, np.ones(2, np.float32))
    probe = (0.5 * ann[:1] + np.sqrt(75) * np.eye(1, recipe.dimension, 5, dtype=np.float32)).astype(np.float32)

    def calibrated_at(threshold: float, rule: str = "mean") -> None:
        content = {"rule": rule, "best_k": 3, "comparisons": 9900, "people": 100, "thresholds": {"0.001": threshold}}
        calibration = DecisionCalibration.model_validate(content)
        write_built_in_head(tmp_path / "head", recipe.fingerprint, recipe.name, calibration)

    def named() -> str | None:
        return naming.decide("door", probe, np.ones(1, np.float32), NOT_YET).name

    calibrated_at(0.4)
    naming = Naming(tmp_path / "gallery", tmp_path / "head", recipe, MatchingSettings(rule="mean", agreeing_looks=1))
    assert naming.summary == "1 person, 2 vectors, threshold 0.4 (false-accept rate 0.001, from 100 people)"
    assert named() == "ann"
    calibrated_at(0.7)
    assert naming.refresh()
    assert named() is None
    calibrated_at(0.4, rule="best-k")
    assert naming.refresh()
    assert naming.summary.endswith("threshold 0.5 (default: the head is calibrated for the rule 'best-k', not 'mean')")


@pytest.mark.parametrize(("cosine", "same"), [(0.34, False), (0.36, True)])
def test_one_face_is_told_by_its_cosine_with_the_nearest_look(tmp_path: Path, cosine: float, same: bool) -> None:
    recipe = find_recipe("sface")
    naming = Naming(tmp_path / "gallery", None, recipe, MatchingSettings())
    first, second, other = np.eye(3, recipe.dimension, dtype=np.float32)
    look = 20.0 * (cosine * first + np.sqrt(1.0 - cosine**2) * other)
    assert naming.is_same_face(look.astype(np.float32), np.stack([9.0 * second, 5.0 * first])) == same


def test_every_change_of_the_gallery_is_taken_up_while_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    recipe = replace(find_recipe("sface"), name="other", fingerprint="c" * 64, dimension=32)
    gallery = Gallery.open(tmp_path / "gallery", network=recipe.fingerprint, create=True)
    naming = Naming(tmp_path / "gallery", None, recipe, MatchingSettings(agreeing_looks=1))
    assert (naming.problem, naming.summary.split(";")[0]) == ("", "the gallery is empty")

    def add(name: str, direction: int) -> None:
        gallery.add(name, ("1.jpg",), np.eye(1, 32, direction, dtype=np.float32), np.ones(1, np.float32))

    def named() -> list[str | None]:
        """Who the first three directions show, after a look for changes that finds one."""
        version = naming.gallery_version
        assert naming.refresh()
        assert not naming.refresh()
        assert naming.gallery_version > version
        return [
            naming.decide("door", np.eye(1, 32, one, dtype=np.float32), np.ones(1, np.float32), NOT_YET).name
            for one in range(3)
        ]

    add("ann", 0)
    assert named() == ["ann", None, None]
    add("bob", 1)
    assert named() == ["ann", "bob", None]
    gallery.rename("ann", "zoë")
    assert named() == ["zoë", "bob", None]
    add("bob", 2)
    assert named() == ["zoë", "bob", "bob"]
    gallery.rename("zoë", "bob", merge=True)
    assert named() == ["bob", "bob", "bob"]
    gallery.remove("bob")
    assert named() == [None, None, None]
    with gallery.replacing(recipe.fingerprint, recipe.name) as put:
        vectors = np.eye(1, 32, 1, dtype=np.float32)
        put(PersonVectors("carl", ("1.jpg",), vectors, np.ones(1, np.float32), recipe.fingerprint), {})
    assert named() == [None, "carl", None]


def test_a_gallery_rebuilt_for_another_network_is_told_and_the_old_one_stays_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    recipe = replace(find_recipe("sface"), name="other", fingerprint="c" * 64, dimension=32)
    gallery = Gallery.open(tmp_path / "gallery", network=recipe.fingerprint, create=True)
    vectors = np.eye(1, 32, dtype=np.float32)
    gallery.add("ann", ("1.jpg",), vectors, np.ones(1, np.float32))
    naming = Naming(tmp_path / "gallery", None, recipe, MatchingSettings(agreeing_looks=1))
    with gallery.replacing("d" * 64, "newer") as put:
        put(PersonVectors("ann", ("1.jpg",), vectors, np.ones(1, np.float32), "d" * 64), {})
    assert not naming.refresh()
    assert "made with the network newer" in naming.problem
    assert naming.decide("door", vectors, np.ones(1, np.float32), NOT_YET).name == "ann"


def test_a_picture_poorer_than_any_that_scores_are_known_for_gets_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, str(tmp_path / "key"))
    recipe = find_recipe("sface")
    gallery = Gallery.open(tmp_path / "gallery", network=recipe.fingerprint, create=True)
    ann = np.full((1, recipe.dimension), 10.0 / np.sqrt(recipe.dimension), np.float32)
    gallery.add("ann", ("1.jpg",), ann, np.ones(1, np.float32))
    naming = Naming(tmp_path / "gallery", None, recipe, MatchingSettings(agreeing_looks=1))
    one = np.ones(1, np.float32)
    assert naming.decide("door", ann, one, NOT_YET).name == "ann"
    poor = naming.decide("door", ann / 3, one, NOT_YET)
    assert (poor.state, poor.name) == (State.UNCERTAIN, None)
    assert "poorer than any" in poor.reason
    assert "poorer than any" in naming.alone("door", ann[0] / 3).reason
    both = naming.decide("door", np.concatenate([ann / 3, ann]), np.ones(2, np.float32), NOT_YET)
    assert both.name == "ann", "the clear look decides"
