import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from twinface.errors import ArtefactError, InputError
from twinface.gallery import PersonVectors, write_features
from twinface.matching import load_head
from twinface.training.feature_table import compute_statistics, read_table
from twinface.training.head_data import split_people
from twinface.training.head_options import TrainOptions
from twinface.training.train_head import train_head

pytestmark = pytest.mark.training
pytest.importorskip("tensorflow")

MakeFeatures = Callable[..., Path]
QUICK = TrainOptions(epochs=3, hidden=(32, 8), dropout=(0.2,), batch=128)


@pytest.mark.parametrize("normalize", [False, True])
def test_a_head_beats_chance_and_runs_without_tensorflow(
    make_features: MakeFeatures, tmp_path: Path, normalize: bool
) -> None:
    features = make_features(people=20, pictures=6)
    compute_statistics(features)
    seen = []
    options = TrainOptions(epochs=8, hidden=(32, 8), dropout=(0.2,), batch=128, normalize=normalize)
    report = train_head(features, tmp_path / "head", options, lambda epoch, figures: seen.append((epoch, figures)))

    assert [epoch for epoch, _ in seen] == list(range(1, 9))
    assert seen[-1][1]["loss"] < seen[0][1]["loss"]
    assert (report.people, report.pictures, report.validation_people) == (20, 120, 4)
    assert report.pairs_per_epoch == 16 * 15 * 5 // 2
    assert report.head is not None
    assert report.cosine is not None
    assert report.head.auc > 0.9
    assert report.cosine.auc > 0.95

    table = read_table(features)
    a, b = table.vectors[:40], table.vectors[40:80]
    assert load_head(tmp_path / "head", table.network).score_pairs(a, b) == pytest.approx(
        keras_scores(tmp_path / "head", a, b), abs=1e-5
    )


def keras_scores(folder: Path, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """What head.keras says of pairs, by the normalisation that head.json names."""
    import keras

    if json.loads((folder / "head.json").read_text())["normalisation"]["vectors"] == "l2":
        a, b = (part / np.linalg.norm(part, axis=1, keepdims=True) for part in (a, b))
        differences = np.abs(a - b)
    else:
        with np.load(folder / "head.npz") as arrays:
            differences = np.abs(a - b) / arrays["deviation"]
    return np.asarray(keras.saving.load_model(folder / "head.keras").predict_on_batch(differences))[:, 0]


def test_the_same_seed_gives_the_same_head(make_features: MakeFeatures, tmp_path: Path) -> None:
    features = make_features(people=8, pictures=4)
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        train_head(features, tmp_path / name, TrainOptions(epochs=2, hidden=(16,), dropout=(0.5,), batch=64, seed=seed))
    one, again, other = (np.load(tmp_path / name / "head.npz") for name in ("one", "again", "other"))
    assert all(np.array_equal(one[name], again[name]) for name in one.files)
    assert not np.array_equal(one["w0"], other["w0"])
    assert (tmp_path / "one/head.json").read_bytes() == (tmp_path / "again/head.json").read_bytes()
    assert (tmp_path / "one/history.json").read_bytes() == (tmp_path / "again/history.json").read_bytes()


def test_a_users_own_model_runs_without_tensorflow(
    make_features: MakeFeatures, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my_model.py").write_text(
        "import keras\n"
        "def create_model(inputs):\n"
        "    xin = keras.Input(inputs)\n"
        "    x = keras.layers.Dense(8, activation='gelu')(xin)\n"
        "    return keras.Model(xin, keras.layers.Dense(1, activation='sigmoid')(x))\n"
        "def two_numbers(inputs):\n"
        "    xin = keras.Input(inputs)\n"
        "    return keras.Model(xin, keras.layers.Dense(2)(xin))\n"
    )
    monkeypatch.chdir(tmp_path)
    features = make_features(people=8, pictures=4)
    train_head(features, tmp_path / "head", TrainOptions(epochs=2, batch=64, model_function="my_model:create_model"))
    table = read_table(features)
    a, b = table.vectors[:10], table.vectors[10:20]
    scores = load_head(tmp_path / "head", table.network).score_pairs(a, b)
    assert scores == pytest.approx(keras_scores(tmp_path / "head", a, b), abs=1e-5)

    for wrong, reason in (
        ("my_model:nothing", "nothing"),
        ("no_such_module:f", "no_such_module"),
        ("my_model:two_numbers", r"\(None, 16\) to \(None, 1\)"),
        ("json:dumps", "keras.Model"),
    ):
        with pytest.raises(InputError, match=reason):
            train_head(features, tmp_path / "head", TrainOptions(model_function=wrong))
    assert load_head(tmp_path / "head", table.network).score_pairs(a, b) == pytest.approx(scores)


def test_too_little_to_learn_from(make_features: MakeFeatures, tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="at least two people"):
        train_head(make_features(people=1, pictures=4, name="one"), tmp_path / "head", QUICK)
    with pytest.raises(ArtefactError, match="nobody has two pictures"):
        train_head(make_features(people=4, pictures=1, name="single"), tmp_path / "head", QUICK)
    assert not (tmp_path / "head").exists()


def test_two_people_are_enough_but_not_measured(make_features: MakeFeatures, tmp_path: Path) -> None:
    report = train_head(make_features(people=2, pictures=3), tmp_path / "head", QUICK)
    assert (report.head, report.cosine, report.validation_people) == (None, None, 0)
    assert json.loads((tmp_path / "head/head.json").read_text())["thresholds"] == {}


def test_numbers_that_never_differ_do_no_harm(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    people = []
    for person in range(6):
        vectors = np.zeros((4, 8), np.float32)
        vectors[:, :6] = rng.normal(size=6) + 0.3 * rng.normal(size=(4, 6))
        people.append(PersonVectors(str(person), tuple("abcd"), vectors, np.ones(4, np.float32), "n"))
    write_features(tmp_path / "features", people)
    compute_statistics(tmp_path / "features")
    train_head(
        tmp_path / "features", tmp_path / "head", TrainOptions(epochs=1, hidden=(4,), dropout=(), normalize=True)
    )
    scores = load_head(tmp_path / "head", "n").score_pairs(people[0].vectors, people[1].vectors)
    assert np.isfinite(scores).all()


@pytest.mark.parametrize(
    "options",
    [
        TrainOptions(epochs=0),
        TrainOptions(negatives=0),
        TrainOptions(hidden=(0,), dropout=()),
        TrainOptions(dropout=(1.0,)),
        TrainOptions(hidden=(8,), dropout=(0.1, 0.1)),
    ],
)
def test_options_that_make_no_sense(make_features: MakeFeatures, tmp_path: Path, options: TrainOptions) -> None:
    with pytest.raises(InputError, match="--"):
        train_head(make_features(people=4, pictures=2), tmp_path / "head", options)


def test_the_split_shares_nobody_and_is_seeded(make_features: MakeFeatures) -> None:
    table = read_table(make_features(people=20, pictures=2))
    learnt, held_out = split_people(table, seed=1)
    assert held_out is not None
    assert set(learnt.names) | set(held_out.names) == set(table.names)
    assert not set(learnt.names) & set(held_out.names)
    again, other = split_people(table, seed=1)[1], split_people(table, seed=2)[1]
    assert again is not None
    assert other is not None
    assert again.names == held_out.names != other.names
