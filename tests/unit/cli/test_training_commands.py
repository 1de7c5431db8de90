import importlib.util
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_features import make_features

from twinface.corrections import Correction, CorrectionKind, add_corrections
from twinface.gallery import Gallery, PersonVectors, box_key, person_path, read_person, write_features
from twinface.matching import load_head

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
        "train", "--features", features, "--output", tmp_path / "head", "--recipe", "seed", "--epochs", 2, "--hidden", 8
    )
    assert code == 0
    assert "9 pictures of 3 people" in out
    assert "too few people to measure on" in out
    assert "2 of 2: " in err
    about = json.loads((tmp_path / "head/head.json").read_text())
    assert about["recipe"] == {"name": "seed"}
    assert [layer["units"] for layer in about["layers"]] == [8, 1]


def test_train_measures_next_to_cosine_and_warns(twinface: Run, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    people = [
        PersonVectors(
            f"{n:02}", ("1", "2", "3"), rng.normal(size=(3, 8)).astype(np.float32), np.ones(3, np.float32), "n"
        )
        for n in range(40)
    ]
    write_features(tmp_path / "noise", people)
    code, out, err = twinface("train", "--features", tmp_path / "noise", "--output", tmp_path / "head")
    assert code == 0
    assert "on 8 people held out, 24 pairs of the same person" in out
    assert "  cosine  AUC" in out
    told = json.loads((tmp_path / "head/head.json").read_text())["validation"]
    better = told["head"]["eer"] < told["cosine"]["eer"]
    assert ("warning: on people it has not seen this head is no better than plain cosine" in err) != better
    code, out, _ = twinface("train", "--features", tmp_path / "noise", "--output", tmp_path / "head", "--json")
    assert json.loads(out)["head"] == told["head"]


def test_figures_of_two_people_held_out_have_no_interval(twinface: Run, tmp_path: Path) -> None:
    features, output = make_features(tmp_path / "features", 10, ["1", "2", "3"]), tmp_path / "head"
    code, out, _ = twinface("train", "--features", features, "--output", output, "--start", "none")
    assert code == 0
    assert "on 2 people held out" in out
    assert "%, 2 people: no interval" in out
    assert "confidence" not in out
    report = json.loads(twinface("train", "--features", features, "--output", output, "--start", "none", "--json")[1])
    assert report["no_interval"] == "2 people: no interval"
    told = json.loads((output / "head.json").read_text())["validation"]["head_less_cosine"]["eer"]
    for difference in (report["differences"]["eer"], told):
        assert (difference["interval"], difference["people"]) == (None, 2)


def test_rejected_faces_are_hard_negatives_of_the_next_train(twinface: Run, features: Path, tmp_path: Path) -> None:
    network = "n" * 64
    gallery = Gallery.open(tmp_path / "gallery", network=network, create=True)
    ada, bob = (read_person(person_path(features, name), box_key()).vectors for name in ("ada", "bob"))
    face = (0.7 * ada[0] + 0.3 * bob[0]).astype(np.float32)
    told = [
        Correction(CorrectionKind.REJECT, name, face, network, 1.0, "door/1", None, 1) for name in ("ada", "nobody")
    ]
    add_corrections(gallery.folder, told)
    heads = []
    for corrections in ("nowhere", "gallery"):
        output = tmp_path / f"head-{corrections}"
        arguments = ("--output", output, "--start", "none", "--corrections", tmp_path / corrections)
        code, out, _ = twinface("train", "--features", features, *arguments)
        assert code == 0
        assert ("rejected faces as hard negatives: 1" in out) == (corrections == "gallery")
        heads.append(load_head(output, network))
    before, after = (head.score_pairs(face[np.newaxis], ada[:1])[0] for head in heads)
    assert after < before


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("train", "--features", "nowhere", "--output", "head"), "no such folder"),
        (("train", "--features", "features", "--output", "head", "--recipe", "seed", "--normalize"), "run `twinface"),
        (("train", "--features", "features", "--output", "head", "--normalize"), "give --architecture linear or mlp"),
        (("train", "--features", "features", "--output", "head", "--architecture", "cnn"), "plda, linear, mlp"),
        (("train", "--features", "features", "--output", "head", "--recipe", "other"), "expected seed"),
        (("train", "--features", "features", "--output", "head", "--start", "nowhere"), "no such folder"),
        (("train", "--features", "features", "--output", "head", "--hidden", "a,b"), "--hidden a,b"),
        (("train", "--features", "features", "--output", "head", "--negatives", "0"), "--negatives"),
        (("retrain", "--architecture", "cnn"), "cnn: expected plda, linear, mlp, seed"),
        (("rollback", "--head", "nowhere"), "no such folder"),
        (("stats", "--features", "nowhere"), "no such folder"),
        (("network", "--output", "n", "--name", "n", "--pooling", "max"), "--pooling max"),
        (("distill", "--output", "run"), "--minutes or --steps"),
        (("distill", "--output", "run", "--minutes", "1", "--steps", "1"), "exclude each other"),
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
    code, _, err = twinface("train", "--features", features, "--output", tmp_path / "head", "--architecture", "mlp")
    assert code == 2
    assert "pip install 'twinface[train]'" in err
    assert len(err.splitlines()) == 1
