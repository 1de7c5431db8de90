import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twinface.gallery import PersonVectors, write_features

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def features(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TWINFACE_KEY_FILE", str(tmp_path / "key"))
    rng = np.random.default_rng(0)
    people = []
    for name in ("ada", "bob", "eve"):
        vectors = (rng.normal(size=8) + 0.2 * rng.normal(size=(3, 8))).astype(np.float32)
        people.append(PersonVectors(name, ("1", "2", "3"), vectors, np.ones(3, np.float32), "n" * 64))
    write_features(tmp_path / "features", people)
    return tmp_path / "features"


def test_stats_prints_what_it_writes(twinface: Run, features: Path) -> None:
    code, out, _ = twinface("stats", "--features", features)
    written = json.loads((features / "stats.json").read_text())
    assert code == 0
    assert "9 vectors of 8 numbers" in out
    assert f"mean {np.mean(written['mean']):.6g}" in out
    assert f"standard deviation {np.mean(written['deviation']):.6g}" in out


@pytest.mark.training
def test_train_says_what_came_of_it(twinface: Run, features: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    code, out, err = twinface(
        "train", "--features", features, "--output", tmp_path / "head", "--epochs", 2, "--hidden", "8", "--dropout", "0"
    )
    assert code == 0
    assert "9 pictures of 3 people" in out
    assert "too few people to hold some out" in out
    assert "epoch 2: " in err
    assert json.loads((tmp_path / "head/head.json").read_text())["recipe"] == {"hidden": [8], "dropout": [0.0]}


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("train", "--features", "nowhere", "--output", "head"), "no such folder"),
        (("train", "--features", "features", "--output", "head", "--normalize"), "run `twinface stats"),
        (("train", "--features", "features", "--output", "head", "--hidden", "a,b"), "--hidden a,b"),
        (("train", "--features", "features", "--output", "head", "--negatives", "0"), "--negatives"),
        (("stats", "--features", "nowhere"), "no such folder"),
        (("network", "--output", "n", "--name", "n", "--pooling", "max"), "--pooling max"),
        (("distill", "--output", "run"), "--minutes or --steps"),
        (("distill", "--output", "run", "--minutes", "1", "--steps", "1"), "exclude each other"),
        (("distill", "--output", "run", "--steps", "1", "--depth", "3,4"), "four numbers"),
        (("distill", "--output", "run", "--steps", "1", "--depth", "9,1,1,1"), "3,4,6,2"),
    ],
)
def test_mistakes_are_one_line_and_code_2(
    twinface: Run, features: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], reason: str
) -> None:
    monkeypatch.chdir(features.parent)
    code, out, err = twinface(*arguments)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert err.startswith("twinface: ")
    assert reason in err


def test_without_the_train_extra_it_says_what_to_install(
    twinface: Run, features: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_spec = importlib.util.find_spec

    def without_tensorflow(name: str, package: str | None = None) -> object:
        return None if name in {"keras", "tensorflow"} else find_spec(name, package)

    monkeypatch.setattr("importlib.util.find_spec", without_tensorflow)
    code, _, err = twinface("train", "--features", features, "--output", tmp_path / "head")
    assert code == 2
    assert "pip install 'twinface[train]'" in err
    assert len(err.splitlines()) == 1
